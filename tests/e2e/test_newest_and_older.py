"""The newest commit and older data: what a triggered run uses, the way back, and data that is lost.

The tests of this file go through one life of one workspace, in their order.
"""

from __future__ import annotations

import itertools
import json
import re
import shlex
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from ratchet.adapters.registry.mlflow import Registry
from tests.corpora import git
from tests.e2e.cli import ROOT
from tests.e2e.fleet import small_bot
from tests.e2e.kills.admission import admit
from tests.e2e.kills.patient import Patient, change

pytestmark = [pytest.mark.e2e, pytest.mark.long]

TRIGGERED = """
import json, sys
from ratchet.adapters.prefect import server as prefect
from ratchet.adapters.settings import load_settings
from ratchet.domain.errors import RatchetError
prefect.connect(load_settings(sys.argv[1]))
from flows.retrain import retrain
try:
    print(json.dumps(retrain(workspace=sys.argv[1], revision="HEAD", sync=True, trigger="data change").as_dict()))
except RatchetError as error:
    sys.exit(f"{error.fact} {error.remedy}")
"""
"""What a worker does for the deployment `retrain/retrain-on-data-change`."""
LATER = ("could you tell me ", "one more thing, ", "good morning, ", "as i said, ")


class Team:
    """A workspace with a live bot, whose branch a colleague pushes to."""

    def __init__(self, folder: Path) -> None:
        self.patient: Patient = admit(folder / "home")
        self.home, self.origin, self.dev = self.patient.workspace, folder / "origin.git", folder / "dev"
        self.ratchet = self.patient.ratchet
        git(folder, "clone", "--quiet", "--bare", str(self.home), str(self.origin))
        git(self.home, "remote", "add", "origin", str(self.origin))
        git(folder, "clone", "--quiet", str(self.origin), str(self.dev))
        git(self.dev, "config", "user.name", "Colleague")
        git(self.dev, "config", "user.email", "colleague@localhost")

    def push(self, **lines: str) -> str:
        """Push `params.yaml` with other values for keys, of whatever section; returns the commit."""
        for key, value in lines.items():
            change(self.dev / "params.yaml", rf"^  {key}: .*$", f"  {key}: {value}")
        git(self.dev, "commit", "--quiet", "--all", "--message", "Policy")
        git(self.dev, "push", "--quiet")
        return git(self.dev, "rev-parse", "HEAD")

    def triggered(self, code: int = 0) -> Any:
        """What a triggered retrain returns, or (with a code) says."""
        argv = [sys.executable, "-c", TRIGGERED, str(self.home)]
        done = subprocess.run(argv, cwd=ROOT, capture_output=True, text=True, check=False, timeout=300)
        assert done.returncode == code, done.stdout + done.stderr
        return json.loads(done.stdout) if code == 0 else done.stderr.splitlines()[-1]

    def ingest(self, folder: Path, *openings: str) -> None:
        """Take in the bot's messages with other openings, and commit."""
        rows = [
            {"text": f"{opening}{text}", "intent": intent}
            for intent, texts in small_bot.WISHES.items()
            for opening, text in itertools.product(openings, texts)
        ]
        pd.DataFrame(rows).to_csv(folder / "new.csv", index=False)
        self.ratchet("ingest", folder / "new.csv", "--commit")

    def registry(self) -> Registry:
        """The registry."""
        return Registry(self.patient.settings)


@pytest.fixture(scope="module")
def team(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Team]:
    """The team, after its first release."""
    if not (ROOT / "bot" / ".venv").exists():
        pytest.skip("the bot environment is missing: make setup")
    made = Team(tmp_path_factory.mktemp("newest"))
    yield made
    made.patient.stop()


def test_a_triggered_run_uses_the_policy_of_the_commit_that_it_records(team: Team) -> None:
    """Another seed and a question are pushed: the run that follows trains with that seed, and asks."""
    commit = team.push(seed="2", few_examples="30", ask_on_warnings="[few examples]")
    summary = team.triggered()
    assert summary["outcome"] == "asks", summary
    model = team.registry().model(summary["model_version"])
    assert (model.lineage.seed, model.lineage.code_commit) == (2, commit)
    assert any("`few examples`, on which the policy asks" in reason for reason in model.reasons)


def test_a_commit_with_params_that_are_not_valid_stops_the_run_by_name_and_the_next_one_goes_on(
    team: Team,
) -> None:
    """The workspace stays where it was, every other command works, and the corrected commit is taken."""
    before = git(team.home, "rev-parse", "HEAD")
    (seed,) = re.findall(r"(?m)^  seed: (\d+)$", (team.dev / "params.yaml").read_text(encoding="utf-8"))
    wrong = team.push(seed=f"{seed}\n  sede: 1")
    said = team.triggered(code=1)
    assert f"params.yaml of commit {wrong[:8]} has 1 wrong entry: train.sede: no such key" in said
    assert git(team.home, "rev-parse", "HEAD") == before
    assert team.ratchet.json("status")["serving"] is True
    change(team.dev / "params.yaml", r"^  sede: .*\n", "")
    team.push(few_examples="20", ask_on_warnings="[]")
    assert team.triggered()["outcome"] == "unchanged"


def test_going_back_to_older_data_works_as_the_error_says(team: Team, tmp_path: Path) -> None:
    """Data comes in and is released, then its commit is reverted: retrain and validate name one command, which
    works, and the gate judges that the messages are gone.
    """
    team.ingest(tmp_path, *LATER)
    assert team.ratchet.json("retrain")["outcome"] == "released"
    ledger = (team.home / "data" / "ledger.csv").read_bytes()
    git(team.home, "revert", "--no-edit", "HEAD")
    said = " ".join(team.ratchet("retrain", code=1).split())
    (command,) = re.findall(r"Run `ratchet (data restore [0-9a-f]{32} --commit)`", said)
    assert f"`ratchet {command}`" in " ".join(team.ratchet("validate", "--no-review", code=1).split())
    restored = team.ratchet.json(*shlex.split(command))
    assert (restored["messages"], restored["placed"], restored["changed"]) == (120, 0, True)
    assert restored["carried"] > 0
    assert (team.home / "data" / "ledger.csv").read_bytes() == ledger
    assert git(team.home, "status", "--porcelain") == ""
    summary = team.ratchet.json("retrain")
    assert summary["outcome"] == "rejected", summary
    assert any("where a loss of 10.0% is allowed" in reason for reason in summary["reasons"])


def test_after_dvc_gc_the_gate_asks_and_says_why(team: Team, tmp_path: Path) -> None:
    """The champion's ledger and messages are lost: what could not be checked stands in verdict and report."""
    team.ingest(tmp_path, *LATER, "hey there, ")
    gc = [Path(sys.executable).with_name("dvc"), "gc", "--workspace", "--cloud", "--force"]
    subprocess.run(gc, cwd=team.home, check=True, capture_output=True, timeout=120)
    shutil.rmtree(team.home / ".ratchet" / "data")
    summary = team.ratchet.json("retrain")
    assert summary["outcome"] == "asks", summary
    said = " ".join(summary["reasons"])
    for check in ("no message changed its side", "holdout messages got another label"):
        assert check in said
    assert said.count("neither in this machine's cache nor in the remote") == 2
    page = next(team.home.glob(f".ratchet/runs/{summary['run']}/report.md")).read_text()
    assert "Not checked: that no message changed its side" in page
    team.ratchet("approve", summary["model_version"], "--by", "Ana", "--reason", "the data is known")
    assert team.ratchet.json("status")["model_version"] == summary["model_version"]
