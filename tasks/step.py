"""How a verb becomes a Prefect task that says its name, its duration and one line of result."""

from __future__ import annotations

import contextlib
from collections.abc import Callable
from functools import wraps
from typing import Any, ParamSpec, TypeVar

from prefect import task
from prefect.cache_policies import NO_CACHE
from prefect.exceptions import MissingContextError
from prefect.logging import get_run_logger

from ratchet.adapters.system import console

P = ParamSpec("P")
R = TypeVar("R")


def step(describe: Callable[[Any], str], **options: Any) -> Callable[[Callable[P, R]], Callable[P, R]]:
    """Make a function a task; `describe` turns its result into the line that people read.

    Results stay in memory: what has to outlive a run is stored under a name made of its content (data
    revision, fingerprint, digest), so that the next run finds it whichever process made it.
    """

    def decorate(function: Callable[P, R]) -> Callable[P, R]:
        @wraps(function)
        def shown(*args: P.args, **kwargs: P.kwargs) -> R:
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
        return task(shown, name=function.__name__, **settings)  # type: ignore[no-any-return, call-overload]

    return decorate


def say(text: str) -> None:
    """Note what the running step is doing, in the run's log and in the terminal's moving line."""
    console.progress(text)
    log(text)


def note(text: str) -> None:
    """Say something that nobody may miss: in the run's log, and in the terminal also where output is piped."""
    console.note(text)
    log(text)


def log(text: str) -> None:
    """Write to the run's log; outside a run there is none."""
    with contextlib.suppress(MissingContextError):
        get_run_logger().info(text)
