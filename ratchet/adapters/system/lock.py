"""One holder at a time, by name: the lock ends with the process that holds it."""

from __future__ import annotations

import contextlib
import os
import socket
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import psutil
from filelock import FileLock, Timeout

from ratchet.adapters.system.files import MALFORMED, read_json, write_json
from ratchet.domain.errors import RatchetError

MOST_PID = 2**31


class LockHeld(RatchetError):
    """Someone else holds the lock."""


def holder(path: Path) -> dict[str, Any] | None:
    """Return what the process says that holds the lock file `path`; None when none does, or it is gone.

    If that was on another machine, which shares this disk, or before this one was renamed, the lock itself is asked.
    """
    said = described(path)
    if said is None:
        return None
    there = psutil.pid_exists(said["pid"]) if said["host"] == socket.gethostname() else held(path)
    return said if there else None


def held(path: Path) -> bool:
    """Say whether a process has the lock file, by taking it for a moment where none has."""
    try:
        with FileLock(path, timeout=0):
            return False
    except Timeout:
        return True


def described(path: Path) -> dict[str, Any] | None:
    """Return what the last holder of a lock file wrote of itself; None when that is gone or damaged."""
    said: Any = read_json(path.with_suffix(".json"))
    try:
        since = datetime.fromisoformat(said["since"]).replace(microsecond=0)
        pid = int(said["pid"])
        if since.tzinfo is None or not 0 < pid < MOST_PID:
            return None
        host = str(said.get("host") or socket.gethostname())
        return {"what": str(said["what"]), "pid": pid, "host": host, "since": since.isoformat()}
    except MALFORMED:
        return None


@contextlib.contextmanager
def hold(path: Path, what: str, patience: float = 0) -> Iterator[None]:
    """Hold the lock file `path` while doing `what`, after waiting for it no longer than `patience` seconds.

    Raises `LockHeld`, naming the holder, when another process has it. The operating system releases the lock
    of a process that was killed, so nothing has to be cleaned by hand.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    holder = path.with_suffix(".json")
    try:
        with FileLock(path, timeout=patience, is_singleton=True):
            since, host = datetime.now(UTC).isoformat(timespec="seconds"), socket.gethostname()
            write_json(holder, {"what": what, "pid": os.getpid(), "host": host, "since": since})
            yield
            holder.unlink(missing_ok=True)
    except Timeout as error:
        who = described(path) or {}
        there = str(who.get("host", ""))
        far = there not in ("", socket.gethostname())
        machine = f" on the machine {there}, which shares this disk" if far else ""
        raise LockHeld(
            f"{who.get('what', 'Another run')} is in progress (process {who.get('pid', 'unknown')}{machine}, "
            f"since {who.get('since', 'a moment ago')}).",
            "Wait for its end, or stop that process there; one run at a time changes a workspace."
            if far
            else "Wait for its end, or stop that process; one run at a time changes a workspace.",
        ) from error
