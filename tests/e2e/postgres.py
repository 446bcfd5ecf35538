"""A PostgreSQL of a test's own, on loopback, which can be stopped, frozen and started again."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
from collections.abc import Sequence
from pathlib import Path

import psutil

from ratchet.adapters.system.processes import free_port

DATABASES = ("prefect", "mlflow")


def programs() -> Path | None:
    """Return the folder of PostgreSQL's programs, as Debian's packages place them or on the path."""
    found = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"))
    named = shutil.which("initdb")
    return found[-1].parent if found else Path(named).parent if named else None


class Postgres:
    """One server with its files in `folder`, from `start` to `stop`; user `ratchet`, any password.

    It may run as another user, from whom each start of pytest closes the folders of all runs, so `folder` is
    outside of them. `run` is this run's folder: by it the server is known once the run was killed (tests/sweep.py).
    """

    def __init__(self, folder: Path, programs: Path, run: Path) -> None:
        self.folder, self.programs, self.run, self.port = folder, programs, run, free_port()
        self.user = "postgres" if os.geteuid() == 0 else None  # it refuses to run as root
        if self.user:
            shutil.chown(folder, self.user)

    @property
    def prefect(self) -> str:
        """Address of Prefect's database, as Prefect wants it."""
        return f"postgresql+asyncpg://ratchet:x@127.0.0.1:{self.port}/prefect"

    @property
    def mlflow(self) -> str:
        """Address of MLflow's database."""
        return f"postgresql://ratchet:x@127.0.0.1:{self.port}/mlflow"

    def make(self) -> None:
        """Make its files, start it, and make its databases."""
        self._run("initdb", "--pgdata", self._data, "--username", "ratchet", "--auth", "trust", "--no-sync")
        self.start()
        for name in DATABASES:
            self._run("createdb", "-h", "127.0.0.1", "-p", str(self.port), "-U", "ratchet", name)

    def start(self) -> None:
        """Start it and wait until it answers; one that runs is left alone."""
        if self.processes():
            return
        options = f"-p {self.port} -c listen_addresses=127.0.0.1 -c unix_socket_directories={self.folder} -c fsync=off"
        self._run("pg_ctl", "-D", self._data, "-w", "-l", self.folder / "log", "-o", options, "start")

    def stop(self) -> None:
        """Stop it at once; what was not committed is gone."""
        if self.processes():
            self._run("pg_ctl", "-D", self._data, "-w", "-m", "immediate", "stop")

    def signal(self, sign: signal.Signals) -> None:
        """Send a signal to the server and to each of its connections."""
        for process in self.processes():
            process.send_signal(sign)

    def processes(self) -> Sequence[psutil.Process]:
        """The server and what it started; none where it does not run."""
        noted = self._data / "postmaster.pid"
        if not noted.exists() or not psutil.pid_exists(number := int(noted.read_text().split()[0])):
            return []
        server = psutil.Process(number)
        return [server, *server.children(recursive=True)]

    @property
    def _data(self) -> Path:
        return self.folder / "data"

    def _run(self, program: str, *words: str | Path) -> None:
        argv = [str(self.programs / program), *map(str, words)]
        subprocess.run(
            argv,
            check=True,
            user=self.user,
            cwd=self.folder,
            env={**os.environ, "RATCHET_TEST_RUN": str(self.run)},
            timeout=120,
            stdout=subprocess.DEVNULL,
        )
