"""Out to other tools and back: what they export is read, a guess is never a label, no cell is a formula."""

from __future__ import annotations

import json
from pathlib import Path
from xml.etree import ElementTree

import pandas as pd
import pytest

from ratchet.adapters.readers import sources
from ratchet.adapters.readers.reading import Columns
from ratchet.domain.corpus.policies import CorpusPolicy
from ratchet.domain.operations import label_exports
from ratchet.domain.operations.label_imports import plan
from ratchet.domain.operations.labelling import Mark, key_of
from ratchet.domain.operations.worklist import Message
from tests.adapters.page.hostile import TEXTS

POLICY = CorpusPolicy(context={"role": None})


def message(text: str, role: str = "", intent: str = "") -> Message:
    """A message, labelled by Ana where it has an intent."""
    mark = Mark(intent, "Ana") if intent else Mark()
    key = key_of(text.lower(), [role])
    return Message(key, text, {"role": role}, "leave", "", ("leave",), 0.5, mark=mark)


MESSAGES = [message("open one"), message("a laptop", "intern", "laptop")]


def read(path: Path) -> pd.DataFrame:
    """Read a file as `ratchet ingest` does."""
    return sources.read([path], POLICY, Columns()).frame


@pytest.mark.parametrize("make", [label_exports.label_studio, label_exports.doccano])
def test_what_has_a_label_comes_back_with_it(make: object, tmp_path: Path) -> None:
    """And a message without one does not come back with the bot's guess."""
    path = tmp_path / "export.json"
    assert callable(make)
    path.write_text(json.dumps(make(MESSAGES)), encoding="utf-8")
    frame = read(path)
    assert frame[["text", "intent", "role"]].to_numpy().tolist() == [["a laptop", "laptop", "intern"]]


def test_argilla_gets_suggestions_and_its_answers_come_back(tmp_path: Path) -> None:
    """A label of ours is a suggestion there, by the name of who gave it; only what people answer there is a label."""
    records = label_exports.argilla(MESSAGES)
    assert [one["suggestions"]["intent"]["agent"] for one in records] == ["bot", "Ana"]
    path = tmp_path / "records.json"
    answered = [
        {**one, "responses": {"intent": [{"value": "laptop", "user_id": "u"}]}} for one in records[:1]
    ]
    path.write_text(json.dumps([*answered, records[1]]), encoding="utf-8")
    frame = read(path)
    assert frame[["text", "intent"]].to_numpy().tolist() == [["open one", "laptop"]]


def test_the_interface_for_label_studio_holds_any_intent() -> None:
    """As XML that says just these choices, about the names that the tasks have."""
    names = ["leave", '"><x y="&']
    root = ElementTree.fromstring(label_exports.label_studio_interface(names))
    [choices] = root.iter("Choices")
    assert [one.attrib["value"] for one in choices] == names
    result = label_exports.choice("leave")[0]
    assert (choices.attrib["name"], choices.attrib["toName"]) == (result["from_name"], result["to_name"])


@pytest.mark.parametrize(
    "text", [*TEXTS, "=1+1", "+1", "-5 degrees", "@SUM(A1)", "'=1", "''-x", "'quoted'", "\t=1"]
)
def test_no_cell_is_a_formula_and_each_comes_back(text: str) -> None:
    """A spreadsheet gets an apostrophe, which goes again on the way back."""
    cell = label_exports.guarded(text)
    assert not cell.startswith(label_exports.FORMULA)
    assert label_exports.unguarded(cell) == text


def row(text: str, intent: str, role: str = "") -> dict[str, str]:
    """A row of a file."""
    return {"text": text, "intent": intent, "role": role}


def test_labels_go_to_the_messages_that_they_are_about() -> None:
    """In any writing; a row without a context is about the text in whatever context it is; others are no message."""
    found = plan(
        [
            row("Open one!", "leave"),
            row("A LAPTOP", "leave"),
            row("never seen", "laptop"),
            row("x", ""),
            row("", "leave"),
        ],
        MESSAGES,
        ["leave", "laptop"],
        ["role"],
    )
    assert found.labels == {MESSAGES[0].key: "leave"}
    assert [one["text"] for one in found.others] == ["never seen"]
    assert (found.kept, found.same, found.unlabelled) == (1, 0, 2)
    assert plan([row("a laptop", "laptop", "intern")], MESSAGES, ["laptop"], ["role"]).same == 1


def test_another_context_is_another_message() -> None:
    """What a manager wrote is not what an intern wrote."""
    found = plan([row("a laptop", "leave", "manager")], MESSAGES, ["leave"], ["role"])
    assert found.labels == {}
    assert len(found.others) == 1


def test_unknown_intents_and_two_labels_are_named() -> None:
    """A typing error makes no intent, and no row decides against another."""
    found = plan(
        [row("open one", "leve"), row("open one", "leave"), row("new", "leave"), row("new!", "laptop")],
        MESSAGES,
        ["leave", "laptop"],
        ["role"],
    )
    assert found.unknown == ["leve"]
    assert found.twice == ["open one", "new!"]
