"""Replies that wait for a client: bounded in number and time, whoever does not come back for them."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from types import SimpleNamespace
from typing import Any, cast

import pytest

from ratchet_bot.channel import outbox
from ratchet_bot.channel.outbox import MemoryOutbox, RedisOutbox
from ratchet_bot.channel.store import Store


class Hashes:
    """A fake of the part of Redis that an outbox uses; a pipeline does at once what it is told."""

    def __init__(self) -> None:
        self.held: dict[str, dict[bytes, bytes]] = {}
        self.answers: list[Any] = []

    def pipeline(self, transaction: bool) -> Hashes:
        self.answers = []
        return self

    async def __aenter__(self) -> Hashes:
        return self

    async def __aexit__(self, *_: object) -> None:
        pass

    def hset(self, key: str, name: str, text: str) -> None:
        self.held.setdefault(key, {})[name.encode()] = text.encode()
        self.answers.append(1)

    def expire(self, key: str, seconds: int) -> None:
        self.answers.append(1)

    def hkeys(self, key: str) -> None:
        self.answers.append(list(self.held[key]))

    async def execute(self) -> list[Any]:
        return self.answers

    async def hdel(self, key: str, *names: Any) -> int:
        for name in names:
            self.held[key].pop(name if isinstance(name, bytes) else name.encode(), None)
        return len(names)

    async def hgetall(self, key: str) -> dict[bytes, bytes]:
        return dict(self.held.get(key, {}))


class Patient(SimpleNamespace):
    """A store whose Redis is there."""

    async def patiently(self, work: Callable[[], Awaitable[Any]]) -> Any:
        return await work()


def boxes() -> list[MemoryOutbox | RedisOutbox]:
    """Both kinds, empty."""
    return [MemoryOutbox(), RedisOutbox(cast("Store", Patient(redis=Hashes())))]


@pytest.mark.parametrize("box", boxes(), ids=["memory", "redis"])
def test_of_a_client_that_receives_nothing_the_newest_replies_are_kept(
    box: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """However many it asks for; and what one has received is gone."""
    monkeypatch.setattr(outbox, "MOST_REPLIES", 3)

    async def scenario() -> None:
        names = [await box.put("anna", {"n": number}) for number in range(6)]
        assert [reply["n"] for _, reply in await box.waiting("anna")] == [3, 4, 5]
        if isinstance(box, RedisOutbox):
            assert len(box._redis.held[box._key("anna")]) == 3
        await box.drop("anna", names[4])
        assert [reply["n"] for _, reply in await box.waiting("anna")] == [3, 5]

    asyncio.run(scenario())


def test_a_server_without_redis_forgets_what_nobody_comes_for() -> None:
    """When the next reply is kept: the memory holds the replies of some minutes."""

    async def scenario() -> None:
        box = MemoryOutbox()
        for person in ("anna", "bert"):
            name = await box.put(person, {})
            box._kept[person][name] = (float("-inf"), {})
        await box.put("bert", {})
        await box.put("carl", {})
        assert set(box._kept) == {"bert", "carl"}

    asyncio.run(scenario())
