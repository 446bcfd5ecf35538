"""Forgotten DVC push.

A colleague put new data under DVC, committed the pointer, pushed the commit, and forgot `dvc push`. The data was on her
laptop only: every build failed, and when the laptop was set up anew the data of a model in service was lost.
"""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from flows import monitor
from tests.e2e.incidents.team import NEW_INTENT, Team, messages
from tests.fakes.receiver import receiving

pytestmark = pytest.mark.e2e

DVC = Path(sys.executable).with_name("dvc")


def dvc(folder: Path, *words: str | Path) -> subprocess.CompletedProcess[str]:
    """Run DVC's own command."""
    argv = [DVC, *map(str, words)]
    return subprocess.run(argv, cwd=folder, capture_output=True, text=True, check=False, timeout=120)


@pytest.fixture
def clone(team: Team, tmp_path: Path) -> Path:
    """The build server's clone, with the team's remote."""
    team.git("clone", "-q", str(team.workspace), str(tmp_path / "clone"), cwd=tmp_path)
    remote = team.workspace / ".ratchet" / "remote"
    dvc(tmp_path / "clone", "remote", "modify", "--local", "storage", "url", remote)
    return tmp_path / "clone"


def test_a_forgotten_push_is_refused_and_told(
    team: Team, clone: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The old way breaks the others' clones; a retrain here does not begin to use such data, and the monitor tells."""
    with (team.workspace / "data" / "utterances.csv").open("a", encoding="utf-8") as file:
        file.write("a lady is at the front desk for me,register_visitor,laptop\n")
    assert dvc(team.workspace, "add", "data").returncode == 0
    commit = team.commit("New data")
    team.git("pull", "-q", cwd=clone)
    pulled = dvc(clone, "pull")
    assert pulled.returncode != 0  # the old way: the others find out

    models = team.models()
    said = team.ratchet("retrain", code=1)
    assert "is not in the DVC remote. Put it there: `dvc push`" in " ".join(said.split())
    assert team.models() == models
    with receiving() as receiver:
        monkeypatch.setenv("RATCHET_ALERT_URLS", receiver.url)
        for _ in range(2):
            monitor.once(str(team.workspace))
        assert ("begin", "data not pushed") in receiver.told()
    assert team.git("rev-parse", "HEAD") == commit
    assert team.answers()


def test_ratchets_ingest_pushes_before_it_commits(team: Team, clone: Path) -> None:
    """The commit that an ingest makes can be pulled at once, by anybody."""
    team.ingest(messages([NEW_INTENT], 1))
    team.git("pull", "-q", cwd=clone)
    pulled = dvc(clone, "pull")
    assert pulled.returncode == 0, pulled.stderr
    assert (clone / "data" / "utterances.csv").read_bytes() == (
        team.workspace / "data" / "utterances.csv"
    ).read_bytes()
