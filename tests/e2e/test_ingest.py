"""The corpus commands as a user types them, on the public data sets."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from benchmarks import public
from tests.corpora import data_workspace, git
from tests.e2e.cli import Ratchet

pytestmark = pytest.mark.e2e


@pytest.fixture(scope="module")
def ratchet(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Ratchet]:
    """A workspace without a corpus; the tests of this file go through its life in their order."""
    if not public.folder().is_dir():
        pytest.skip(f"the public data sets are not in {public.folder()}: set RATCHET_PUBLIC_DATA")
    ratchet = Ratchet(data_workspace(tmp_path_factory.mktemp("ingest") / "bot-team").workspace)
    yield ratchet
    ratchet("stop")


def test_a_public_set_comes_in_and_is_committed(ratchet: Ratchet) -> None:
    """13,083 rows, of which 12 repeat others; the commit says what came in."""
    result = ratchet.json("ingest", public.path("banking77"), "--commit")
    assert (result["accepted"], result["added"]) == (True, 13_071)
    assert git(ratchet.workspace, "log", "-1", "--format=%s") == "Data: 13,071 messages in from banking77.csv"
    assert git(ratchet.workspace, "status", "--porcelain") == ""


def test_the_same_file_again_changes_nothing(ratchet: Ratchet) -> None:
    """An ingest can be run twice."""
    before = (ratchet.workspace / "data.dvc").read_bytes()
    assert "Nothing new" in ratchet("ingest", public.path("banking77"))
    assert (ratchet.workspace / "data.dvc").read_bytes() == before


def test_the_real_faults_of_clinc150_are_named(ratchet: Ratchet) -> None:
    """Four of its texts stand under two intents, others contradict BANKING77; refused, and nothing changes."""
    before = (ratchet.workspace / "data.dvc").read_bytes()
    printed = ratchet("validate", "--no-review", public.path("clinc150"), code=1)
    assert "conflicting intents" in printed
    page = ratchet.workspace / ".ratchet" / "validation" / "validation.html"
    assert "turn up your volume" in page.read_text()
    assert "Refused" in ratchet("ingest", public.path("clinc150"), code=1)
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
        ",card_arrival",
        "NaN,card_arrival",
        "where is it,",
        "bell \x07 rings,card_arrival",
        "write to joe@corp.com,card_arrival",
        "is it here,card_arrival",
        "is it here,lost_or_stolen_card",
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
    lines = path.read_text().splitlines(keepends=True)
    lines[1] = lines[1].replace("card_arrival", "card_linking")
    path.write_text("".join([*lines[:2], *lines[3:]]))
    assert ratchet.json("ingest", "--commit")["removed"] == 2
    found = ratchet.json("data", "diff", "HEAD~1")
    assert sorted(change["kind"] for change in found["changes"]) == ["relabelled", "removed"]
    assert found["sides_before"]["test"] - found["sides_after"]["test"] in (0, 1)
    assert "still waiting on my card" in ratchet("data", "show", "card_linking")


def test_mistakes_of_use_have_one_clear_error(ratchet: Ratchet, tmp_path: Path) -> None:
    """Usage errors end with 2, others with 1; a near name is suggested."""
    assert "Did you mean card_arrival" in ratchet("data", "show", "card_arival", code=1)
    assert "not of the form" in ratchet("ingest", "x.csv", "--context", "role", code=2)
    assert "does not exist" in ratchet("ingest", tmp_path / "none.csv", code=1)
    assert "Git knows no revision" in ratchet("data", "diff", "no-such", code=1)


def test_the_remote_moves_to_another_folder(ratchet: Ratchet, tmp_path: Path) -> None:
    """The data goes along; afterwards the old remote is not needed."""
    assert "was copied there" in ratchet("remote", "set", tmp_path / "share")
    shutil.rmtree(ratchet.workspace / ".ratchet" / "remote")
    shutil.rmtree(ratchet.workspace / ".dvc" / "cache")
    shutil.rmtree(ratchet.workspace / "data")
    assert json.loads(json.dumps(ratchet.json("ingest")))["messages"] == 13_070
