"""The corpus commands as a user types them, on the example's messages."""

from __future__ import annotations

import html
import json
import shutil
from collections.abc import Iterator
from pathlib import Path

import pandas as pd
import pytest

from tests.corpora import data_workspace, git
from tests.e2e.cli import ROOT, Ratchet

pytestmark = pytest.mark.e2e


MESSAGES = 4_384
"""So many of the example's messages differ in their text, and one that is planted."""


@pytest.fixture(scope="module")
def table(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A table as people have it: the example's texts and intents, each text once, and a near-duplicate."""
    file = tmp_path_factory.mktemp("table") / "messages.csv"
    corpus = pd.read_csv(ROOT / "examples" / "helpdesk" / "data" / "utterances.csv", dtype=str)
    rows = corpus.drop_duplicates("text")[["text", "intent"]]
    longest = max(rows.loc[rows["intent"] == "report_phishing", "text"], key=len)
    planted = pd.DataFrame({"text": [f"{longest} ok"], "intent": ["reset_password"]})
    pd.concat([rows, planted]).to_csv(file, index=False)
    return file


@pytest.fixture(scope="module")
def ratchet(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Ratchet]:
    """A workspace without a corpus; the tests of this file go through its life in their order."""
    ratchet = Ratchet(data_workspace(tmp_path_factory.mktemp("ingest") / "bot-team").workspace)
    yield ratchet
    ratchet("stop")


def test_a_table_comes_in_and_is_committed(ratchet: Ratchet, table: Path) -> None:
    """Each message once, whatever its context; the commit says what came in."""
    result = ratchet.json("ingest", table, "--commit")
    assert (result["accepted"], result["added"]) == (True, MESSAGES)
    subject = git(ratchet.workspace, "log", "-1", "--format=%s")
    assert subject == f"Data: {MESSAGES:,} messages in from messages.csv"
    assert git(ratchet.workspace, "status", "--porcelain") == ""


def test_the_same_file_again_changes_nothing(ratchet: Ratchet, table: Path) -> None:
    """An ingest can be run twice."""
    before = (ratchet.workspace / "data.dvc").read_bytes()
    assert "Nothing new" in ratchet("ingest", table)
    assert (ratchet.workspace / "data.dvc").read_bytes() == before


def test_a_file_that_contradicts_the_corpus_is_refused(ratchet: Ratchet, table: Path, tmp_path: Path) -> None:
    """Ten messages under another intent than before: named on the page, and nothing changes."""
    wrong = pd.read_csv(table, dtype=str, keep_default_na=False)
    wrong = wrong[wrong["intent"] == "reset_password"][:10].assign(intent="report_phishing")
    file = tmp_path / "wrong.csv"
    wrong.to_csv(file, index=False)
    before = (ratchet.workspace / "data.dvc").read_bytes()
    assert "conflicting intents" in ratchet("validate", "--no-review", file, code=1)
    page = ratchet.workspace / ".ratchet" / "validation" / "validation.html"
    assert html.escape(wrong["text"].iloc[0]) in page.read_text()
    assert "Refused" in ratchet("ingest", file, code=1)
    assert (ratchet.workspace / "data.dvc").read_bytes() == before


def test_labels_are_reviewed(ratchet: Ratchet) -> None:
    """The corpus itself is checked; suspected label errors are listed and do not block."""
    printed = ratchet("validate")
    assert "near-duplicates across intents" in printed
    assert "suspected label errors" in printed


def test_planted_faults_are_named_with_row_and_text(ratchet: Ratchet, tmp_path: Path) -> None:
    """One of each in a file: each is named, personal data masked."""
    lines = [
        "text,intent",
        ",reset_password",
        "NaN,reset_password",
        "where is it,",
        "bell \x07 rings,reset_password",
        "write to joe@corp.com,reset_password",
        "is it here,reset_password",
        "is it here,report_phishing",
        "one of a kind,lonely_intent",
    ]
    (tmp_path / "new.csv").write_text("\n".join(lines) + "\n")
    printed = ratchet("ingest", tmp_path / "new.csv", code=1)
    for rule, place in [
        ("empty text", "new.csv:2"),
        ("null-like text", "new.csv:3"),
        ("empty intent", "new.csv:4"),
        ("control characters", "new.csv:5"),
        ("personal data", "new.csv:6"),
        ("conflicting intents", "new.csv:8"),
        ("too few examples", "new.csv:9"),
    ]:
        assert rule in printed, rule
        assert place in printed, place
    assert "joe@corp.com" not in printed
    page = next((ratchet.workspace / ".ratchet" / "runs").glob("*/validation.html"))
    assert "joe@corp.com" not in page.read_text()


def test_a_correction_by_hand_is_taken_in_and_shown(ratchet: Ratchet) -> None:
    """Edit data/utterances.csv, ingest without a file, and see the difference."""
    path = ratchet.workspace / "data" / "utterances.csv"
    corpus = pd.read_csv(path, dtype=str, keep_default_na=False)
    first = corpus["text"].iloc[0]
    corpus.loc[0, "intent"] = "report_phishing"
    corpus.drop(index=1).to_csv(path, index=False)
    assert ratchet.json("ingest", "--commit")["removed"] == 1  # a relabelled row is not one removed
    found = ratchet.json("data", "diff", "HEAD~1")
    assert sorted(change["kind"] for change in found["changes"]) == ["relabelled", "removed"]
    assert found["sides_before"]["test"] - found["sides_after"]["test"] in (0, 1)
    assert first in ratchet("data", "show", "report_phishing")


def test_mistakes_of_use_have_one_clear_error(ratchet: Ratchet, tmp_path: Path) -> None:
    """Usage errors end with 2, others with 1; a near name is suggested."""
    assert "Did you mean reset_password" in ratchet("data", "show", "reset_pasword", code=1)
    assert "not of the form" in ratchet("ingest", "x.csv", "--context", "role", code=2)
    assert "does not exist" in ratchet("ingest", tmp_path / "none.csv", code=1)
    assert "Git knows no revision" in ratchet("data", "diff", "no-such", code=1)


def test_the_remote_moves_to_another_folder(ratchet: Ratchet, tmp_path: Path) -> None:
    """The data goes along; afterwards the old remote is not needed."""
    assert "was copied there" in ratchet("remote", "set", tmp_path / "share")
    shutil.rmtree(ratchet.workspace / ".ratchet" / "remote")
    shutil.rmtree(ratchet.workspace / ".dvc" / "cache")
    shutil.rmtree(ratchet.workspace / "data")
    assert json.loads(json.dumps(ratchet.json("ingest")))["messages"] == MESSAGES - 1
