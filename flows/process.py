"""How a function becomes a Prefect flow: its runs carry the workspace's tag, and errors say what to do.

The tag is how the workspace's own runs are told from others on a shared server, those started in a shell included.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable
from functools import wraps
from typing import Any, ParamSpec, TypeVar

from prefect import Flow, tags

from adapters.failures import explain
from adapters.prefect import scope
from adapters.settings import load_settings
from domain.errors import RatchetError

P = ParamSpec("P")
R = TypeVar("R")


class Process(Flow[P, R]):
    """A flow of a workspace; a run that a deployment starts has the tag from there."""

    def __call__(self, *args: P.args, **kwargs: P.kwargs) -> R:  # type: ignore[override]
        given = inspect.signature(self.fn).bind(*args, **kwargs).arguments
        with tags(scope(load_settings(given.get("workspace"))).tag):
            return super().__call__(*args, **kwargs)


def process(**options: Any) -> Callable[[Callable[P, R]], Process[P, R]]:
    """Make a function a flow; `options` are those of Prefect's `flow`. Results stay in memory."""

    def decorate(function: Callable[P, R]) -> Process[P, R]:
        @wraps(function)
        def told(*args: P.args, **kwargs: P.kwargs) -> R:
            try:
                return function(*args, **kwargs)
            except RatchetError:
                raise
            except Exception as error:
                said = explain(error)
                if said is None:
                    raise
                raise said from error

        return Process(told, persist_result=False, **options)

    return decorate
