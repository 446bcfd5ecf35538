"""What the server remembers."""

from __future__ import annotations

import asyncio

import pytest
from rasa.shared.core.domain import Domain
from rasa.shared.core.trackers import DialogueStateTracker

from ratchet_bot.channel import memory, trackers
from ratchet_bot.tools._errors import ToolError


def test_replies_are_found_by_conversation_and_message() -> None:
    """The same message id in another conversation is another message."""

    async def scenario() -> None:
        replies = memory.MemoryReplies()
        await replies.put("anna", "1", {"messages": []})
        assert await replies.get("anna", "1") == {"messages": []}
        assert await replies.get("bert", "1") is None

    asyncio.run(scenario())


def test_replies_are_bounded_in_number_and_time() -> None:
    """The oldest go first, and none outlives its time."""

    async def scenario() -> None:
        few = memory.MemoryReplies(most=2)
        for number in range(3):
            await few.put("anna", str(number), {"n": number})
        assert [await few.get("anna", str(n)) for n in range(3)] == [None, {"n": 1}, {"n": 2}]
        brief = memory.MemoryReplies(seconds=0)
        await brief.put("anna", "1", {})
        assert await brief.get("anna", "1") is None

    asyncio.run(scenario())


def test_the_conversations_silent_for_longest_are_forgotten(monkeypatch: pytest.MonkeyPatch) -> None:
    """Memory does not grow with the number of people."""
    monkeypatch.setattr(trackers, "MOST_CONVERSATIONS", 2)

    async def scenario() -> None:
        store = trackers.MemoryTrackers(Domain.empty())
        for sender in ("anna", "bert", "anna", "carl"):
            await store.save(DialogueStateTracker(sender, []))
        assert list(await store.keys()) == ["anna", "carl"]

    asyncio.run(scenario())


def test_redis_is_used_for_trackers_and_locks_alike() -> None:
    """Several replicas share conversations only if they share both."""
    found = memory.endpoints("rediss://me:secret@cache:6380/2")
    assert found.tracker_store.type.endswith(".RedisTrackers")
    assert found.lock_store.type == "redis"
    for endpoint in (found.tracker_store, found.lock_store):
        assert endpoint.url == "cache"
        assert endpoint.kwargs["port"] == 6380
        assert endpoint.kwargs["db"] == 2
        assert endpoint.kwargs["username"] == "me"
        assert endpoint.kwargs["use_ssl"] is True


def test_a_wrong_redis_address_is_refused() -> None:
    """The error says how one is written."""
    with pytest.raises(ToolError, match="redis://"):
        memory.endpoints("cache:6379")
