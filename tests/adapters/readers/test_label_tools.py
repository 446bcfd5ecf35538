"""Exports of annotation tools are read as their tool means them: a reject or a skip is no label."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from ratchet.adapters.readers import sources
from ratchet.adapters.readers.reading import Columns, Reading
from ratchet.domain.corpus.corpus import CorpusPolicy
from ratchet.domain.errors import RatchetError

POLICY = CorpusPolicy(context={"role": None})


def read(path: Path, objects: Any, **columns: Any) -> Reading:
    """Write objects, as lines or as an array by the file's ending, and read them."""
    lines = "\n".join(map(json.dumps, objects))
    path.write_text(lines if path.suffix == ".jsonl" else json.dumps(objects, indent=1))
    return sources.read([path], POLICY, Columns(**columns))


def pairs(reading: Reading) -> list[tuple[str, str]]:
    """Texts with their intents."""
    return list(zip(reading.frame["text"], reading.frame["intent"], strict=True))


def counted(reading: Reading) -> dict[str, int]:
    """What was left out, by its sentence without the file."""
    return {one.sentence.partition(": ")[2]: one.count for one in (*reading.account, *reading.faults)}


def test_doccano(tmp_path: Path) -> None:
    """One label is the intent, several are refused, none is left out; entities become markup."""
    found = read(
        tmp_path / "a.jsonl",
        [
            {"id": 1, "text": "where is it", "label": ["tracking"], "role": "boss"},
            {"id": 2, "text": "hello, money back", "label": ["greet", "refund"]},
            {"id": 3, "text": "not yet", "label": []},
            {"id": 4, "text": "a red shirt", "cats": ["order"], "entities": [[2, 5, "colour"]]},
            {"id": 5, "data": "older export", "label": ["greet"]},
        ],
    )
    assert pairs(found) == [
        ("where is it", "tracking"),
        ("a [red](colour) shirt", "order"),
        ("older export", "greet"),
    ]
    assert found.frame["role"].tolist() == ["boss", "", ""]
    assert found.faults[0].lines() == [("a.jsonl:2", "hello, money back  (greet 1, refund 1)")]
    assert counted(found)["1 row without a label in doccano left out."] == 1


def test_prodigy_choices_and_binary_answers(tmp_path: Path) -> None:
    """`reject` and `ignore` are left out and counted; a choice of two is refused."""
    found = read(
        tmp_path / "a.jsonl",
        [
            {"text": "one", "options": [], "accept": ["a"], "answer": "accept", "meta": {"role": "boss"}},
            {"text": "two", "accept": ["a"], "answer": "reject"},
            {"text": "three", "accept": [], "answer": "ignore"},
            {"text": "four", "label": "b", "answer": "accept"},
            {"text": "five", "label": "b", "answer": "reject"},
            {"text": "six", "accept": ["a", "b"], "answer": "accept"},
            {
                "text": "to Rome",
                "label": "b",
                "answer": "accept",
                "spans": [{"start": 3, "end": 7, "label": "city"}],
            },
        ],
    )
    assert pairs(found) == [("one", "a"), ("four", "b"), ("to [Rome](city)", "b")]
    assert found.frame["role"].tolist()[0] == "boss"
    assert counted(found) == {
        "2 rows rejected in Prodigy left out.": 2,
        "1 row ignored in Prodigy left out.": 1,
        "1 row with several intents: one message has one.": 1,
    }


def task(number: int, text: str, *annotations: dict[str, Any]) -> dict[str, Any]:
    """A task of Label Studio."""
    return {"id": number, "data": {"text": text}, "annotations": list(annotations), "predictions": []}


def chose(*choices: str, by: Any = 1, **more: Any) -> dict[str, Any]:
    """An annotation of Label Studio."""
    result = [
        {"value": {"choices": list(choices)}, "from_name": "process", "to_name": "text", "type": "choices"}
    ]
    return {"completed_by": by, "result": result if choices else [], **more}


def test_label_studio_with_its_annotators(tmp_path: Path) -> None:
    """Skips are left out; a majority decides, and is said; a tie asks; the agreement is shown."""
    found = read(
        tmp_path / "a.json",
        [
            task(1, "one annotator", chose("a")),
            task(2, "all agree", chose("b", by=1), chose("b", by={"id": 2, "email": "x@example.com"})),
            task(3, "two of three", chose("a", by=1), chose("b", by=2), chose("a", by=3)),
            task(4, "divided", chose("a", by=1), chose("b", by=2)),
            task(5, "skipped", chose(was_cancelled=True)),
            task(6, "one skipped", chose(was_cancelled=True), chose("b", by=2)),
            task(7, "nobody"),
            task(8, "both", chose("a", "b")),
        ],
    )
    assert pairs(found) == [
        ("one annotator", "a"),
        ("all agree", "b"),
        ("two of three", "a"),
        ("one skipped", "b"),
    ]
    assert found.frame["place"].tolist()[0] == "a.json:2"
    said = counted(found)
    assert "3 messages with several annotators; they agree on 1 (33%)." in said
    assert said["1 row decided by the majority of its annotators."] == 1
    assert said["1 row on which the annotators are divided evenly."] == 1
    assert said["1 row skipped in Label Studio left out."] == 1
    assert said["1 answer skipped in Label Studio left out."] == 1
    assert said["1 row not annotated in Label Studio left out."] == 1
    assert said["1 row with several intents: one message has one."] == 1


def test_label_studio_min_and_csv(tmp_path: Path) -> None:
    """A row an annotation, the answer under its question's name; an empty one was skipped."""
    rows = [
        {"text": "one", "id": 1, "process": "a", "annotator": 1, "annotation_id": 1},
        {"text": "two", "id": 2, "process": {"choices": ["a", "b"]}, "annotator": 1, "annotation_id": 2},
        {"text": "three", "id": 3, "annotator": 1, "annotation_id": 3, "process": ""},
        {"text": "four", "id": 4, "process": "a", "annotator": 1, "annotation_id": 4},
        {"text": "four", "id": 4, "process": "b", "annotator": 2, "annotation_id": 5},
        {"text": "four", "id": 4, "process": "b", "annotator": 3, "annotation_id": 6},
    ]
    found = read(tmp_path / "a.json", rows)
    assert pairs(found) == [("one", "a"), ("four", "b")]
    csv = tmp_path / "a.csv"
    csv.write_text(
        'annotation_id,annotator,id,intent,text\n1,1,1,a,one\n2,1,2,"{""choices"": [""a"", ""b""]}",two\n3,1,3,,three\n'
    )
    found = sources.read([csv], POLICY, Columns())
    assert pairs(found) == [("one", "a")]
    assert [one.rows for one in found.faults] == [("a.csv:3",)]
    assert "1 row skipped in Label Studio left out." in counted(found)


def test_several_questions_are_asked_about(tmp_path: Path) -> None:
    """The remedy, followed, reads the one that it names."""
    both = chose("a")
    both["result"].append({"value": {"choices": ["happy"]}, "from_name": "mood", "type": "choices"})
    with pytest.raises(RatchetError) as raised:
        read(tmp_path / "a.json", [task(1, "x", both)])
    assert raised.value.fact.endswith("a.json:2 has answers to several questions: mood, process.")
    assert "`--intent-column mood`" in raised.value.remedy
    assert pairs(read(tmp_path / "a.json", [task(1, "x", both)], intent="mood")) == [("x", "happy")]
    assert pairs(read(tmp_path / "a.json", [task(1, "x", both)], intent="process")) == [("x", "a")]


@pytest.mark.parametrize(
    "record",
    [
        {"id": "1", "fields": {"text": "hi"}, "responses": {"label": [{"value": "greet", "user_id": "u"}]}},
        {
            "id": "1",
            "fields": {"text": "hi"},
            "responses": [{"user_id": "u", "status": "submitted", "values": {"label": {"value": "greet"}}}],
        },
        {"id": "1", "text": "hi", "label.responses": ["greet"], "label.responses.status": ["submitted"]},
        {"id": "1", "text": "hi", "prediction": None, "annotation": "greet", "status": "Validated"},
    ],
)
def test_argilla_in_all_its_forms(tmp_path: Path, record: dict[str, Any]) -> None:
    """Versions 2 and 1, flat columns, and the first format."""
    assert pairs(read(tmp_path / "a.jsonl", [record])) == [("hi", "greet")]


def test_what_argilla_has_no_answer_for(tmp_path: Path) -> None:
    """Discarded, drafts, suggestions without a response."""
    found = read(
        tmp_path / "a.jsonl",
        [
            {
                "fields": {"text": "a"},
                "responses": {"label": [{"value": "x", "user_id": "u", "status": "discarded"}]},
            },
            {"fields": {"text": "b"}, "responses": {}, "suggestions": {"label": {"value": "x"}}},
            {"fields": {"text": "c"}, "responses": {"label": [{"value": "x", "user_id": "u"}]}},
        ],
    )
    assert pairs(found) == [("c", "x")]
    assert counted(found) == {
        "1 row discarded in Argilla left out.": 1,
        "1 row without a response in Argilla left out.": 1,
    }


def test_an_export_of_another_shape_is_refused(tmp_path: Path) -> None:
    """With its line and its tool, and no traceback."""
    with pytest.raises(RatchetError, match="is not what Label Studio exports"):
        read(tmp_path / "a.json", [{"id": 1, "data": {"text": "x"}, "annotations": [7]}])


@pytest.mark.parametrize("label", ["[" * 100_000, '{"choices":' * 2_000 + '"a"' + "}" * 2_000])
def test_a_label_that_is_nested_without_end_is_a_label(tmp_path: Path, label: str) -> None:
    """Brackets in a cell are no list of labels, and no traceback."""
    path = tmp_path / "new.jsonl"
    path.write_text(json.dumps({"text": "hello", "intent": label}) + "\n")
    reading = sources.read([path], CorpusPolicy(), Columns())
    assert reading.frame["intent"].to_list() == [label]


def test_a_key_that_stands_twice_is_found_at_once_among_many(tmp_path: Path) -> None:
    """Counting each name in all names would take hours."""
    path = tmp_path / "new.jsonl"
    path.write_text("{" + ",".join(f'"k{n}": 1' for n in range(200_000)) + ', "k199999": 2}\n')
    with pytest.raises(RatchetError, match="it has the key 'k199999' twice"):
        sources.read([path], CorpusPolicy(), Columns())
