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


def test_redis_is_used_for_all_alike() -> None:
    """Several replicas share conversations only if they share conversations, locks and replies."""
    found = memory.make("rediss://me:se%40cret@cache:6380/2")
    for part in (found.trackers, found.locks, found.replies):
        assert part._redis is found.store.redis
    pool = found.store.redis.connection_pool
    assert pool.connection_class.__name__ == "SSLConnection"
    asked = {key: pool.connection_kwargs[key] for key in ("host", "port", "db", "username", "password")}
    assert asked == {"host": "cache", "port": 6380, "db": 2, "username": "me", "password": "se@cret"}


@pytest.mark.parametrize(
    "url", ["cache:6379", "http://cache", "redis://", "redis://me:secret@cache:port/0", "redis://cache/name"]
)
def test_a_wrong_redis_address_is_refused(url: str) -> None:
    """The error says how one is written, and repeats no password."""
    with pytest.raises(ToolError, match="redis://") as refused:
        memory.make(url)
    assert "secret" not in str(refused.value)


def test_the_address_in_logs_has_no_password() -> None:
    """Nor what follows the database."""
    url = "rediss://me:secret@cache/2?password=secret"
    assert memory.make(url).store.address == "rediss://me@cache:6379/2"
    assert memory.make("redis://:secret@cache:1").store.address == "redis://cache:1/0"
