"""monitor: observe → assess → alert."""

from __future__ import annotations

from collections.abc import Sequence

from flows.process import process
from ratchet.adapters.monitoring.monitor import on_watch
from ratchet.domain.operations.incidents import Alert
from tasks.monitoring.alert import alert
from tasks.monitoring.assess import assess
from tasks.monitoring.observe import observe


@process()
def monitor(workspace: str | None = None) -> Sequence[Alert]:
    """Look at fleet, traffic, registry and schedule, and tell people what begins to be wrong and what is over.

    Args:
        workspace: The folder to look at; empty for the one that the worker serves.
    """
    with on_watch(workspace) as settings:
        return alert(settings, assess(settings, observe(settings)))


def once(workspace: str | None = None) -> Sequence[Alert]:
    """The same steps without a Prefect server: from cron, and when it is the scheduler that died."""
    with on_watch(workspace) as settings:
        return alert.fn(settings, assess.fn(settings, observe.fn(settings)))
