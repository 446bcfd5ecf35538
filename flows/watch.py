"""watch: look → announce."""

from __future__ import annotations

from collections.abc import Sequence

from prefect import flow

from adapters.run import looking
from domain.triggers import Event
from tasks.announce import announce
from tasks.look import look


@flow(persist_result=False)
def watch(workspace: str | None = None) -> Sequence[Event]:
    """Look at Git and the inbox, and announce what is new; other flows answer the events.

    Args:
        workspace: The folder to look from; empty for the one that the worker serves.
    """
    with looking(workspace) as settings:
        return announce(settings, look(settings))
