"""The run on the Prefect server: its slot, its name, and the queued runs that it makes needless.

A server that is just being restarted is waited for: a run goes on without it.
"""

from __future__ import annotations

import base64
import contextlib
from collections.abc import Iterator
from contextvars import ContextVar
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar, cast
from uuid import UUID

from ratchet.adapters.prefect.client import ask, through_restarts
from ratchet.adapters.system.lock import LockHeld

if TYPE_CHECKING:
    from prefect.client.schemas.objects import State

PATIENCE_SECONDS = 6 * 3600.0
"""A run that a trigger started waits so long for one that a person started in a shell."""
LEASE_SECONDS = 60.0
"""A slot whose holder was killed is free again after this time."""
LEAST_SECONDS = 10.0
"""A run that does not wait for others gives a busy server this time to answer: a slow answer is no holder."""

T = TypeVar("T")


def in_run() -> bool:
    """Say whether this is part of a flow's run."""
    from prefect.runtime import flow_run

    return flow_run.id is not None


def by_service() -> bool:
    """Say whether this process carries out a deployment's run, with nobody at a terminal."""
    from prefect.runtime import deployment

    return deployment.id is not None


def patience() -> float:
    """Return for how many seconds the run waits for its turn: a person in a shell is told at once."""
    return PATIENCE_SECONDS if by_service() else 0


@contextlib.contextmanager
def slot(name: str, seconds: float) -> Iterator[None]:
    """Hold the one slot that all machines of a workspace share; without one on the server, everybody passes.

    Raises `LockHeld` when it is not free within that time. The run goes on when the server no longer renews
    its lease, so that a restart of the server does not end a training.
    """
    from prefect.concurrency.sync import concurrency

    if not in_run():
        yield
        return
    with contextlib.ExitStack() as held:

        def acquire() -> None:
            held.enter_context(
                concurrency(
                    name,
                    timeout_seconds=max(seconds, LEAST_SECONDS),
                    lease_duration=LEASE_SECONDS,
                    raise_on_lease_renewal_failure=False,
                )
            )

        try:
            through_restarts(acquire)
        except TimeoutError as error:
            raise LockHeld(
                "Another run of this workspace changes the fleet now, on this machine or another.",
                "Wait for its end; the Prefect pages show it.",
            ) from error
        yield


def rename(name: str) -> None:
    """Give the run a name that says what and why; outside a run there is nothing to name."""
    from prefect.runtime import flow_run

    if in_run():
        ask(lambda client: client.update_flow_run(UUID(str(flow_run.id)), name=name))


values: ContextVar[list[Any] | None] = ContextVar("values", default=None)
"""Where the caller of a flow keeps what its run returned."""


def ended(outcome: str, value: T) -> T:
    """Let the run end in a completed state named by what came of it; whoever called the flow gets the value."""
    from prefect.states import Completed

    if (kept := values.get()) is not None:
        kept.append(value)
    return cast(T, Completed(name=outcome, data=value)) if in_run() else value


def queued() -> list[UUID]:
    """Return the runs of this run's deployment that wait for their turn; those of a schedule's future not."""
    from prefect.client.schemas import filters, objects
    from prefect.runtime import deployment, flow_run
    from prefect.types._datetime import now

    if deployment.id is None:
        return []
    scheduled = filters.FlowRunFilterStateType(any_=[objects.StateType.SCHEDULED])
    wanted = filters.FlowRunFilter(
        deployment_id=filters.FlowRunFilterDeploymentId(any_=[UUID(str(deployment.id))]),
        state=filters.FlowRunFilterState(type=scheduled),
        expected_start_time=filters.FlowRunFilterExpectedStartTime(before_=now("UTC")),
    )
    waiting = ask(lambda client: client.read_flow_runs(flow_run_filter=wanted))
    return [run.id for run in waiting if str(run.id) != str(flow_run.id)]


def supersede(runs: list[UUID]) -> None:
    """Cancel queued runs whose work this run does."""
    from prefect.runtime import flow_run
    from prefect.states import Cancelled

    state: State[None] = Cancelled(name="Superseded", message=f"{flow_run.name} takes the newest data.")
    ask(lambda client: [client.set_flow_run_state(run, state) for run in runs])


def show_text(key: str, title: str, text: str) -> None:
    """Put Markdown on the run's page; an artifact of the same key is a later version of it."""
    from prefect.artifacts import create_markdown_artifact

    if in_run():
        content = f"# {title}\n\n{text}"
        through_restarts(lambda: create_markdown_artifact(content, key=key, description=title))


def show_table(key: str, title: str, rows: list[dict[str, str]]) -> None:
    """Put a table on the run's page."""
    from prefect.artifacts import create_table_artifact

    if in_run():
        through_restarts(lambda: create_table_artifact(rows, key=key, description=title))


def show_plot(key: str, title: str, plot: Path) -> None:
    """Put an SVG on the run's page, whole, so that it needs no web server of its own."""
    from prefect.artifacts import create_image_artifact

    if in_run():
        url = f"data:image/svg+xml;base64,{base64.b64encode(plot.read_bytes()).decode()}"
        through_restarts(lambda: create_image_artifact(url, key=key, description=title))
