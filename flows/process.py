"""How a function becomes a Prefect flow whose runs carry the workspace's tag.

The tag distinguishes the workspace's own runs from others on a shared server, those started in a shell included. The
steps of a run carry none: before each tagged one Prefect asks its server for a free slot, which an embedded server
that just notes the end of the step before refuses as busy, and asks again only after two seconds.
"""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable
from types import FunctionType
from typing import Any, ParamSpec, TypeVar, cast

from prefect import Flow, tags
from prefect.context import TagsContext
from prefect.exceptions import MissingResult
from prefect.settings import PREFECT_FLOWS_HEARTBEAT_FREQUENCY, temporary_settings

from ratchet.adapters.prefect import flow_runs
from ratchet.adapters.prefect.server import scope_at
from ratchet.adapters.settings import root_of

P = ParamSpec("P")
R = TypeVar("R")
NO_HEARTBEAT = {PREFECT_FLOWS_HEARTBEAT_FREQUENCY: None}
"""Prefect's own, for whose thread a run waits up to a second at its end; `living` has one that stops at once."""
PLAIN = (str, int, float, bool, type(None))


class Process(Flow[P, R]):
    """A flow of a workspace; a run that a deployment starts has the tag from there."""

    def __call__(self, *args: P.args, **kwargs: P.kwargs) -> R:  # type: ignore[override]
        given = inspect.signature(self.fn).bind(*args, **kwargs).arguments
        kept: list[Any] = []
        token = flow_runs.values.set(kept)
        try:
            with tags(scope_at(root_of(given.get("workspace"))).tag), temporary_settings(NO_HEARTBEAT):
                return super().__call__(*args, **kwargs)
        except (
            MissingResult
        ):  # a busy server was told the state twice, and answers with it but without its value
            if not kept:
                raise
            return cast(R, kept[-1])
        finally:
            flow_runs.values.reset(token)

    def serialize_parameters(self, parameters: dict[str, Any]) -> dict[str, Any]:
        """Return the parameters as JSON has them; plain values are, and Prefect's way imports FastAPI to find out."""
        if all(isinstance(value, PLAIN) for value in parameters.values()):
            return dict(parameters)
        return super().serialize_parameters(parameters)


def process(**options: Any) -> Callable[[Callable[P, R]], Process[P, R]]:
    """Make a function a flow; `options` are those of Prefect's `flow`. Results stay in memory."""
    return lambda function: Process(living(function), persist_result=False, **options)


def living(function: Callable[P, R]) -> Callable[P, R]:
    """Let a run tell the server that its process lives, for as long as the function works; its steps have no tags."""
    alive, untagged = flow_runs.heartbeat, functools.partial(TagsContext, current_tags=set())

    def work(*args: P.args, **kwargs: P.kwargs) -> R:
        with alive(), untagged():
            return function(*args, **kwargs)

    # Prefect looks for the types that a function's annotations name among its globals.
    same = FunctionType(work.__code__, function.__globals__, closure=work.__closure__)
    return functools.wraps(function)(cast(Callable[P, R], same))
