"""How a verb becomes a Prefect task that says its name, its duration and one line of result."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterable, Mapping
from functools import wraps
from typing import Any, ParamSpec, TypeVar, cast

from prefect import Task
from prefect.cache_policies import NO_CACHE
from prefect.exceptions import MissingContextError
from prefect.logging import get_run_logger
from prefect.utilities.annotations import opaque

from ratchet.adapters.registry.attempts import going_on
from ratchet.adapters.system import console

P = ParamSpec("P")
R = TypeVar("R")


class Step(Task[P, R]):
    """A task that depends on the results it is given, one arrow in the run's graph for each.

    Prefect would also search the inside of each value: a case holds a corpus, which an earlier step returned, and
    each step that is given the case would get an arrow from that one too, and the graph could not be read.
    """

    def __call__(self, *args: P.args, **kwargs: P.kwargs) -> R:  # type: ignore[override]
        return self._call(args, kwargs)

    def after(self, *before: object) -> Callable[P, R]:
        """Return the step as one that waits for others besides those whose results it takes; None is no step."""

        def call(*args: P.args, **kwargs: P.kwargs) -> R:
            return self._call(args, kwargs, [one for one in before if one is not None])

        return call

    def _call(self, args: Iterable[Any], kwargs: Mapping[str, Any], before: list[object] | None = None) -> R:
        named = {name: opaque(value) for name, value in kwargs.items()}
        call = cast(Callable[..., R], super().__call__)
        return call(*map(opaque, args), wait_for=before or None, **named)


def step(describe: Callable[[Any], str], **options: Any) -> Callable[[Callable[P, R]], Step[P, R]]:
    """Make a function a task; `describe` turns its result into the line that people read.

    Results stay in memory: what has to outlive a run is stored under a name made of its content (data
    revision, fingerprint, digest), so that the next run finds it whichever process made it.
    """

    def decorate(function: Callable[P, R]) -> Step[P, R]:
        @wraps(function)
        def shown(*args: P.args, **kwargs: P.kwargs) -> R:
            if attempt := going_on.get():
                attempt.at(function.__name__)
            with console.step(function.__name__) as line:
                try:
                    result = function(*args, **kwargs)
                except Exception:
                    line.result = "failed"
                    raise
                line.result = describe(result)
            log(f"{function.__name__}: {line.result} ({line.seconds:.1f} s)")
            return result

        settings = {"cache_policy": NO_CACHE, "persist_result": False, "log_prints": False, **options}
        return Step(shown, name=function.__name__, **settings)

    return decorate


def say(text: str) -> None:
    """Note what the running step is doing, in the run's log and in the terminal's moving line."""
    console.progress(text)
    log(text)


def note(text: str) -> None:
    """Say something that no one may miss: in the run's log, and in the terminal also where output is piped."""
    console.note(text)
    log(text)


def log(text: str) -> None:
    """Write to the run's log; outside a run there is none."""
    with contextlib.suppress(MissingContextError):
        get_run_logger().info(text)
