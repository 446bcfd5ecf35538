"""Whose process listens on a port: this workspace's, another workspace's, or some other program's."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import psutil

from ratchet.adapters.system.processes import Replica, alive, listening, read_replica
from ratchet.adapters.workspace.identity import STATE_FOLDER

RECORDS = ("process/supervisor.json", "process/live.json", "prefect/server.json", "service/*.json")
"""Where a workspace notes the processes that it started."""
NEIGHBOUR = "RATCHET_WORKSPACE"


@dataclass(frozen=True)
class Owner:
    """Who has a port; `workspace` is None for a program that is no workspace's, `pid` 0 where it cannot be seen."""

    pid: int
    program: str
    workspace: Path | None = None

    def __str__(self) -> str:
        if self.workspace:
            return f"the workspace {self.workspace} (process {self.pid})"
        return f"{self.program} (process {self.pid})" if self.pid else self.program


def owner(port: int) -> Owner | None:
    """Return who listens on a loopback port; None when no one does."""
    if not listening(port):
        return None
    for pid in listeners(port):
        with contextlib.suppress(psutil.Error):
            process = psutil.Process(pid)
            found = next((one for one in workspaces_of(process) if started(one, process)), None)
            return Owner(pid, process.name(), found)
    return Owner(0, "another program, which cannot be seen from here")


def listeners(port: int) -> list[int]:
    """Return the processes that listen on a port, as far as this user may see them."""
    try:
        found = psutil.net_connections("tcp")
    except psutil.Error:
        return []
    return [
        one.pid
        for one in found
        if one.pid and one.status == psutil.CONN_LISTEN and one.laddr and one.laddr.port == port
    ]


def served_by(port: int, replica: Replica) -> bool:
    """Say whether it is this process, or a child of it, that listens on a port; true where that cannot be seen."""
    seen = listeners(port)
    with contextlib.suppress(psutil.Error):
        process = psutil.Process(replica.pid)
        family = {process.pid, *(child.pid for child in process.children(recursive=True))}
        return not seen or bool(family & set(seen))
    return False


def workspaces_of(process: psutil.Process) -> Iterator[Path]:
    """Give the workspaces that a process may belong to, by its environment and its command."""
    with contextlib.suppress(psutil.Error, OSError):
        if named := process.environ().get(NEIGHBOUR):
            yield Path(named)
    with contextlib.suppress(psutil.Error, OSError):
        for word in process.cmdline():
            home, found, _ = word.partition(f"{os.sep}{STATE_FOLDER}{os.sep}")
            if found and home.startswith(os.sep):
                yield Path(home)


def started(workspace: Path, process: psutil.Process) -> bool:
    """Say whether a workspace notes this process, or one that it descends from, as its own."""
    pids = {process.pid, *(parent.pid for parent in process.parents())}
    return any(one.pid in pids and alive(one) for one in recorded(workspace))


def recorded(workspace: Path) -> Iterator[Replica]:
    """Give the processes that a workspace notes as its own."""
    for pattern in RECORDS:
        for file in (workspace / STATE_FOLDER).glob(pattern):
            with contextlib.suppress(OSError):
                if replica := read_replica(file):
                    yield replica


def neighbours(workspace: Path) -> set[Path]:
    """Return the other workspaces of which something runs on this machine."""
    found: set[Path] = set()
    for process in psutil.process_iter():
        found.update(workspaces_of(process))
    return {one for one in found if one != workspace and (one / STATE_FOLDER).is_dir()}
