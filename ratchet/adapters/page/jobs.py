"""Commands of Ratchet that people start on the page: each a process of its own, `.ratchet/page/jobs/ID/`.

It continues when the page is closed; `ratchet down` ends it, as it ends the runs of the worker.
"""

from __future__ import annotations

import re
import secrets
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from ratchet.adapters import environment
from ratchet.adapters.settings import Settings
from ratchet.adapters.system import commands
from ratchet.adapters.system.files import end_of, read_record, write_json
from ratchet.adapters.system.processes import Replica, alive, launch, read_replica
from ratchet.domain.record import Record

RATCHET = str(Path(sys.executable).with_name("ratchet"))
JOB, PROCESS, END, LOG = "job.json", "process.json", "end.json", "log"
KEPT = 200
STEP = re.compile(r"^([✓✗]) (\S.*?) +([\d.]+) s\b(.*)$")
MOST_LOG = 200_000


@dataclass(frozen=True)
class Job(Record):
    """A command: its `words` after `ratchet`, what it is in people's words, who started it and when (since 1970)."""

    id: str
    what: str
    words: tuple[str, ...]
    by: str
    began: float


@dataclass(frozen=True)
class End(Record):
    """How it ended: the exit code, and when."""

    code: int
    at: float


@dataclass(frozen=True)
class Step:
    """A step that is over: its name, how long it took in seconds, and one line of result."""

    name: str
    seconds: float
    result: str
    good: bool


@dataclass(frozen=True)
class Progress:
    """What is known of a job now; `steps` are over, `rest` is what the command said besides. `end` None: it runs."""

    job: Job
    steps: tuple[Step, ...]
    rest: str
    end: End | None

    @property
    def good(self) -> bool:
        """Whether it ended well."""
        return self.end is not None and self.end.code == 0

    def seconds(self, now: float) -> float:
        """Return how long it has been running, or ran."""
        return max(0.0, (self.end.at if self.end else now) - self.job.began)


def folder(settings: Settings) -> Path:
    """Where the jobs are, one folder each."""
    return settings.state / "page" / "jobs"


def start(settings: Settings, what: str, words: Sequence[str], by: str) -> Job:
    """Start `ratchet WORDS …` in this workspace and return at once; values of a person's are `--option=VALUE` words."""
    now = time.time()
    job = Job(f"{now:.0f}-{secrets.token_hex(4)}", what, tuple(words), by, now)
    place = folder(settings) / job.id
    write_json(place / JOB, job.as_dict())
    argv = [sys.executable, "-m", "ratchet.adapters.page.jobs", str(settings.workspace), str(place)]
    env = environment.access(settings)
    replica = launch(argv, cwd=settings.workspace, env=env, log=place / LOG, port=0)
    write_json(place / PROCESS, replace(replica, env=()).as_dict())
    forget_old(settings)
    return job


def forget_old(settings: Settings) -> None:
    """Delete the oldest of too many."""
    import shutil

    for place in sorted(folder(settings).iterdir())[:-KEPT]:
        shutil.rmtree(place, ignore_errors=True)


def find(settings: Settings, name: str) -> Progress | None:
    """Return a job by its id; None where there is none."""
    if not re.fullmatch(r"\d{1,12}-[0-9a-f]{8}", name):
        return None
    place = folder(settings) / name
    job = read_record(place / JOB, Job.from_dict, f"Delete {place}.")
    if job is None:
        return None
    end = read_record(place / END, End.from_dict, f"Delete {place}.")
    if end is None and gone(place, job):
        end = End(-1, job.began)
    steps, rest = understood(end_of(place / LOG, MOST_LOG).decode("utf-8", "replace"))
    return Progress(job, steps, rest, end)


def gone(place: Path, job: Job) -> bool:
    """Say whether a job's process was killed before it could note its end."""
    replica: Replica | None = read_replica(place / PROCESS)
    return not alive(replica) if replica else time.time() - job.began > 60


def newest(settings: Settings, most: int = 10) -> list[Progress]:
    """Return the newest jobs, the latest first."""
    places = sorted(folder(settings).glob("*-*"), reverse=True)[:most]
    return [found for place in places if (found := find(settings, place.name))]


def understood(log: str) -> tuple[tuple[Step, ...], str]:
    """Return the steps that a log tells of, and what else it says."""
    steps, rest = [], []
    for line in log.splitlines():
        if found := STEP.match(line):
            steps.append(Step(found[2], float(found[3]), found[4].strip(), found[1] == "✓"))
        else:
            rest.append(line)
    return tuple(steps), "\n".join(rest).strip()


def carry_out(workspace: str, place: Path) -> None:
    """Run a job's command to its end, and note how it ended."""
    job = read_record(place / JOB, Job.from_dict, "") or sys.exit(1)
    argv = [RATCHET, "--workspace", workspace, *job.words]
    done = commands.run(argv, cwd=Path(workspace), on_line=lambda line: print(line, flush=True), check=False)
    write_json(place / END, End(done.code, time.time()).as_dict())


if __name__ == "__main__":
    carry_out(sys.argv[1], Path(sys.argv[2]))
