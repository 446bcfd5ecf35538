"""The steps of an ingest, as its flow takes them: what a reader did is in the result, the page and the commit."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from ratchet.adapters.readers.reading import Columns
from ratchet.adapters.settings import Settings, load_settings
from ratchet.domain.corpus.intake import Intake
from ratchet.domain.errors import RatchetError
from tasks.corpus.account import account
from tasks.corpus.assign import assign
from tasks.corpus.commit import commit
from tasks.corpus.cover import cover
from tasks.corpus.load import load
from tasks.corpus.put_away import put_away
from tasks.corpus.read import read
from tasks.corpus.remember import remember
from tasks.corpus.store import store
from tasks.corpus.take import take
from tests.corpora import data_workspace, git, rows


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    """A workspace without a corpus, in a folder whose name has a space and an umlaut."""
    return data_workspace(tmp_path / "Büro bot")


def ingest(settings: Settings, file: Path, columns: Columns, drop_faulty: bool = False) -> Intake:
    """Go through the flow's steps, in its order, and commit."""
    return through(settings, [str(file)], columns, drop_faulty)


def by_hand(settings: Settings) -> Intake:
    """Take in what was edited in `data/`."""
    return through(settings, [], Columns())


def through(settings: Settings, files: list[str], columns: Columns, drop_faulty: bool = False) -> Intake:
    """Go through the flow's steps."""
    run: Any = SimpleNamespace(settings=settings, folder=settings.runs / "r")
    before = load.fn(run)
    reading = read.fn(run, files, columns)
    taken = take.fn(run, before, reading, False, drop_faulty, True)
    if not taken.accepted:
        return account.fn(run, files, before, taken, reading.extras)
    assigned = assign.fn(run, taken.merged.frame, before.ledger, "2026-01-01")
    taken = cover.fn(run, before, taken, assigned)
    assert taken.accepted, taken.report.errors
    revision = store.fn(run, taken.merged.frame, assigned.ledger, reading.extras)
    result = account.fn(run, files, before, taken, reading.extras, assigned.ledger, revision)
    commit.fn(run, result.message(), remember.fn(run, files, columns))
    return result


def export(path: Path, faulty: str = "") -> Path:
    """A table in Windows-1250 with headings of its own, a title above, HTML, and repeated rows."""
    made = [(row["text"], row["intent"]) for name in ("urlop", "laptop") for row in rows(name, 12)]
    lines = [f"{text} proszę;{intent}" for text, intent in made]
    more = [*['"Sk&#39;d łącze żółte";urlop'] * 2, *([faulty] if faulty else [])]
    path.write_bytes("\n".join(["Eksport z maja", "", "Pytanie;Temat", *lines, *more]).encode("cp1250"))
    return path


def test_the_account_is_in_the_result_the_page_and_the_commit(settings: Settings, tmp_path: Path) -> None:
    """Guessed, left out, repaired: each with its number; the source is remembered in the same commit."""
    result = ingest(settings, export(tmp_path / "eksport 1.csv"), Columns("Pytanie", "Temat"))
    rules = {one["rule"]: one["count"] for one in result.as_dict()["report"]["account"]}
    assert rules["guessed encoding"] == 2
    assert {name: rules[name] for name in ("left out", "HTML undone", "repeated rows left out")} == {
        "left out": 1,
        "HTML undone": 2,
        "repeated rows left out": 1,
    }
    page = Path(result.page).read_text(encoding="utf-8")
    body = git(settings.workspace, "log", "-1", "--format=%B")
    for said in ("not UTF-8; read as Windows-1250", "1 row above the header left out", "2 texts with HTML"):
        assert said in page
        assert f"{said}" in body
    assert body.startswith("Data: 25 messages in from eksport 1.csv")
    assert git(settings.workspace, "status", "--porcelain") == ""
    assert "sources:" in git(settings.workspace, "show", "HEAD:params.yaml")
    again = load_settings(settings.workspace)
    assert ingest(again, export(tmp_path / "eksport 2.csv"), Columns()).added == 0


def test_an_intent_that_was_renamed_by_hand_is_said_to_be(settings: Settings, tmp_path: Path) -> None:
    """In the headline and the figures: its messages neither came nor went; what else was edited is counted beside."""
    ingest(settings, export(tmp_path / "a.csv"), Columns("Pytanie", "Temat"))
    path = settings.workspace / "data" / "utterances.csv"
    path.write_text(path.read_text(encoding="utf-8").replace(",laptop,", ",notebook,"), encoding="utf-8")
    result = by_hand(load_settings(settings.workspace))
    assert result.headline() == "Data: renamed laptop → notebook (12 of 12) by hand"
    assert (result.added, result.removed, result.relabelled, result.moved) == (0, 0, 12, 12)
    assert git(settings.workspace, "log", "-1", "--format=%s").strip() == result.headline()
    lines = path.read_text(encoding="utf-8").splitlines()
    assert ",notebook," in lines[-2]
    path.write_text(
        "\n".join([*lines[:-2], lines[-2].replace(",notebook,", ",urlop,"), ""]), encoding="utf-8"
    )
    assert by_hand(load_settings(settings.workspace)).headline() == "Data: 1 relabelled, 1 removed by hand"


def test_params_with_changes_of_its_own_is_not_committed(settings: Settings, tmp_path: Path) -> None:
    """A person's unfinished edit is theirs to commit; the source is remembered beside it."""
    params = settings.workspace / "params.yaml"
    params.write_text(params.read_text() + "train:\n  seed: 7\n")
    ingest(load_settings(settings.workspace), export(tmp_path / "a.csv"), Columns("Pytanie", "Temat"))
    assert git(settings.workspace, "status", "--porcelain").strip() == "M params.yaml"
    assert load_settings(settings.workspace).params.sources


def test_a_refused_file_changes_nothing_and_its_good_rows_can_come_in(
    settings: Settings, tmp_path: Path
) -> None:
    """Two intents in a cell: nothing, not even the source, is kept; with drop-faulty the row is accounted for."""
    file = export(tmp_path / "a.csv", "jedno i drugie;urlop|laptop")
    refused = ingest(settings, file, Columns("Pytanie", "Temat"))
    assert not refused.accepted
    assert [(one.rule, one.rows) for one in refused.report.errors] == [("several intents", ("a.csv:30",))]
    assert refused.report.unread == 1
    assert git(settings.workspace, "status", "--porcelain") == ""
    result = ingest(settings, file, Columns("Pytanie", "Temat"), drop_faulty=True)
    assert (result.added, result.left_out) == (25, 1)
    assert "1 row with several intents in one cell" in git(settings.workspace, "log", "-1", "--format=%B")


def test_what_the_inbox_refuses_says_why_and_where(settings: Settings, tmp_path: Path) -> None:
    """The run's last sentence, which the alert repeats: file, reason, place, next step."""
    for name, content in (("a.pdf", "x"), ("b.csv", "text,intent\nhello,\n")):
        file = tmp_path / name
        file.write_text(content)
        run: Any = SimpleNamespace(settings=settings, folder=settings.runs / "r")
        came: Any
        try:
            came = ingest(settings, file, Columns())
        except RatchetError as error:
            came = error
        said = put_away.fn(run, str(file), came)
        assert said.startswith(f"{name} was refused: ")
        assert f"It is in {tmp_path / 'refused' / name}" in said
        assert list((tmp_path / "refused").glob(f"{name}.report.*"))
