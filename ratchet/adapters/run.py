"""The one place that wires settings to adapters: a run of a flow and what it works with."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime
from pathlib import Path

from ratchet.adapters.prefect import flow_runs, server
from ratchet.adapters.registry.mlflow import Registry
from ratchet.adapters.settings import STATE_FOLDER, Settings, load_settings, root_of
from ratchet.adapters.system import stopwatch
from ratchet.adapters.system.failures import explain
from ratchet.adapters.system.lock import hold
from ratchet.adapters.targets import ports
from ratchet.adapters.targets.choice import choose_target
from ratchet.adapters.targets.target import Target
from ratchet.domain.errors import RatchetError
from ratchet.domain.operations import run_names

LOOK_SECONDS = 300.0


@dataclass(frozen=True)
class Run:
    """One run: its workspace's settings, registry and target; `folder` is its own, made at the first write.

    `trigger` says in a few words why it runs; `started` is of the monotonic clock, in seconds: when the command was
    entered that it belongs to, else when it began, before it waited for its turn. `newest` is what brought
    the folder to the newest commit, None where nothing did: the run's first step comes after it.
    """

    settings: Settings
    registry: Registry
    target: Target
    name: str
    folder: Path
    trigger: str
    started: float
    newest: object = None

    @property
    def seconds(self) -> float:
        """How long the run has lasted."""
        return time.monotonic() - self.started


@contextlib.contextmanager
def looking(workspace: str | None) -> Iterator[Settings]:
    """Give the workspace's settings to a run that changes nothing but its own cursor; one at a time, too."""
    root = root_of(workspace)
    lock = root / STATE_FOLDER / "watch" / "watch.lock"
    with hold(lock, "A look at Git and the inbox", LOOK_SECONDS):
        yield load_settings(root)


@contextlib.contextmanager
def explained() -> Iterator[None]:
    """Raise a failure as fact and remedy: a reader of the run's last state has no terminal."""
    try:
        yield
    except RatchetError:
        raise
    except Exception as error:
        said = explain(error)
        if said is None:
            raise
        raise said from error


@contextlib.contextmanager
def begin(
    workspace: str | None,
    what: str,
    trigger: str,
    fleet: bool = True,
    newest: Callable[[Path], object] | None = None,
    target: str | None = None,
) -> Iterator[Run]:
    """Begin a run that changes the workspace and, unless said otherwise, the fleet: one at a time.

    `newest` brings the folder to the newest commit. The settings, and all that is made of them, are read only
    after that, and after whatever run was waited for: so they are those of the commit that the run records.
    `target` takes the place of the one that the settings name.

    Raises `LockHeld`, naming the other one; a run that a trigger started waits for it instead.
    """
    started = stopwatch.began()
    root = root_of(workspace)
    name = datetime.now(UTC).strftime("%Y%m%d-%H%M%S")
    patience = flow_runs.patience()
    flow_runs.rename(
        run_names.begun(date.today(), trigger if flow_runs.by_service() else f"{what} {trigger}")
    )
    with hold(root / STATE_FOLDER / "run.lock", what, patience), explained(), contextlib.ExitStack() as stack:
        synced = newest(root) if newest else None
        settings = ports.choose(load_settings(root, **({"target": target} if target else {})))
        if fleet:
            stack.enter_context(flow_runs.slot(server.scope(settings).slot, patience))
        yield Run(
            settings,
            Registry(settings),
            choose_target(settings),
            name,
            settings.runs / name,
            trigger,
            started,
            synced,
        )
