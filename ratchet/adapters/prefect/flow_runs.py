"""The run on the Prefect server: its slot, its name, and the queued runs that it makes needless.

A server that is just being restarted is waited for: a run continues without it.
"""

from __future__ import annotations

import base64
import contextlib
import contextvars
import threading
from collections.abc import Iterator
from contextvars import ContextVar
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar, cast
from uuid import UUID

from ratchet.adapters.prefect.client import ask, through_restarts
from ratchet.adapters.system.lock import LockHeld

if TYPE_CHECKING:
    from prefect.client.schemas.objects import FlowRun, State

PATIENCE_SECONDS = 6 * 3600.0
"""How long a run that a trigger started waits for one that a person started in a shell."""
LEASE_SECONDS = 60.0
"""A slot whose holder was killed is free again after this time."""
HEARTBEAT_SECONDS = 30.0
"""Three of them missing, a run counts as dead (deployments/automations.yaml)."""
LEAST_SECONDS = 10.0
"""A run that does not wait for others gives a busy server this time: a slow answer does not mean a taken slot."""

T = TypeVar("T")


def current() -> FlowRun | None:
    """Return the run that this is part of; asking `prefect.runtime` for it costs three requests."""
    from prefect.context import FlowRunContext

    context = FlowRunContext.get()
    return context.flow_run if context else None


def called() -> dict[str, str]:
    """Return the name of the `flow` and the id of the `run` that this is part of; nothing outside one."""
    from prefect.context import FlowRunContext

    context = FlowRunContext.get()
    if context is None or context.flow is None or context.flow_run is None:
        return {}
    return {"flow": context.flow.name, "run": str(context.flow_run.id)}


def by_service() -> bool:
    """Say whether a deployment's run is in progress, by its own flow or within another's, and no one watches it."""
    from prefect.runtime import deployment

    run = current()
    if run is None or (run.deployment_id is None and run.parent_task_run_id is None):
        return False
    return deployment.id is not None


def patience() -> float:
    """Return for how many seconds the run waits for its turn: a person in a shell is told at once."""
    return PATIENCE_SECONDS if by_service() else 0


@contextlib.contextmanager
def heartbeat() -> Iterator[None]:
    """Tell the server every 30 seconds that the run's process lives; one that says nothing is marked as crashed.

    Prefect's own heartbeat sleeps in whole seconds, and each run waits at its end for the last of them.
    """
    from prefect.events import emit_event

    if (run := current()) is None:
        yield
        return
    resource = {"prefect.resource.id": f"prefect.flow-run.{run.id}", "prefect.resource.name": run.name}
    names = {f"prefect.flow.{run.flow_id}": "flow", **{f"prefect.tag.{tag}": "tag" for tag in run.tags}}
    related = [{"prefect.resource.id": name, "prefect.resource.role": role} for name, role in names.items()]
    over = threading.Event()

    def beat() -> None:
        while not over.is_set():
            emit_event("prefect.flow-run.heartbeat", resource, related=related)
            over.wait(HEARTBEAT_SECONDS)

    thread = threading.Thread(target=contextvars.copy_context().run, args=(beat,), daemon=True)
    thread.start()
    try:
        yield
    finally:
        over.set()
        thread.join()


@contextlib.contextmanager
def slot(name: str, seconds: float) -> Iterator[None]:
    """Hold the one slot that all machines of a workspace share; without one on the server, every run passes.

    Raises `LockHeld` when it is not free within that time. The run continues when the server no longer renews
    its lease, so that a restart of the server does not end a training.
    """
    from prefect.concurrency.sync import concurrency

    if current() is None:
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
    if run := current():
        ask(lambda client: client.update_flow_run(run.id, name=name))


def page() -> str:
    """Return the address of the run's page, "" outside a run and where the server has no pages."""
    from prefect.utilities.urls import url_for

    run = current()
    return (url_for("flow-run", obj_id=run.id) or "") if run else ""


values: ContextVar[list[Any] | None] = ContextVar("values", default=None)
"""Where the caller of a flow keeps what its run returned."""


def ended(outcome: str, value: T, message: str | None = None) -> T:
    """Let the run end in a completed state named by what came of it; the flow's caller gets the value."""
    from prefect.states import Completed

    if (kept := values.get()) is not None:
        kept.append(value)
    return cast(T, Completed(name=outcome, data=value, message=message)) if current() else value


def queued() -> list[UUID]:
    """Return the runs of this run's deployment that wait for their turn; future scheduled ones are left out."""
    from prefect.client.schemas import filters, objects
    from prefect.types._datetime import now

    own = current()
    if own is None or own.deployment_id is None:
        return []
    scheduled = filters.FlowRunFilterStateType(any_=[objects.StateType.SCHEDULED])
    wanted = filters.FlowRunFilter(
        deployment_id=filters.FlowRunFilterDeploymentId(any_=[own.deployment_id]),
        state=filters.FlowRunFilterState(type=scheduled),
        expected_start_time=filters.FlowRunFilterExpectedStartTime(before_=now("UTC")),
    )
    waiting = ask(lambda client: client.read_flow_runs(flow_run_filter=wanted))
    return [run.id for run in waiting if run.id != own.id]


def supersede(runs: list[UUID]) -> None:
    """Cancel queued runs whose work this run does."""
    from prefect.states import Cancelled

    name = own.name if (own := current()) else "Another run"
    state: State[None] = Cancelled(name="Superseded", message=f"{name} takes the newest data.")
    ask(lambda client: [client.set_flow_run_state(run, state) for run in runs])


def show_text(key: str, title: str, text: str) -> None:
    """Put Markdown on the run's page; an artifact of the same key is a later version of it."""
    from prefect.artifacts import create_markdown_artifact

    if current():
        content = f"# {title}\n\n{text}"
        through_restarts(lambda: create_markdown_artifact(content, key=key, description=title))


def show_table(key: str, title: str, rows: list[dict[str, str]]) -> None:
    """Put a table on the run's page."""
    from prefect.artifacts import create_table_artifact

    if current():
        through_restarts(lambda: create_table_artifact(rows, key=key, description=title))


def show_plot(key: str, title: str, plot: Path) -> None:
    """Put an SVG on the run's page, whole, so that it needs no web server of its own."""
    from prefect.artifacts import create_image_artifact

    if current():
        url = f"data:image/svg+xml;base64,{base64.b64encode(plot.read_bytes()).decode()}"
        through_restarts(lambda: create_image_artifact(url, key=key, description=title))
