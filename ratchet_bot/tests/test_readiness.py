"""Whether a replica can answer."""

from __future__ import annotations

import asyncio
import threading
from dataclasses import dataclass, field

import pytest
from redis import exceptions

from ratchet_bot.channel import readiness
from ratchet_bot.channel.readiness import Condition, Pulse, why_not
from ratchet_bot.channel.store import Store
from ratchet_bot.tools._errors import ToolError
from ratchet_bot.tools.serve import _seconds


def says(name: str, fault: str) -> Condition:
    """A condition that always says the same."""

    async def ask() -> str:
        return fault

    return Condition(name, ask)


def test_each_condition_that_fails_is_named() -> None:
    """Ready is who has no reason against it."""
    assert asyncio.run(why_not([])) == ""
    assert asyncio.run(why_not([says("model", ""), says("store", "")])) == ""
    why = asyncio.run(why_not([says("model", ""), says("store", "gone"), says("weights", "not there yet")]))
    assert why == "store: gone; weights: not there yet"


@dataclass
class Agent:
    """Stands for Rasa's."""

    ready: bool

    def is_ready(self) -> bool:
        return self.ready


def test_a_model_and_a_store_that_answers_make_a_replica_ready() -> None:
    """In memory the store always answers. The reason has Redis's own words and its address, without the password."""
    assert asyncio.run(why_not(readiness.conditions(Agent(True), None))) == ""
    assert asyncio.run(why_not(readiness.conditions(Agent(False), None))) == "model: none is loaded"
    store = Store("redis://me:secret@127.0.0.1:1/2")
    why = asyncio.run(why_not(readiness.conditions(Agent(True), store)))
    assert why.startswith("conversation store: ")
    assert "refused" in why
    assert why.endswith("(redis://me@127.0.0.1:1/2)")
    assert "secret" not in why


@dataclass
class Slow:
    """Stands for a Redis that answers when `free` is set; knows how often it was asked."""

    free: threading.Event = field(default_factory=threading.Event)
    fault: Exception | None = None
    asked: int = 0

    def delete(self, key: str) -> int:
        self.asked += 1
        assert self.free.wait(timeout=30)
        if self.fault:
            raise self.fault
        return 0


def pulse(redis: Slow) -> Pulse:
    made = Pulse("redis://127.0.0.1:1/0", "redis://cache:6379/0")
    made._redis = redis
    return made


def test_a_silent_redis_is_asked_once_at_a_time(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever asks meanwhile gets an answer all the same, and the loop serves others."""
    monkeypatch.setattr(readiness, "LIMIT_SECONDS", 0.05)
    monkeypatch.setattr(readiness, "FRESH_SECONDS", 0.0)

    async def scenario() -> None:
        redis = Slow()
        asked = pulse(redis)
        others = asyncio.ensure_future(asyncio.sleep(0))
        faults = await asyncio.gather(*(asked.fault() for _ in range(20)))
        assert others.done()
        assert set(faults) == {"no answer within 0.05 s (redis://cache:6379/0)"}
        assert await asked.fault()
        assert redis.asked == 1
        redis.free.set()
        while await asked.fault():
            await asyncio.sleep(0.01)
        assert redis.asked == 1  # its late answer
        assert await asked.fault() == ""
        assert redis.asked == 2

    asyncio.run(scenario())


def test_an_answer_holds_for_a_moment(monkeypatch: pytest.MonkeyPatch) -> None:
    """Proxies and the engine ask each replica several times a second; Redis is not asked for each."""
    monkeypatch.setattr(readiness, "FRESH_SECONDS", 3600.0)

    async def scenario() -> None:
        redis = Slow(fault=exceptions.BusyLoadingError("Redis is loading.\nSecond line"))
        redis.free.set()
        asked = pulse(redis)
        for _ in range(10):
            assert await asked.fault() == "Redis is loading (redis://cache:6379/0)"
        assert redis.asked == 1

    asyncio.run(scenario())


@pytest.mark.parametrize("said", ["soon", "-1", "inf", "nan"])
def test_a_patience_that_is_no_time_is_refused(said: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """With its name; nothing and an empty text mean the default."""
    monkeypatch.setenv("RATCHET_STORE_PATIENCE", said)
    with pytest.raises(ToolError, match="RATCHET_STORE_PATIENCE"):
        _seconds("RATCHET_STORE_PATIENCE", 5.0)
    monkeypatch.setenv("RATCHET_STORE_PATIENCE", "")
    assert _seconds("RATCHET_STORE_PATIENCE", 5.0) == 5.0
    monkeypatch.setenv("RATCHET_STORE_PATIENCE", "0.5")
    assert _seconds("RATCHET_STORE_PATIENCE", 5.0) == 0.5
