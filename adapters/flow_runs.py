"""The run on the Prefect server: its slot, its name, and the queued runs that it makes needless."""

from __future__ import annotations

import base64
import contextlib
from collections.abc import Iterator
from pathlib import Path
from uuid import UUID

from adapters.lock import LockHeld
from adapters.prefect import SLOT

PATIENCE_SECONDS = 6 * 3600.0
"""A run that a trigger started waits so long for one that a person started in a shell."""
LEASE_SECONDS = 60.0
"""A slot whose holder was killed is free again after this time."""


def by_service() -> bool:
    """Say whether this process carries out a deployment's run, with nobody at a terminal."""
    from prefect.runtime import deployment

    return deployment.id is not None


def patience() -> float:
    """Return for how many seconds the run waits for its turn: a person in a shell is told at once."""
    return PATIENCE_SECONDS if by_service() else 0


@contextlib.contextmanager
def slot(seconds: float) -> Iterator[None]:
    """Hold the one slot that all machines of a Prefect server share; without one there, everybody passes.

    Raises `LockHeld` when it is not free within that time. The server goes on without the run's lease being
    renewed, so that its own restart does not end a training.
    """
    from prefect.concurrency.sync import concurrency
    from prefect.context import FlowRunContext

    if FlowRunContext.get() is None:
        yield
        return
    held = contextlib.ExitStack()
    try:
        held.enter_context(
            concurrency(
                SLOT,
                timeout_seconds=max(seconds, 1),
                lease_duration=LEASE_SECONDS,
                raise_on_lease_renewal_failure=False,
            )
        )
    except TimeoutError as error:
        raise LockHeld(
            "Another run of this Prefect server changes the fleet now, on this machine or another.",
            "Wait for its end; the Prefect pages show it.",
        ) from error
    with held:
        yield


def rename(name: str) -> None:
    """Give the run a name that says what and why; outside a run there is nothing to name."""
    from prefect.client.orchestration import get_client
    from prefect.runtime import flow_run

    if in_run():
        with get_client(sync_client=True) as client:
            client.update_flow_run(UUID(str(flow_run.id)), name=name)


def queued() -> list[UUID]:
    """Return the runs of this run's deployment that wait for their turn; those of a schedule's future not."""
    from prefect.client.orchestration import get_client
    from prefect.client.schemas import filters, objects
    from prefect.runtime import deployment, flow_run
    from prefect.types._datetime import now

    if deployment.id is None:
        return []
    with get_client(sync_client=True) as client:
        waiting = client.read_flow_runs(
            flow_run_filter=filters.FlowRunFilter(
                deployment_id=filters.FlowRunFilterDeploymentId(any_=[UUID(str(deployment.id))]),
                state=filters.FlowRunFilterState(
                    type=filters.FlowRunFilterStateType(any_=[objects.StateType.SCHEDULED])
                ),
                expected_start_time=filters.FlowRunFilterExpectedStartTime(before_=now("UTC")),
            )
        )
    return [run.id for run in waiting if str(run.id) != str(flow_run.id)]


def supersede(runs: list[UUID]) -> None:
    """Cancel queued runs whose work this run does."""
    from prefect.client.orchestration import get_client
    from prefect.client.schemas.objects import State
    from prefect.runtime import flow_run
    from prefect.states import Cancelled

    state: State[None] = Cancelled(name="Superseded", message=f"{flow_run.name} takes the newest data.")
    with get_client(sync_client=True) as client:
        for run in runs:
            client.set_flow_run_state(run, state)


def show_text(key: str, title: str, text: str) -> None:
    """Put Markdown on the run's page; an artifact of the same key is a later version of it."""
    from prefect.artifacts import create_markdown_artifact

    if in_run():
        create_markdown_artifact(f"# {title}\n\n{text}", key=key, description=title)


def show_table(key: str, title: str, rows: list[dict[str, str]]) -> None:
    """Put a table on the run's page."""
    from prefect.artifacts import create_table_artifact

    if in_run():
        create_table_artifact(rows, key=key, description=title)


def show_plot(key: str, title: str, plot: Path) -> None:
    """Put an SVG on the run's page, whole, so that it needs no web server of its own."""
    from prefect.artifacts import create_image_artifact

    if in_run():
        content = base64.b64encode(plot.read_bytes()).decode()
        create_image_artifact(f"data:image/svg+xml;base64,{content}", key=key, description=title)


def in_run() -> bool:
    """Say whether this is part of a flow's run."""
    from prefect.runtime import flow_run

    return flow_run.id is not None
