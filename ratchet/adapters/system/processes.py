"""Detached server processes on loopback and the supervisor that listens in front of them.

A process is known by its number and its time of creation, so that a reused number is never mistaken.
"""

from __future__ import annotations

import contextlib
import os
import socket
import sys
import time
from collections.abc import Callable, Collection, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import psutil
from pydantic import TypeAdapter, ValidationError

from ratchet.adapters.system import commands
from ratchet.adapters.system.files import read_json
from ratchet.domain.errors import RatchetError
from ratchet.domain.operations.environment import OWN
from ratchet.domain.release.reasons import own_error

STOP_SECONDS = 15.0


@dataclass(frozen=True)
class Replica:
    """One running server; `created` tells it from a later process that got the same number."""

    release: str
    port: int
    pid: int
    created: float
    argv: tuple[str, ...] = ()
    cwd: str = ""
    env: tuple[tuple[str, str], ...] = ()
    secrets: str = ""
    """A digest of the secrets that it was started with; "" where none was noted."""

    @staticmethod
    def of_this_process(port: int) -> Replica:
        """Describe the calling process itself, as the listener on `port`."""
        return Replica("", port, os.getpid(), psutil.Process().create_time())

    @property
    def url(self) -> str:
        """Where it answers."""
        return f"http://127.0.0.1:{self.port}"

    def as_dict(self) -> dict[str, Any]:
        """Return JSON-ready data."""
        return asdict(self)


def read_replica(path: Path) -> Replica | None:
    """Read a replica's file; None when there is none, or it does not describe one."""
    try:
        return TypeAdapter(Replica).validate_python(read_json(path))
    except ValidationError:
        return None


def alive(replica: Replica) -> bool:
    """Say whether exactly this process still runs."""
    try:
        process = psutil.Process(replica.pid)
        return abs(process.create_time() - replica.created) < 1.0 and _runs(process)
    except (psutil.NoSuchProcess, ValueError, OverflowError):  # the last two: no number of a process
        return False


def terminate(replica: Replica, grace: float = STOP_SECONDS) -> None:
    """End a process and its children: ask, wait `grace` seconds, kill. Ended already is fine."""
    if not alive(replica):
        return
    try:
        family = [psutil.Process(replica.pid), *psutil.Process(replica.pid).children(recursive=True)]
    except psutil.NoSuchProcess:
        return
    for ask in (psutil.Process.terminate, psutil.Process.kill):
        for process in family:
            with contextlib.suppress(psutil.NoSuchProcess):
                ask(process)
        deadline = time.monotonic() + grace
        while family and time.monotonic() < deadline:
            family = [process for process in family if _runs(process)]
            time.sleep(0.05)
        if not family:
            return


def strays(folder: Path, known: Collection[int]) -> list[Replica]:
    """Return the servers of a folder's content that no file names, without children of the `known` ones.

    The process
    that started them was killed before it noted them, or after it had noted their successor.
    """
    found = []
    for process in psutil.process_iter(["cmdline", "create_time"]):
        words = process.info["cmdline"] or []
        if not any(word.startswith(f"{folder}{os.sep}") for word in words):
            continue
        with contextlib.suppress(psutil.NoSuchProcess):
            if not {process.pid, *(parent.pid for parent in process.parents())} & set(known):
                found.append(Replica("", 0, process.pid, process.info["create_time"]))
    return found


def same(one: Replica | None, other: Replica | None) -> bool:
    """Say whether two descriptions are of one process."""
    return one is not None and other is not None and (one.pid, one.created) == (other.pid, other.created)


def resident(replica: Replica) -> int:
    """Return how many bytes of memory a process and its children hold; 0 for one that has ended."""
    try:
        process = psutil.Process(replica.pid)
        return sum(one.memory_info().rss for one in (process, *process.children(recursive=True)))
    except psutil.NoSuchProcess:
        return 0


def _runs(process: psutil.Process) -> bool:
    """Say whether a process runs; one that only waits for its parent to take notice does not."""
    try:
        return bool(process.is_running() and process.status() != psutil.STATUS_ZOMBIE)
    except psutil.NoSuchProcess:
        return False


def free_port() -> int:
    """Return a loopback port that nothing listens on now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def listening(port: int) -> bool:
    """Say whether anything listens on this loopback port."""
    with socket.socket() as probe:
        probe.settimeout(0.5)
        return probe.connect_ex(("127.0.0.1", port)) == 0


def launch(
    argv: Sequence[str], *, cwd: Path, env: dict[str, str], log: Path, release: str = "", port: int
) -> Replica:
    """Start a detached process whose output goes to `log`, and describe it."""
    log.parent.mkdir(parents=True, exist_ok=True)
    with log.open("ab") as output:
        process = commands.start(argv, cwd=cwd, env=env, stdout=output.fileno())
    try:
        created = psutil.Process(process.pid).create_time()
    except psutil.NoSuchProcess:
        created = 0.0
    return Replica(release, port, process.pid, created, tuple(argv), str(cwd), tuple(sorted(env.items())))


def await_ready(replica: Replica, ready: Callable[[], bool], timeout: float, log: Path) -> None:
    """Wait until `ready()` is true; raises `RatchetError` with its own words and the log's end when it dies first."""
    deadline = time.monotonic() + timeout
    while not ready():
        if not alive(replica):
            said = own_error(tail(log)).rstrip(".")
            fact = f"The new replica ended before it was ready{': ' if said else ''}{said}."
            raise RatchetError(fact, f"Its log ends:\n{tail(log)}")
        if time.monotonic() > deadline:
            raise RatchetError(
                f"The new replica was not ready within {timeout:g} s.", f"Its log ends:\n{tail(log)}"
            )
        time.sleep(0.1)


def tail(log: Path, lines: int = 15) -> str:
    """Return the last lines of a log."""
    try:
        return "\n".join(log.read_text(encoding="utf-8", errors="replace").splitlines()[-lines:])
    except FileNotFoundError:
        return "(no output)"


def ensure_supervisor(folder: Path, port: int) -> None:
    """Make sure that a supervisor listens on `port`; does nothing if one does.

    Raises `RatchetError` with the end of its log when it cannot.
    """
    running = read_replica(folder / "supervisor.json")
    if running and alive(running):
        if running.port == port:
            return
        terminate(running)
    log = folder / "logs" / "supervisor.log"
    root = Path(__file__).resolve().parents[3]
    argv = [sys.executable, "-m", "ratchet.adapters.targets.supervisor", str(folder), str(port)]
    started = launch(argv, cwd=folder, env={**OWN, "PYTHONPATH": str(root)}, log=log, port=port)

    def ready() -> bool:
        seen = read_replica(folder / "supervisor.json")
        return seen is not None and seen.pid == started.pid

    try:
        await_ready(started, ready, 30, log)
    except RatchetError:
        terminate(started)
        raise
