"""Patience with a Redis that is away: what is repeated, for how long, and what is not."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

import pytest
from redis import exceptions

from ratchet_bot.channel import store
from ratchet_bot.channel.store import Store

NOWHERE = "redis://127.0.0.1:1/0"


def failing(*errors: Exception) -> tuple[Callable[[], Awaitable[str]], list[int]]:
    """An operation that fails with these errors, one after the other, and then is done; and its tries."""
    left, tries = list(errors), []

    async def operation() -> str:
        tries.append(1)
        if left:
            raise left.pop(0)
        return "done"

    return operation, tries


class There:
    """Stands for a Redis that is back."""

    def __init__(self, *errors: Exception) -> None:
        self.errors = list(errors)
        self.asked = 0

    async def delete(self, key: str) -> int:
        self.asked += 1
        if self.errors:
            raise self.errors.pop(0)
        return 0


def patient(redis: Any, patience: float = 60.0) -> Store:
    """A store with this Redis behind it."""
    made = Store(NOWHERE, patience)
    made.redis = redis
    return made


@pytest.mark.parametrize(
    "error",
    [
        exceptions.ConnectionError("Connection refused"),
        exceptions.ConnectionError("Name or service not known"),
        exceptions.TimeoutError("Timeout reading"),
        exceptions.BusyLoadingError("Redis is loading the dataset in memory"),
        exceptions.ReadOnlyError("You can't write against a read only replica."),
    ],
)
def test_what_meets_a_redis_that_is_away_is_done_when_it_is_back(
    error: Exception, caplog: pytest.LogCaptureFixture
) -> None:
    """However it is away, and for however many looks; the log says once that it went, and once that it is back."""
    operation, tries = failing(error, error)
    there = There(error, error, error)
    made = patient(there)
    assert asyncio.run(made.patiently(operation)) == "done"
    assert len(tries) == 3
    assert not made.away
    went, came = (record.message for record in caplog.records)
    assert went == f"the conversation store at {NOWHERE} is away: {error}"
    assert came == f"the conversation store at {NOWHERE} is back"


def test_all_who_wait_are_done_and_one_asks(monkeypatch: pytest.MonkeyPatch) -> None:
    """A hundred messages do not knock at a Redis that is just starting."""
    monkeypatch.setattr(store, "PAUSE_SECONDS", 0.0)
    gone = exceptions.ConnectionError("gone")
    there = There(*[gone] * 20)
    made, tries = patient(there), []

    async def operation() -> str:
        tries.append(1)
        if there.errors:
            raise gone
        return "done"

    async def scenario() -> list[str]:
        return await asyncio.gather(*(made.patiently(operation) for _ in range(100)))

    assert asyncio.run(scenario()) == ["done"] * 100
    assert there.asked == 21
    assert len(tries) == 101  # the first finds out for all


@pytest.mark.parametrize(
    "error",
    [
        exceptions.AuthenticationError("WRONGPASS"),
        exceptions.ResponseError("WRONGTYPE"),
        exceptions.NoPermissionError("NOPERM"),
        exceptions.OutOfMemoryError("OOM"),
    ],
)
def test_what_time_does_not_mend_is_raised_at_once(error: Exception) -> None:
    """The operation is tried once."""
    operation, tries = failing(error, error)
    with pytest.raises(type(error)):
        asyncio.run(patient(There()).patiently(operation))
    assert len(tries) == 1


def test_patience_ends(monkeypatch: pytest.MonkeyPatch) -> None:
    """Then the error is the operation's own; with a patience of 0 it is tried once."""
    gone = exceptions.ConnectionError("gone")
    for patience, least in ((0.0, 1), (0.2, 2)):
        operation, tries = failing(*[gone] * 10_000)
        with pytest.raises(exceptions.ConnectionError, match="gone"):
            asyncio.run(patient(There(*[gone] * 10_000), patience).patiently(operation))
        assert len(tries) >= least


def test_a_redis_that_is_back_but_refuses_is_not_waited_for() -> None:
    """The operation says what is wrong with it."""
    wrong = exceptions.NoPermissionError("NOPERM")
    operation, _ = failing(exceptions.ConnectionError("gone"), wrong)
    with pytest.raises(exceptions.NoPermissionError):
        asyncio.run(patient(There(wrong)).patiently(operation))
