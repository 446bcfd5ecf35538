"""A step depends on what it is given, and on nothing inside that."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import pytest
from prefect import Task
from prefect.utilities.annotations import opaque

from tasks.step import step


@dataclass(frozen=True)
class Held:
    """A value that holds another step's result."""

    inner: object


@step(str)
def verb(first: Held, second: int = 0) -> int:
    """Return the second."""
    return second


def test_a_step_shows_prefect_its_values_closed_and_waits_for_others(monkeypatch: pytest.MonkeyPatch) -> None:
    """Prefect looks for results in all that a value holds, unless it is closed; None is no step to wait for."""
    given: list[tuple[Any, Any]] = []
    monkeypatch.setattr(Task, "__call__", lambda self, *args, **kwargs: given.append((args, kwargs)))
    held, ready = Held(object()), "ready"
    verb(held, second=7)
    verb.after(ready, None)(held)
    (args, kwargs), (_, later) = given
    assert args == (opaque(held),)
    assert isinstance(args[0], opaque)
    assert kwargs == {"second": opaque(7), "wait_for": None}
    assert later == {"wait_for": [ready]}
    assert verb.fn(held, 3) == 3
