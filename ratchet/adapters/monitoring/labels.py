"""Labels that people give to the messages of a sample: on the disk at once, and by several people at a time.

`sample.csv` holds them. `labels.jsonl` beside it has a line for each step, so that a person can take the last one back.
"""

from __future__ import annotations

import contextlib
import json
import os
import secrets
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import pandas as pd

from ratchet.adapters.monitoring import harvest
from ratchet.adapters.settings import Settings
from ratchet.adapters.system.files import MALFORMED
from ratchet.adapters.system.lock import hold
from ratchet.domain.errors import UsageError
from ratchet.domain.operations import labelling, worklist
from ratchet.domain.operations.labelling import Mark
from ratchet.domain.operations.worklist import Message
from ratchet.domain.record import Record

STEPS = "labels.jsonl"
PATIENCE_SECONDS = 10.0


@dataclass(frozen=True)
class Step(Record):
    """What a person did in one go: by message the mark that it had `before`, and the one that it got."""

    id: str
    by: str
    before: Mapping[str, Mark]
    after: Mapping[str, Mark]


@dataclass(frozen=True)
class Given:
    """What came of a step: the messages that have its mark now, and those that someone else changed meanwhile."""

    step: Step | None
    done: tuple[Message, ...]
    passed: tuple[Message, ...]


def newest_samples(settings: Settings, most: int = 8) -> list[Path]:
    """Return the samples of the newest harvests, the latest first."""
    return sorted(harvest.folder(settings).glob(f"*/{harvest.SAMPLE}"), reverse=True)[:most]


@contextlib.contextmanager
def locked(path: Path) -> Iterator[None]:
    """Let one change of a sample at a time be made."""
    with hold(path.with_name("labels.lock"), "A change of the labels", PATIENCE_SECONDS):
        yield


def read(path: Path, out_of_scope: str = "") -> list[Message]:
    """Return the messages of a sample."""
    return worklist.messages(harvest.read(path), out_of_scope)


def put(path: Path, marks: Mapping[str, Mark]) -> pd.DataFrame:
    """Give messages of a sample other marks, by their keys, and return it as it is now."""
    with locked(path):
        sample = labelling.marked(labelling.complete(harvest.read(path)), marks)
        harvest.save(path, sample)
    return sample


def put_taken(path: Path, marks: Mapping[str, str]) -> None:
    """Note which labels are in the corpus; a sample that was moved away is left alone."""
    if path.exists():
        with locked(path):
            harvest.save(path, labelling.taken(labelling.complete(harvest.read(path)), marks))


def give(path: Path, seen: Mapping[str, str], marks: Mapping[str, Mark], who: str) -> Given:
    """Give messages marks, and note the step of the person; `seen` says by key how they looked to that person.

    A message that looks otherwise by now keeps what someone else said. Raises `UsageError` where one is not there.
    """
    with locked(path):
        found = {one.key: one for one in read(path)}
        if any(key not in found for key in seen):
            raise UsageError("These messages were drawn again meanwhile.", "Load the page again.")
        fresh = [key for key in seen if found[key].seen == seen[key]]
        passed = tuple(found[key] for key in seen if found[key].seen != seen[key])
        if not fresh:
            return Given(None, (), passed)
        before, after = {key: found[key].mark for key in fresh}, {key: marks[key] for key in fresh}
        step = Step(secrets.token_hex(8), who, before, after)
        put(path, after)
        note(path, step.as_dict())
        now = {one.key: one for one in read(path)}
    return Given(step, tuple(now[key] for key in fresh), passed)


def undo(path: Path, who: str, id: str) -> Step:
    """Take the last step of a person back and return it; what others changed since keeps that.

    Raises `UsageError` where it is not the person's last one, or nothing of it is left.
    """
    with locked(path):
        step = last(path, who)
        if step is None or step.id != id:
            raise UsageError("Nothing of that step is left to take back.", "Load the page again.")
        put(path, {key: step.before[key] for key in left(path, step)})
        note(path, {"undone": step.id})
    return step


def last(path: Path, who: str) -> Step | None:
    """Return the last step of a person of which something is left; None where there is none."""
    steps, undone = [], set()
    for line in lines(path):
        with contextlib.suppress(*MALFORMED):  # a line that was cut off
            said = json.loads(line)
            if "undone" in said:
                undone.add(said["undone"])
            else:
                steps.append(Step.from_dict(said))
    own = [one for one in reversed(steps) if one.by == who and one.id not in undone]
    return next((one for one in own if left(path, one)), None)


def left(path: Path, step: Step) -> list[str]:
    """Return the messages that still have the mark which a step gave them."""
    now = {one.key: one.mark for one in read(path)}
    return [key for key, mark in step.after.items() if now.get(key) == mark]


def lines(path: Path) -> list[str]:
    """Return the lines of a sample's steps."""
    try:
        return path.with_name(STEPS).read_text(encoding="utf-8", errors="replace").splitlines()
    except FileNotFoundError:
        return []


def note(path: Path, said: Mapping[str, object]) -> None:
    """Add a line to a sample's steps."""
    handle = os.open(path.with_name(STEPS), os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
    try:
        os.write(handle, (json.dumps(said) + "\n").encode())
    finally:
        os.close(handle)
