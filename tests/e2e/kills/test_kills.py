"""SIGKILL at every step boundary of `retrain`, `release` and `rollback`, and at random moments within.

`make test` has a sample, `make test-long` all of them. RATCHET_KILL_SEED gives the same moments again.
"""

from __future__ import annotations

import random
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from ratchet.adapters.registry.mlflow import Registry
from tests.e2e.cli import ROOT
from tests.e2e.kills import record
from tests.e2e.kills.admission import admit
from tests.e2e.kills.patient import Patient
from tests.e2e.kills.witness import Heard, ask, witness
from tests.tiers import exhaustive

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(600)]

RELEASE = ("package", "stage", "deploy", "verify", "record")
STEPS = {
    "retrain": (
        *("recover", "fetch", "validate", "split", "recall", "train", "evaluate", "gate", "report"),
        *("register", *RELEASE, "summarise", "publish"),
    ),
    "release": ("recover", "again", "authorise", "package", "already", *RELEASE[1:]),
    "rollback": ("recover", "choose", "revert", "verify", "record"),
}
SWITCHED = (("release", "after:deploy", "alone"), ("rollback", "after:revert", "tools"))
"""Deaths between a switch of all traffic and its record; the first is in `make test`."""
WRITES = {"retrain": 46, "release": 15}
"""So many lasting changes, at least, does each of them make."""
SECONDS = {"retrain": 14.0, "release": 7.0}
"""So long does each of them take, about, on a machine with nothing else to do."""


@dataclass(frozen=True)
class Kill:
    """One death: of which command, at which point (`dying.py`, or `time:SECONDS`), and who dies with it."""

    command: str
    point: str
    whom: str

    @property
    def name(self) -> str:
        """Its row in the table."""
        where = {"time": "at a random time", "write": "after a random change"}
        at = where.get(self.point.partition(":")[0], "at a step boundary")
        company = {
            "alone": "alone",
            "tools": "with its tools",
            "everything": "with everything that runs (power cut)",
        }
        return f"`{self.command}` killed {at}, {company[self.whom]}"


def all_kills(chance: random.Random) -> list[Kill]:
    """Every boundary once, alone and with the tools in turn, 9 random moments, and 2 power cuts."""
    found = []
    for command, steps in STEPS.items():
        points = [f"{when}:{step}" for step in steps for when in ("before", "after")]
        found += [
            Kill(command, point, ("alone", "tools")[(n + n // 2) % 2]) for n, point in enumerate(points)
        ]
    for number in range(9):
        command = ("retrain", "retrain", "retrain", "release")[number % 4]
        moment = f"time:{chance.uniform(0.05, 0.7) * SECONDS[command]:.2f}"
        change = f"write:{chance.randint(1, WRITES[command])}"
        found.append(Kill(command, change if number % 5 < 3 else moment, chance.choice(("alone", "tools"))))
    for step in ("train", "deploy"):
        found.append(Kill("retrain", f"{chance.choice(('before', 'after'))}:{step}", "everything"))
    return found


def chosen(chance: random.Random) -> list[Any]:
    """One after a switch, and for the long tier the other and all kinds in any order."""
    found = all_kills(chance)
    first, second = (Kill(*switched) for switched in SWITCHED)
    return [first, exhaustive(second), *map(exhaustive, chance.sample(found, len(found)))]


@pytest.fixture(scope="module")
def patient(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Patient]:
    """A workspace with a live release."""
    if not (ROOT / "bot" / ".venv").exists():
        pytest.skip("the bot environment is missing: make setup")
    made = admit(Path(tmp_path_factory.mktemp("killed")) / "workspace")
    yield made
    made.end_everything()


@pytest.mark.parametrize(
    "kill", chosen(random.Random(record.SEED)), ids=lambda kill: f"{kill.command}-{kill.point}-{kill.whom}"
)
def test_a_killed_run_leaves_old_or_new_and_the_next_one_finishes(patient: Patient, kill: Kill) -> None:
    """Somebody gets an answer all the time, nothing is half done, and the next run needs no hands."""
    if kill.command == "rollback":  # so that there is something warm to go back to
        patient.another_wording()
        patient.run("release")
    old = Registry(patient.settings).live()
    assert old is not None
    words = patient.another_wording() if kill.command != "retrain" else ""
    if kill.command == "retrain":
        patient.another_model()
    sources, row = patient.sources(), record.row(kill.name)
    row.times += 1
    with witness(patient.url) as heard:
        carry_out(patient, kill)
        assert patient.sources() == sources
        patient.assert_no_lock()
        patient.assert_registry_whole()
        right_after = "" if kill.whom == "everything" else ask(patient.url)["release"]
        row.served["old" if right_after == old.id else "new" if right_after else "neither"] += 1
        command = kill.command if patient.seed // 2 % 2 else "retrain"
        command = "release" if kill.command == "rollback" else command
        _, seconds = patient.run(command)
    row.asked, row.failed = row.asked + heard.asked, row.failed + len(heard.failures)
    assert patient.sources() == sources
    patient.assert_settled()
    assert_expected(patient, command, words)
    assert_answered(patient, kill, heard, old.id, right_after)
    row.finished += 1
    row.seconds.append(seconds)


def carry_out(patient: Patient, kill: Kill) -> None:
    """Start the command and kill it."""
    whom = "tools" if kill.whom == "everything" else kill.whom
    if not kill.point.startswith("time:"):
        patient.kill_at(kill.point, whom, kill.command)
    else:
        seconds = float(kill.point.removeprefix("time:"))
        while not patient.kill_after(seconds, whom, kill.command):
            seconds /= 2
            assert seconds > 0.2, "it always ends before it can be killed"
            patient.another_model()
    if kill.whom == "everything":
        patient.end_everything()


def assert_expected(patient: Patient, command: str, words: str) -> None:
    """What was to come serves now: the model of the newest seed, or the newest wording."""
    live = Registry(patient.settings).live()
    assert live is not None
    if command == "release":
        assert ask(patient.url)["text"] == words
    elif not words:
        assert live.lineage.seed == patient.seed


def assert_answered(patient: Patient, kill: Kill, heard: Heard, old: str, right_after: str) -> None:
    """Every message was answered, by releases that are on record: the old one, one that was begun, the new one."""
    assert set(heard.releases) <= patient.release_ids()
    assert right_after in {"", old} | patient.release_ids()
    if kill.whom != "everything":
        assert not heard.failures, heard.failures[:5]
