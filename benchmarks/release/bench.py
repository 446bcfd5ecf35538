"""A fleet to measure: a workspace with the small bot, released by the commands that people use, and rows of a table."""

from __future__ import annotations

import os
import re
import resource
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path

from benchmarks.release.before import BEFORE
from ratchet.adapters.bot import channel
from ratchet.adapters.settings import load_settings
from ratchet.adapters.system.files import write_text
from tests.e2e.cli import Ratchet
from tests.e2e.fleet.fleet import loaded, until
from tests.e2e.fleet.load import Count
from tests.e2e.kills.admission import settle
from tests.e2e.kills.flock import Flock
from tests.workspaces import own_framework

RATE = 10.0
PORT = 15405
STACK = "ratchet-benchmark"
HEADER = (
    "| case | requests, failed | mixed | p95 / longest, ms | seconds | before | outcome |\n"
    "| --- | --- | --- | --- | --- | --- | --- |"
)


@dataclass
class Row:
    """What came out of one case."""

    name: str
    count: Count
    seconds: float | None
    outcome: str

    def text(self) -> str:
        """The row as Markdown."""
        took = "" if self.seconds is None else f"{self.seconds:.1f} s"
        longest = max(self.count.latencies, default=0.0)
        failed = f"**{self.count.failed}**" if self.count.failed else "0"
        return (
            f"| {self.name} | {self.count.sent:,}, {failed} | {self.count.mixed} "
            f"| {self.count.percentile(0.95):,.0f} / {longest:,.0f} | {took} | {BEFORE.get(self.name, '')} "
            f"| {self.outcome} |"
        )


@dataclass
class Bench:
    """A workspace in a folder, with a live release on a target; made where it is not there yet."""

    folder: Path
    target: str = "swarm"
    said: str = field(default="", init=False)
    worked: float = field(default=0.0, init=False)
    """Seconds of processor time of the last command and what it ran, which other work delays less than the clock."""

    @cached_property
    def flock(self) -> Flock:
        """Its workspace."""
        return Flock(Ratchet(self.folder), load_settings(self.folder))

    def open(self) -> None:
        """Make it, with a service beside it: a rollback is measured without the start of a Prefect server."""
        if not (self.folder / ".env").exists():
            self.folder.parent.mkdir(parents=True, exist_ok=True)
            port = PORT + 10 * (self.target != "swarm")
            settle(
                self.folder,
                RATCHET_TARGET=self.target,
                RATCHET_STACK=STACK,
                RATCHET_PORT=str(port),
                RATCHET_OPERATION_PORT=str(port + 1),
                RATCHET_PREFECT_PORT=str(port + 2),
            )
        self.flock.ratchet("up", "--detach", "--only", "server")
        self.flock.ratchet("retrain")
        # On a busy machine the live release, in the same test, is the measure.
        for before, after in (("seconds: 0", "seconds: 8"), ("max_p95_ms: 500", "max_p95_ms: 5000")):
            text = (self.folder / "params.yaml").read_text()
            (self.folder / "params.yaml").write_text(text.replace(f"    {before}\n", f"    {after}\n"))
        until(lambda: channel.status(self.url) is not None, 30, "an answer")

    @property
    def url(self) -> str:
        """Where people reach the bot."""
        return self.flock.url

    @property
    def live(self) -> str:
        """The release that users get now."""
        return str((channel.status(self.url) or {}).get("release", ""))

    @contextmanager
    def load(self) -> Iterator[Count]:
        """Keep the load on the bot."""
        token = self.flock.fleet.token if self.target == "swarm" else ""
        with loaded(self.url, token, self.flock.state, RATE) as count:
            yield count

    def ratchet(self, *words: str) -> tuple[int, float]:
        """Run a command; returns its exit code and its seconds, and keeps what it said."""
        started, before = time.monotonic(), processor_seconds()
        process = self.flock.ratchet.start(*words, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
        try:
            self.said, _ = process.communicate(timeout=600)
        except BaseException:  # what is interrupted must not change the fleet any more
            process.kill()
            process.wait()
            raise
        self.worked = processor_seconds() - before
        return process.returncode, time.monotonic() - started

    def newer(self) -> None:
        """Give the next release something to bring out: another wording, which no test of conversations names."""
        self.flock.seed = time.time_ns() // 1_000_000
        self.flock.another_wording()

    def fact(self) -> str:
        """The first line of the error that a command ended with."""
        found = re.findall(r"error: (.+)", self.said) or self.said.strip().splitlines()[-1:]
        return " ".join(str(found[-1]).split())[:160] if found else ""

    @contextmanager
    def changed(self, path: str, edit: Callable[[str], str]) -> Iterator[None]:
        """Change a file of the workspace for a while; one of the framework in a copy that the bot's folder has then."""
        file = self.flock.workspace / path
        if "/ratchet_bot/" in path and not file.exists():
            own_framework(self.flock.workspace / "bot")
        before = file.read_text()
        after = edit(before)
        assert after != before, f"nothing was changed in {path}"
        write_text(file, after)
        file.chmod(0o644)
        try:
            yield
        finally:
            write_text(file, before)

    def kill(self, service: str) -> None:
        """Kill a container of one of the fleet's services, as `docker kill` does."""
        self.flock.fleet.containers(service)[0].kill()

    def close(self) -> None:
        """Stop everything, and take the conversations away."""
        if not (self.folder / ".env").exists():
            return
        self.flock.ratchet("down")
        self.flock.ratchet("stop")
        if self.target == "swarm":
            self.flock.fleet.remove()


def processor_seconds() -> float:
    """Processor time of all processes that this one started and that have ended."""
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def load_average() -> str:
    """How busy the machine is."""
    return f"load average {os.getloadavg()[0]:.1f} on {os.cpu_count()} cores"
