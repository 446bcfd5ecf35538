"""What programs leave in a file that they export, join or rename: read right and said, or refused."""

from __future__ import annotations

import csv
import io
import json
import re
import shlex
import unicodedata
from pathlib import Path
from typing import Any

import openpyxl
import pytest

from ratchet.adapters.readers import sources
from ratchet.adapters.readers.reading import Columns, Reading
from ratchet.domain.corpus.corpus import CorpusPolicy
from ratchet.domain.errors import RatchetError
from tests.adapters.readers.test_field import taken

POLICY = CorpusPolicy(context={"role": None})


def read(path: Path, content: str | bytes | None = None, **columns: Any) -> Reading:
    """Read a file, written first where there is a content."""
    if content is not None:
        path.write_bytes(content.encode() if isinstance(content, str) else content)
    return sources.read([path], POLICY, Columns(**columns))


def pairs(reading: Reading) -> list[tuple[str, str]]:
    """Texts with their intents."""
    return list(zip(reading.frame["text"], reading.frame["intent"], strict=True))


def said(reading: Reading) -> str:
    """All that the account says."""
    return " ".join(one.sentence for one in reading.account)


def refusal(path: Path, content: str | bytes | None = None, **columns: Any) -> RatchetError:
    """Return the refusal of a file."""
    with pytest.raises(RatchetError) as raised:
        read(path, content, **columns)
    return raised.value


def book(path: Path, *sheets: tuple[str, list[list[Any]]]) -> openpyxl.Workbook:
    """A workbook with these sheets, which is also saved."""
    made = openpyxl.Workbook()
    made.remove(made.active)
    for title, rows in sheets:
        sheet = made.create_sheet(title)
        for row in rows:
            sheet.append(row)
    made.save(path)
    return made


@pytest.mark.parametrize("again", ["text,intent,role", "\ufefftext,intent,role", " Text , INTENT,Role"])
def test_the_header_again_is_no_message(tmp_path: Path, again: str) -> None:
    """Files joined one after the other have it in the middle, with the mark of their encoding; it is counted."""
    found = read(tmp_path / "a.csv", f"text,intent,role\nhi,greet,boss\n{again}\nciao,bye,\n")
    assert pairs(found) == [("hi", "greet"), ("ciao", "bye")]
    assert "1 row with the header again left out" in said(found)


def test_another_table_below_is_refused(tmp_path: Path) -> None:
    """Its columns are in another order: read on, intents would be messages. In files of their own both are read."""
    first, second = "text,intent,role\nhi,greet,boss\n", "intent,text\nbye,ciao\n"
    error = refusal(tmp_path / "a.csv", first + second)
    assert error.fact.endswith("a.csv:3 begins another table: its header is not that of the rows above.")
    assert error.remedy == "Put the rows from there on into a file of their own."
    assert pairs(read(tmp_path / "a.csv", first)) == [("hi", "greet")]
    assert pairs(read(tmp_path / "b.csv", second)) == [("ciao", "bye")]


def test_a_space_before_a_quote_is_no_part_of_the_cell(tmp_path: Path) -> None:
    """Else the intent would be `"greet"` with its quotes, and a comma between quotes a delimiter."""
    found = read(tmp_path / "a.csv", 'intent, text\n"greet", "hello, you"\nbye, "so ""long"""\n')
    assert pairs(found) == [("hello, you", "greet"), ('so "long"', "bye")]
    assert pairs(read(tmp_path / "a.csv", 'text,intent\nsay "hi" now,greet\n')) == [('say "hi" now', "greet")]


def test_quoted_cells_between_another_delimiter(tmp_path: Path) -> None:
    """Said as what it is, and not as a quote that is missing; with a comma, as advised, it is read."""
    error = refusal(tmp_path / "a.csv", '"text"^"intent"\n"hi"^"greet"\n')
    assert error.fact.endswith("a.csv:1 is not well-formed CSV, and names no columns.")
    assert "Separate the columns by comma" in error.remedy
    assert pairs(read(tmp_path / "a.csv", '"text","intent"\n"hi","greet"\n')) == [("hi", "greet")]
    assert "a.csv:3 is not" in refusal(tmp_path / "a.csv", 'text;intent\nhi;greet\n"hi" you;greet\n').fact


def test_a_column_that_the_header_lacks(tmp_path: Path) -> None:
    """Named in the header, as advised, the file is read; and so it is where the cell was cut in two."""
    error = refusal(tmp_path / "a.csv", "text,intent\nhi,greet,2026\n")
    assert "a.csv:2 has 3 cells, but the header has 2 columns" in error.fact
    assert "a column that the header lacks, name it there" in error.remedy
    assert pairs(read(tmp_path / "a.csv", "text,intent,year\nhi,greet,2026\n")) == [("hi", "greet")]
    assert "Put quotes around cells that hold the delimiter" in error.remedy
    assert pairs(read(tmp_path / "a.csv", 'text,intent\n"hi,greet",2026\n')) == [("hi,greet", "2026")]


def test_a_workbook_that_was_renamed(tmp_path: Path) -> None:
    """It is named as what it is, not as a text in an unknown encoding; with the advised ending it is read."""
    book(tmp_path / "a.xlsx", ("data", [["text", "intent"], ["hi", "greet"]]))
    (tmp_path / "a.csv").write_bytes((tmp_path / "a.xlsx").read_bytes())
    error = refusal(tmp_path / "a.csv")
    assert "a.csv is an Excel workbook or another zip archive, not a text" in error.fact
    [ending] = re.findall(r"the ending (\.\w+)", error.remedy)
    assert pairs(read((tmp_path / "a.csv").rename(tmp_path / f"b{ending}"))) == [("hi", "greet")]
    assert "an old Excel workbook" in refusal(tmp_path / "a.csv", b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1").fact


def test_columns_far_to_the_right_are_read(tmp_path: Path) -> None:
    """A survey has hundreds of questions; a cell beyond what is read is refused, and never lost."""
    rows = [["x"] * 250 + ["text", "intent"], ["y"] * 250 + ["hi", "greet"], ["z"]]
    book(tmp_path / "a.xlsx", ("data", rows[:2]))
    assert pairs(read(tmp_path / "a.xlsx")) == [("hi", "greet")]
    book(tmp_path / "a.xlsx", ("data", [["text", "intent"], ["hi", "greet"], [*[None] * 3_000, "far"]]))
    error = refusal(tmp_path / "a.xlsx")
    assert "a.xlsx:3 has cells right of column 2,000" in error.fact
    assert "Delete the columns right of the table" in error.remedy
    book(tmp_path / "a.xlsx", ("data", [["text", "intent"], ["hi", "greet"]]))
    assert pairs(read(tmp_path / "a.xlsx")) == [("hi", "greet")]


def test_hidden_rows_are_read_and_said(tmp_path: Path) -> None:
    """A filter of Excel hides rows that are in the file as before: a person may not know of them."""
    made = book(
        tmp_path / "a.xlsx", ("data", [["text", "intent"], ["hi", "greet"], ["ciao", "bye"], ["yo", "greet"]])
    )
    made["data"].row_dimensions[3].hidden = True
    made.save(tmp_path / "a.xlsx")
    found = read(tmp_path / "a.xlsx")
    assert len(found.frame) == 3
    [note] = [one for one in found.account if one.rule == "hidden rows"]
    assert (note.count, note.lines()) == (1, [("a.xlsx:3", "ciao bye")])


def test_what_is_below_an_endless_gap_is_said_not_to_be_read(tmp_path: Path) -> None:
    """It is not silently left out."""
    made = book(tmp_path / "a.xlsx", ("data", [["text", "intent"], ["hi", "greet"]]))
    made["data"].cell(10_100, 1, "far below")
    made.save(tmp_path / "a.xlsx")
    found = read(tmp_path / "a.xlsx")
    assert pairs(found) == [("hi", "greet")]
    assert "what is below row 10,003 is not read: 10,000 empty rows come before it" in said(found)


@pytest.mark.parametrize("title", ["Ann's May", "a b", "x; rm -rf", "$(HOME)"])
def test_a_sheet_of_any_name_can_be_named_as_advised(tmp_path: Path, title: str) -> None:
    """What a shell makes of the advice is the sheet's name."""
    rows = [["text", "intent"], ["hi", "greet"]]
    book(tmp_path / "a.xlsx", (title, rows), ("other", rows))
    [command] = re.findall(r"`(--sheet .*?)`", refusal(tmp_path / "a.xlsx").remedy)
    option, name = shlex.split(command)
    assert (option, name) == ("--sheet", title)
    assert pairs(read(tmp_path / "a.xlsx", sheet=name)) == [("hi", "greet")]


def test_a_list_under_a_key_is_read_and_said(tmp_path: Path) -> None:
    """As services answer: the list's rows have their lines, what is beside it is named."""
    rows = [{"text": f"t{n}", "intent": "a"} for n in range(3)]
    whole = {"count": 3, "utterances": rows, "next": None}
    found = read(tmp_path / "a.json", json.dumps(whole, indent=1))
    assert pairs(found) == [("t0", "a"), ("t1", "a"), ("t2", "a")]
    assert found.frame["place"].tolist() == ["a.json:4", "a.json:8", "a.json:12"]
    assert "the rows under 'utterances' are read, not 'count', not 'next'" in said(found)
    assert pairs(read(tmp_path / "a.json", json.dumps({"Sätze": rows}))) == pairs(found)
    assert pairs(read(tmp_path / "a.json", json.dumps({"Sätze": rows}, ensure_ascii=False))) == pairs(found)
    twice = {"meta": {"rows": [{"text": "no", "intent": "b"}]}, "rows": rows}
    assert pairs(read(tmp_path / "a.json", json.dumps(twice))) == pairs(found)


def test_several_lists_in_one_object_are_asked_about(tmp_path: Path) -> None:
    """The one that is saved alone, as advised, is read."""
    rows = [{"text": "hi", "intent": "greet"}]
    error = refusal(tmp_path / "a.json", json.dumps({"train": rows, "test": rows}))
    assert error.fact.endswith("a.json:1 is one object with several lists of rows: train, test.")
    assert "from its `[` to its `]`" in error.remedy
    assert pairs(read(tmp_path / "a.json", json.dumps(rows))) == [("hi", "greet")]


def test_rasas_json_with_something_before_it(tmp_path: Path) -> None:
    """The order of keys means nothing in JSON; what is beside the data is said to be left out."""
    data = {"common_examples": [{"text": "hi", "intent": "greet"}]}
    found = read(tmp_path / "a.json", json.dumps({"version": 1, "rasa_nlu_data": data}))
    assert pairs(found) == [("hi", "greet")]
    assert "1 key beside rasa_nlu_data left out" in said(found)


def test_exports_of_two_projects_in_one_file(tmp_path: Path) -> None:
    """Both begin to number at 1: their messages are two, not one with two annotators."""
    doccano = [
        {"id": 1, "text": "where is it", "label": ["tracking"]},
        {"id": 1, "text": "ciao", "label": ["bye"]},
        {"id": 2, "text": "hi", "label": ["greet"]},
        {"id": 2, "text": "hello", "label": ["greet"]},
    ]
    found = read(tmp_path / "a.jsonl", "\n".join(map(json.dumps, doccano)))
    assert pairs(found) == [("where is it", "tracking"), ("ciao", "bye"), ("hi", "greet"), ("hello", "greet")]
    assert not found.faults
    stream = io.StringIO()
    rows = [[1, 1, 1, "greet", "hi"], [1, 2, 1, "bye", "ciao"], [2, 3, 1, "greet", "hi"]]
    csv.writer(stream).writerows([["annotator", "annotation_id", "id", "intent", "text"], *rows])
    found = read(tmp_path / "b.csv", stream.getvalue())
    assert pairs(found) == [("hi", "greet"), ("ciao", "bye")]
    assert "1 message with several annotators; they agree on 1 (100%)" in said(found)


def test_a_question_of_any_name_can_be_named_as_advised(tmp_path: Path) -> None:
    """What a shell makes of the advice is the question's name."""
    answers = {"label's kind": [{"value": "greet"}], "mood": [{"value": "happy"}]}
    record = json.dumps({"fields": {"text": "hi"}, "responses": answers})
    [command] = re.findall(r"`(--intent-column .*?)`", refusal(tmp_path / "a.jsonl", record).remedy)
    _, name = shlex.split(command)
    assert pairs(read(tmp_path / "a.jsonl", record, intent=name)) == [("hi", "greet")]


def test_a_name_with_signs_that_no_one_sees_is_the_same_intent(tmp_path: Path) -> None:
    """A zero-width space, a letter in two parts, a break inside a cell: one intent, and the repair is counted."""
    names = ["café", unicodedata.normalize("NFD", "café"), "caf\u200bé", "caf\ufeffé ", "café\n"]
    rows = [
        [f"{word} order", name]
        for word, name in zip(("one", "two", "three", "four", "five"), names, strict=True)
    ]
    stream = io.StringIO()
    csv.writer(stream).writerows([["text", "intent"], *rows, ["other", "book\ntable"], ["bye now", "bye"]])
    path = tmp_path / "a.csv"
    path.write_text(stream.getvalue(), encoding="utf-8")
    found = taken(path)
    assert found.merged.frame["intent"].tolist() == [*["café"] * 5, "book table", "bye"]
    assert found.repairs["names tidied"] == 5
    assert not [one for one in found.report.warnings if "nearly the same" in one.rule]


def test_links_in_a_folder_that_lead_nowhere_are_said(tmp_path: Path) -> None:
    """As a store of large files leaves them where it did not fetch; a link to a file is read."""
    (tmp_path / "in").mkdir()
    (tmp_path / "other").mkdir()
    (tmp_path / "a.csv").write_text("text,intent\nhi,greet\n")
    (tmp_path / "in" / "a.csv").symlink_to(tmp_path / "a.csv")
    (tmp_path / "in" / "gone.csv").symlink_to(tmp_path / "none.csv")
    (tmp_path / "in" / "more").symlink_to(tmp_path / "other")
    found = read(tmp_path / "in")
    assert pairs(found) == [("hi", "greet")]
    assert "not read: gone.csv, more." in said(found)


def test_a_name_that_is_too_long_is_that_of_no_file(tmp_path: Path) -> None:
    """A person who gives the message itself is told so in a sentence."""
    assert "does not exist" in refusal(tmp_path / ("where is my parcel? " * 30)).fact
