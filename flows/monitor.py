"""monitor: observe → assess → alert → cool."""

from __future__ import annotations

from collections.abc import Sequence

from flows.process import process
from ratchet.adapters.monitoring.monitor import on_watch
from ratchet.domain.operations.incidents import Alert
from tasks.monitoring.alert import alert
from tasks.monitoring.assess import assess
from tasks.monitoring.cool import cool
from tasks.monitoring.observe import observe


@process()
def monitor(workspace: str | None = None) -> Sequence[Alert]:
    """Look at fleet, traffic, registry and schedule, and tell people what begins to be wrong and what is over.

    A release that was kept warm, and whose time is over, is ended.

    Args:
        workspace: The folder to look at; empty for the one that the worker serves.
    """
    with on_watch(workspace) as settings:
        told = alert(settings, assess(settings, observe(settings)))
        cool.after(told)(settings)
        return told


def once(workspace: str | None = None) -> Sequence[Alert]:
    """The same steps without a Prefect server: from cron, and when it is the scheduler that died."""
    with on_watch(workspace) as settings:
        told = alert.fn(settings, assess.fn(settings, observe.fn(settings)))
        cool.fn(settings)
        return told
