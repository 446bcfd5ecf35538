"""The one place that wires settings to adapters: a run of a flow and what it works with."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from adapters.lock import hold
from adapters.mlflow import Registry
from adapters.settings import Settings, load_settings
from adapters.target import Target
from adapters.targets import choose_target


@dataclass(frozen=True)
class Run:
    """One run: its workspace's settings, registry and target; `folder` is its own, made at the first write.

    `trigger` says in a few words why it runs; `started` is of the monotonic clock, in seconds.
    """

    settings: Settings
    registry: Registry
    target: Target
    name: str
    folder: Path
    trigger: str
    started: float

    @property
    def seconds(self) -> float:
        """How long the run has been going on."""
        return time.monotonic() - self.started


@contextlib.contextmanager
def begin(workspace: str | None, what: str, trigger: str) -> Iterator[Run]:
    """Begin a run that changes the workspace: one at a time; raises `LockHeld` naming the other one."""
    started = time.monotonic()
    settings = load_settings(workspace)
    name = datetime.now(UTC).strftime("%Y%m%d-%H%M%S")
    with hold(settings.state / "run.lock", what):
        yield Run(
            settings,
            Registry(settings),
            choose_target(settings),
            name,
            settings.runs / name,
            trigger,
            started,
        )
