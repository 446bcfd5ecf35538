"""Run `ratchet` and be killed at a given point: `python -m tests.e2e.kills.dying POINT WHOM WORDS…`.

The code is the real one; only the moment is ours. POINT is `before:STEP` or `after:STEP`, `write:N` for the moment
after the N-th lasting change (a file replaced or renamed, a program started, a call that writes to MLflow), or
`count`, which kills nobody and says on the last line of standard error how many of those there were. WHOM is `alone`
(children are left as orphans) or `tools` (they die with it; what serves has a session of its own and stays).
"""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from functools import wraps
from pathlib import Path
from typing import Any

import psutil

from ratchet.adapters.system import console
from ratchet.adapters.system.console import Line
from ratchet.adapters.system.files import read_json

WRITERS = (
    "create_run",
    "log_artifact",
    "log_batch",
    "log_dict",
    "create_model_version",
    "set_tag",
    "set_terminated",
    "set_registered_model_alias",
)
SERVING = ("process/live.json", "process/warm.json", "process/supervisor.json", "prefect/server.json")


def die(whom: str, workspace: Path) -> None:
    """End this process as an out-of-memory killer would, or with all its tools as a power cut would."""
    if whom == "tools":
        end_tools(os.getpid(), workspace)
    os.kill(os.getpid(), signal.SIGKILL)


def end_tools(pid: int, workspace: Path) -> None:
    """Kill the children of a process, and theirs, except what serves."""
    notes = [read_json(workspace / ".ratchet" / name) or {} for name in SERVING]
    serving = {int(note["pid"]) for note in notes if "pid" in note}
    for child in psutil.Process(pid).children(recursive=True):
        with contextlib.suppress(psutil.NoSuchProcess):
            if not serving & {child.pid, *(parent.pid for parent in child.parents())}:
                child.kill()


def at_steps(when: str, chosen: str, end: Callable[[], None]) -> None:
    """Die before or after the step of this name."""
    real = console.step

    @contextlib.contextmanager
    def step(name: str) -> Iterator[Line]:
        if (when, chosen) == ("before", name):
            end()
        with real(name) as line:
            yield line
        if (when, chosen) == ("after", name):
            end()

    console.step = step


def at_writes(number: int | None, end: Callable[[], None]) -> list[int]:
    """Die after the lasting change of this number; returns a list that holds their count."""
    from mlflow.tracking import MlflowClient

    count = [0]

    def counted(function: Any) -> Any:
        @wraps(function)
        def call(*arguments: Any, **options: Any) -> Any:
            result = function(*arguments, **options)
            count[0] += 1
            if count[0] == number:
                end()
            return result

        return call

    owners: list[tuple[Any, str]] = [(os, "replace"), (os, "rename"), (subprocess.Popen, "__init__")]
    for owner, name in [*owners, *((MlflowClient, name) for name in WRITERS)]:
        setattr(owner, name, counted(getattr(owner, name)))
    return count


def main() -> None:
    """Arrange the death and run the command."""
    point, whom, *words = sys.argv[1:]
    workspace = Path(words[words.index("--workspace") + 1])

    def end() -> None:
        die(whom, workspace)

    when, _, name = point.partition(":")
    count = [0]
    if when in ("before", "after"):
        at_steps(when, name, end)
    else:
        count = at_writes(int(name) if when == "write" else None, end)
    sys.argv = ["ratchet", *words]
    from ratchet.cli import main as ratchet

    try:
        ratchet()
    finally:
        if when == "count":
            print(count[0], file=sys.stderr)


if __name__ == "__main__":
    main()
