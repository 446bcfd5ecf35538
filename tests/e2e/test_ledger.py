"""The ledger as people meet it: every intent is trained, the holdout can be retired, different emoji are different.

The tests of this file go through one life of one workspace, in their order.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pandas as pd
import pytest

from ratchet.adapters.corpus import data_folder, data_revisions, dvc
from ratchet.adapters.settings import load_settings
from ratchet.domain.corpus import ledger
from ratchet.domain.corpus.ledger import Split
from tests.corpora import git, rows, write_csv
from tests.e2e.cli import ROOT, Ratchet
from tests.e2e.kills.admission import admit
from tests.e2e.kills.patient import change

pytestmark = [pytest.mark.e2e, pytest.mark.long]

TABLES = Path(__file__).parent / "tables"
TEMPLATED, EMOJI = TABLES / "templated.csv", TABLES / "emoji.csv"
STOPS = (
    "north",
    "south",
    "east",
    "west",
    "old",
    "new",
    "upper",
    "lower",
    "inner",
    "outer",
    "little",
    "great",
)
SHUTTLE = [f"when does the next company shuttle leave from the {stop} gate" for stop in STOPS]


@pytest.fixture(scope="module")
def ratchet(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Ratchet]:
    """A workspace whose first release was trained with messages from templates and with emoji."""
    if not (ROOT / "bot" / ".venv").exists():
        pytest.skip("the bot environment is missing: make setup")

    def prepare(workspace: Path) -> None:
        Ratchet(workspace)("ingest", TEMPLATED, EMOJI)

    patient = admit(tmp_path_factory.mktemp("ledger") / "bot", prepare)
    yield patient.ratchet
    patient.ratchet("stop")


def corpus(ratchet: Ratchet) -> Split:
    """The messages of the working tree by side."""
    found = data_revisions.read_revision(load_settings(ratchet.workspace), None)
    return ledger.split(found.frame, found.ledger, load_settings(ratchet.workspace).params.split)


def sides(ratchet: Ratchet, intent: str) -> tuple[int, int]:
    """How many messages of an intent are trained on and held out."""
    found = corpus(ratchet)
    return int((found.train["intent"] == intent).sum()), int((found.holdout["intent"] == intent).sum())


def limits(ratchet: Ratchet, percent: int, rest: int) -> None:
    """Set how much of the holdout may be retired."""
    params = ratchet.workspace / "params.yaml"
    change(params, r"^    max_percent: .*$", f"    max_percent: {percent}")
    change(params, r"^    min_holdout_rows: .*$", f"    min_holdout_rows: {rest}")


def test_intents_from_templates_are_trained_and_recognised(ratchet: Ratchet) -> None:
    """All messages of each resemble the first, which goes to training; the released bot knows both intents."""
    assert (sides(ratchet, "book_table"), sides(ratchet, "weather")) == ((45, 0), (20, 0))
    url = f"http://127.0.0.1:{load_settings(ratchet.workspace).port}/chat"
    for text, intent in (
        ("please book a table for 4 people at 11 pm", "book_table"),
        ("what will the weather be like tomorrow morning in the city of Hamburg", "weather"),
    ):
        answer = httpx.post(url, json={"sender": intent, "message": text}, trust_env=False).json()
        assert answer["intent"]["name"] == intent


def test_intents_that_no_verdict_looks_at_are_named_everywhere(ratchet: Ratchet) -> None:
    """In the validation, the summary, the report and the verdict's reasons, with their share of the messages."""
    (report,) = ratchet.workspace.glob(".ratchet/runs/*/report.html")
    (summary,) = (
        pd.read_json(path, typ="series") for path in ratchet.workspace.glob(".ratchet/runs/*/summary.json")
    )
    assert summary["unjudged"] == {
        "book_table": pytest.approx(45 / 209, abs=1e-3),
        "weather": pytest.approx(20 / 209, abs=1e-3),
    }
    assert any("`weather` (20 messages, 9.6% of all)" in reason for reason in summary["reasons"])
    assert "Intents that no verdict looks at" in report.read_text(encoding="utf-8")
    assert "warning unjudged intents" in ratchet("validate", "--no-review")
    assert "weather (20 messages, 9.6%)" in " ".join(ratchet("data", "show").split())


def test_different_emoji_have_keys_of_their_own(ratchet: Ratchet) -> None:
    """24 emoji of two opposite intents, all written with U+FE0F; the ledger says which normal form it has."""
    found = corpus(ratchet)
    rows_ = pd.concat([found.train, found.holdout])
    emoji = rows_[rows_["intent"].isin(["happy", "unhappy"])]
    assert emoji["key"].nunique() == len(emoji) == 24
    assert found.holdout["intent"].isin(["happy", "unhappy"]).sum() == 6
    assert "version 2: the newest" in " ".join(ratchet("data", "show").split())


def all_held_out(ratchet: Ratchet, intent: str, texts: list[str]) -> None:
    """Take in messages as older versions did: all of them held out."""
    settings = load_settings(ratchet.workspace)
    params = settings.params
    store = data_folder.open_store(settings.workspace, settings.state, params.corpus, params.split)
    fresh = pd.DataFrame({"text": texts, "intent": intent, "source": "old"}, dtype="str")
    frame = pd.concat([store.frame, fresh]).reindex(columns=params.corpus.columns, fill_value="")
    book = ledger.assign(frame, store.ledger, params.split, "2026-01-01")
    new = book.index >= len(store.ledger)
    staging = data_folder.staging(settings.workspace)
    data_folder.write(staging, frame, book.assign(side=book["side"].mask(new, "test")), params.split)
    pointer = dvc.add(settings.workspace, staging)
    dvc.push(settings.workspace, pointer.revision)
    data_folder.swap(settings.workspace, pointer)
    git(settings.workspace, "commit", "-qam", "Data")


def test_an_intent_that_is_all_held_out_stops_the_retrain_and_the_named_command_mends_it(
    ratchet: Ratchet,
) -> None:
    """The error names the intent; the remedy is followed to the letter, and the next retrain goes on."""
    all_held_out(ratchet, "shuttle", SHUTTLE)
    limits(ratchet, 100, 10)
    said = ratchet("retrain", code=1)
    assert "`shuttle` (12 messages, 12 of them held out)" in " ".join(said.split())
    (command,) = re.findall(r"`ratchet (data retire [^`]+)`", said)
    refused = ratchet(*command.split(), code=2)
    assert "12 messages from the holdout to training: shuttle (12)" in refused
    assert "Add --yes" in refused
    assert sides(ratchet, "shuttle") == (0, 12)
    ratchet(*command.split(), "--yes", "--commit", "--reason", "never trained")
    assert sides(ratchet, "shuttle") == (12, 0)
    assert "retired" in ratchet("data", "diff", "HEAD~1")


def test_the_first_verdict_after_a_retirement_asks_and_names_the_messages(ratchet: Ratchet) -> None:
    """It is a person's to say that they are not what failed."""
    summary = ratchet.json("retrain")
    assert summary["outcome"] == "asks"
    (said,) = [one for one in summary["reasons"] if "12 messages (12 texts) went from the holdout" in one]
    assert SHUTTLE[0][:30] in Path(summary["report"]).read_text(encoding="utf-8")
    assert "never trained" in said
    question = ratchet.json("status")["question"]
    assert question["version"] == summary["model_version"]
    assert f"`ratchet approve {question['version']} --by NAME --reason TEXT`" in question["sentence"]


def test_an_ingest_does_not_make_a_worn_holdout_new(ratchet: Ratchet, tmp_path: Path) -> None:
    """After two verdicts, with one allowed: fresh messages come in, and exactly the old rows are worn and retired."""
    change(ratchet.workspace / "params.yaml", r"^    max_decisions: .*$", "    max_decisions: 1")
    worn = ratchet("data", "retire", "--worn", "--json", code=1)
    assert "Ingest more messages first" in worn
    old = len(corpus(ratchet).holdout)
    ratchet("ingest", write_csv(tmp_path / "fresh.csv", rows("fresh", 60)))
    now: dict[str, Any] = ratchet.json("data", "retire", "--worn")
    assert (now["rows"], now["holdout"]) == (old, old + 15)
    ratchet("data", "retire", "--worn", "--yes")
    assert set(corpus(ratchet).holdout["intent"]) == {"fresh"}
