"""Failing data check that does not stop training.

A script checked the data, printed what was wrong, and the next line of the build trained all the same: its output went
through `tee`, and a pipe's exit code is that of its last program. Nobody read the log, and the model was released.
"""

from __future__ import annotations

import re
import subprocess

import pandas as pd
import pytest

from ratchet.adapters.corpus import data_folder, dvc
from ratchet.domain.corpus import ledger
from tests.e2e.incidents.team import Team

pytestmark = pytest.mark.e2e

OLD_BUILD = "(echo '3 messages have two labels'; exit 1) | tee /dev/null; echo trained; echo released"


def test_a_build_script_goes_on(team: Team) -> None:
    """The old way: the check fails, the model is trained and released, and the build is green."""
    done = subprocess.run(["sh", "-c", OLD_BUILD], capture_output=True, text=True, check=False)
    assert "trained\nreleased" in done.stdout
    assert done.returncode == 0


def test_a_corpus_with_errors_trains_nothing(team: Team) -> None:
    """Brought in past `ratchet ingest`, with DVC's own means; the run ends before the training, with exit code 1."""
    models = team.models()
    smuggle(
        team, pd.DataFrame({"text": ["may I bring my dog", "is a cat fine"], "intent": "pets", "source": "x"})
    )
    said = team.ratchet("retrain", code=1)
    assert "The corpus cannot be trained on" in said
    assert "fewer than 10 examples" in said
    assert not re.search(r"(?m)^. (split|train)\b", said)
    assert team.models() == models
    assert not list(team.workspace.glob(".ratchet/candidates/*"))
    assert team.answers()


def test_an_ingest_does_not_take_them_in(team: Team) -> None:
    """The usual way in refuses the file, names its rows, and changes nothing."""
    before = team.git("status", "--porcelain")
    file = team.workspace.parent / "pets.csv"
    file.write_text("text,intent\nmay I bring my dog,pets\n,pets\n")
    said = team.ratchet("ingest", file, code=1)
    assert "pets.csv:3" in said
    assert "Refused" in said
    assert team.git("status", "--porcelain") == before


def smuggle(team: Team, rows: pd.DataFrame) -> None:
    """Put rows into the corpus unchecked, with sides, pushed and committed."""
    settings = team.settings
    params, workspace = settings.params, settings.workspace
    store = data_folder.open_store(workspace, settings.state, params.corpus, params.split)
    frame = pd.concat([store.frame, rows], ignore_index=True)[params.corpus.columns].fillna("")
    staging = data_folder.staging(workspace)
    sides = ledger.assign(frame, store.ledger, params.split, "2026-11-22")
    data_folder.write(staging, frame, sides, params.split)
    pointer = dvc.add(workspace, staging)
    dvc.push(workspace, pointer.revision)
    data_folder.swap(workspace, pointer)
    team.commit("Data, unchecked")
