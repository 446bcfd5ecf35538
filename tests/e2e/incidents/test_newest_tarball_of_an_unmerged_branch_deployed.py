"""The newest tarball of an unmerged branch deployed.

Models lay in one folder, and the deployment took the newest, as Rasa itself does when it is given a folder. A colleague
tried something on a branch, her model was the newest, and the next restart put an experiment before users.
"""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

import pytest

from tests.e2e.cli import ROOT
from tests.e2e.incidents.team import FIRST_INTENTS, Team, messages

pytestmark = pytest.mark.e2e

NEWEST = "import sys; from rasa.model import get_latest_model; print(get_latest_model(sys.argv[1]))"


def test_the_newest_model_is_the_experiment_and_it_is_not_released(team: Team, tmp_path: Path) -> None:
    """Rasa would take it; Ratchet refuses it, in the retrain that made it and when it is named."""
    live = team.live()
    team.git("checkout", "-q", "-b", "experiment")
    team.ingest(messages(FIRST_INTENTS, 2)[:60])
    team.go_to("main")
    said = team.ratchet("retrain", "--revision", "experiment", code=1)
    assert "which the checked-out branch never had" in " ".join(said.split())
    experiment = team.models()[-1]
    assert experiment.version != live.model_version
    assert experiment.decision == "promote"
    assert (
        newest_of(team, tmp_path, [live.model_version, experiment.version]) == f"{experiment.version}.tar.gz"
    )

    assert "never had" in " ".join(team.ratchet("release", experiment.version, code=1).split())
    assert team.live().id == live.id
    assert team.answers()


def newest_of(team: Team, folder: Path, versions: list[str]) -> str:
    """Which of these models Rasa serves when it is given a folder of them, made in this order."""
    for hour, version in enumerate(versions):
        copy = folder / f"{version}.tar.gz"
        shutil.copyfile(team.registry.archive(team.registry.model(version)), copy)
        os.utime(copy, (3600 * (hour + 1), 3600 * (hour + 1)))
    argv = [ROOT / "bot" / ".venv" / "bin" / "python", "-c", NEWEST, folder]
    done = subprocess.run(argv, check=True, capture_output=True, text=True, timeout=60)
    return Path(done.stdout.strip()).name
