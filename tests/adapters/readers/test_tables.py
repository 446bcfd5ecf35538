"""Tables in the forms in which people send them."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import pytest

from ratchet.adapters.readers import sources
from ratchet.adapters.readers.reading import Columns, Reading
from ratchet.domain.corpus.corpus import CorpusPolicy
from ratchet.domain.errors import RatchetError

POLICY = CorpusPolicy(context={"role": None})
ROWS = [["How do I get leave?", "leave", "manager", "new"], ["My laptop; it broke", "laptop", "", "new"]]


def read(path: Path, columns: Columns | None = None) -> Reading:
    """Read one file."""
    return sources.read([path], POLICY, columns or Columns())


def rows(reading: Reading) -> list[list[str]]:
    """The rows without their places."""
    return reading.frame[POLICY.columns].to_numpy().tolist()


def test_csv_with_the_columns_in_any_order_and_case(tmp_path: Path) -> None:
    """Columns are found by their names; others are left alone; the source is the file's name."""
    path = tmp_path / "new.csv"
    path.write_text(
        'Role,Text,note,INTENT\nmanager,How do I get leave?,x,leave\n,"My laptop; it broke",y,laptop\n'
    )
    reading = read(path)
    assert rows(reading) == ROWS
    assert reading.frame["place"].tolist() == ["new.csv:2", "new.csv:3"]
    assert [one.sentence for one in reading.account] == ["new.csv: columns that are not read: 'note'."]


@pytest.mark.parametrize(("delimiter", "said"), [(";", "semicolon"), ("\t", "tab"), ("|", "bar")])
def test_other_delimiters_are_guessed_and_said(tmp_path: Path, delimiter: str, said: str) -> None:
    """Spreadsheets in much of Europe write semicolons."""
    path = tmp_path / "new.csv"
    cells = [
        ["text", "intent", "role"],
        ["How do I get leave?", "leave", "manager"],
        ['"My laptop; it broke"', "laptop", ""],
    ]
    path.write_text("\n".join(delimiter.join(row) for row in cells))
    reading = read(path)
    assert rows(reading) == ROWS
    assert said in reading.account[0].sentence


@pytest.mark.parametrize(
    ("encoding", "remark"), [("utf-8-sig", None), ("utf-16", "UTF-16"), ("cp1252", "Windows-1252")]
)
def test_other_encodings_are_guessed_and_said(tmp_path: Path, encoding: str, remark: str | None) -> None:
    """Marks at the beginning decide; what is not UTF-8 is taken for Windows-1252."""
    path = tmp_path / "new.csv"
    path.write_bytes("text,intent\ncafé für “alle”,leave\n".encode(encoding))
    reading = read(path)
    assert reading.frame["text"].tolist() == ["café für “alle”"]
    assert [remark in one.sentence for one in reading.account] == ([True] if remark else [])


def test_json_lines_need_not_be_alike(tmp_path: Path) -> None:
    """Each object brings its own fields; numbers and null become strings."""
    path = tmp_path / "new.jsonl"
    path.write_text(
        '{"text": "a", "intent": "leave"}\n\n{"role": "boss", "intent": 7, "text": "b", "source": null}\n'
    )
    assert rows(read(path)) == [["a", "leave", "", "new"], ["b", "7", "boss", "new"]]


def test_excel(tmp_path: Path) -> None:
    """The first sheet of a workbook, with its row numbers."""
    path = tmp_path / "new.xlsx"
    pd.DataFrame([{"text": "NA", "intent": "leave"}, {"text": 12, "intent": "laptop"}]).to_excel(
        path, index=False
    )
    reading = read(path)
    assert reading.frame["text"].tolist() == ["NA", "12"]
    assert reading.frame["place"].tolist() == ["new.xlsx:2", "new.xlsx:3"]


def test_columns_can_be_named(tmp_path: Path) -> None:
    """A team's own export keeps its headings."""
    path = tmp_path / "new.tsv"
    path.write_text("Question\tProcess\tDept\nhi\tleave\tHR\n")
    reading = read(path, Columns("Question", "Process", {"role": "dept"}))
    assert rows(reading) == [["hi", "leave", "HR", "new"]]


def test_the_line_is_that_of_the_file_also_after_breaks_in_cells(tmp_path: Path) -> None:
    """A quoted line break does not shift the place of later rows."""
    path = tmp_path / "new.csv"
    path.write_text('text,intent\n"two\nlines",leave\nb,leave\n')
    assert read(path).frame["place"].tolist() == ["new.csv:2", "new.csv:4"]


@pytest.mark.parametrize(
    ("name", "content", "fact"),
    [
        ("a.csv", "", "is empty"),
        ("a.csv", "text,intent\n", "has no rows"),
        ("a.csv", "message,label\nhi,greet\n", "has no column 'text'; it has 'message', 'label'"),
        ("a.csv", "text,intent\nhi, there,greet\n", "a.csv:2 has 3 cells, but the header has 2 columns"),
        ("a.csv", 'text,intent\n"hi,greet\n', "not well-formed CSV"),
        ("a.jsonl", '{"text": "hi"\n', "a.jsonl:1 is not JSON"),
        ("a.jsonl", "[1]\n", "a.jsonl:1 is not a JSON object"),
        (
            "a.csv",
            "version https://git-lfs.github.com/spec/v1\noid sha256:0\nsize 1\n",
            "is a Git LFS pointer",
        ),
        ("a.csv", "outs:\n- md5: 0\n  path: a.csv\n", "is a DVC pointer"),
        ("a.xlsx", "not a workbook", "is not a readable Excel workbook"),
        ("a.pdf", "x", "unknown ending"),
        ("a.yml", "nlu: [", "is not valid YAML"),
    ],
)
def test_files_that_cannot_be_read_are_named_with_the_reason(
    tmp_path: Path, name: str, content: str, fact: str
) -> None:
    """One clear error each: the fact, and where."""
    (tmp_path / name).write_text(content)
    with pytest.raises(RatchetError) as raised:
        read(tmp_path / name)
    assert fact in raised.value.fact
    assert raised.value.remedy


def test_a_folder_stands_for_its_files_in_order(tmp_path: Path) -> None:
    """All files with a known ending, whatever their format."""
    (tmp_path / "b").mkdir()
    (tmp_path / "b" / "two.csv").write_text("text,intent\nb,leave\n")
    (tmp_path / "a.jsonl").write_text('{"text": "a", "intent": "leave"}\n')
    (tmp_path / "notes.md").write_text("nothing")
    assert read(tmp_path).frame["text"].tolist() == ["a", "b"]


def test_what_does_not_exist_is_named(tmp_path: Path) -> None:
    """Also a folder without anything to read."""
    with pytest.raises(RatchetError, match="does not exist"):
        read(tmp_path / "none.csv")
    with pytest.raises(RatchetError, match="holds no file that can be read"):
        read(tmp_path)
