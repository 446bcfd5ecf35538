"""watch: look → announce."""

from __future__ import annotations

from collections.abc import Sequence

from flows.process import process
from ratchet.adapters.run import looking
from ratchet.domain.operations.triggers import Event
from tasks.monitoring.announce import announce
from tasks.monitoring.look import look


@process()
def watch(workspace: str | None = None) -> Sequence[Event]:
    """Look at Git and the inbox, and announce what is new; other flows answer the events.

    Args:
        workspace: The folder to look from; empty for the one that the worker serves.
    """
    with looking(workspace) as settings:
        return announce(settings, look(settings))
