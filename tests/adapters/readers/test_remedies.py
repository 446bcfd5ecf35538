"""What a reader advises, followed to the letter, reads the file right."""

from __future__ import annotations

import re
from pathlib import Path

import pandas as pd
import pytest

from ratchet.adapters.readers import sources
from ratchet.adapters.readers.reading import Columns
from ratchet.domain.corpus.corpus import CorpusPolicy
from ratchet.domain.errors import RatchetError

POLICY = CorpusPolicy()


def remedy(file: Path, columns: Columns | None = None) -> str:
    """What is advised where a file is refused."""
    with pytest.raises(RatchetError) as told:
        sources.read([file], POLICY, columns or Columns())
    return told.value.remedy


def texts(file: Path, columns: Columns | None = None) -> list[str]:
    """The messages of a file."""
    return [str(text) for text in sources.read([file], POLICY, columns or Columns()).frame["text"]]


@pytest.mark.parametrize("style", [">", ""])
def test_a_block_in_which_yaml_joins_lines(tmp_path: Path, style: str) -> None:
    """With `|` written there, as advised, each example is a message."""
    file = tmp_path / "a.yml"
    file.write_text(
        f"nlu:\n- intent: greet\n  examples: {style}\n    - hi\n    - hello\n".replace(" \n", "\n")
    )
    if not style:
        file.write_text("nlu:\n- intent: greet\n  examples: hi\n    hello\n")
    [advised, *_] = re.findall(r"`(examples: \|)`", remedy(file))
    file.write_text(
        file.read_text().replace("examples: >", advised).replace("examples: hi", f"{advised}\n    hi")
    )
    file.write_text(file.read_text().replace("    hi", "    - hi").replace("    hello", "    - hello"))
    assert texts(file) == ["hi", "hello"]


def test_an_encoding_that_nobody_can_guess(tmp_path: Path) -> None:
    """The option in the advice is the one that reads it."""
    file = tmp_path / "a.csv"
    file.write_bytes("text,intent\nこんにちは、元気ですか,greet\n".encode("shift_jis"))
    [name] = re.findall(r"`--encoding (shift_jis)`", remedy(file))
    assert texts(file, Columns(encoding=name)) == ["こんにちは、元気ですか"]


def test_an_encoding_that_is_not_the_files(tmp_path: Path) -> None:
    """Saved in UTF-8, or with its own encoding named, it is read."""
    file = tmp_path / "a.csv"
    file.write_bytes("text,intent\ngrüß dich,greet\n".encode("cp1252"))
    assert "`--encoding`" in remedy(file, Columns(encoding="utf-8"))
    assert texts(file, Columns(encoding="cp1252")) == ["grüß dich"]
    file.write_text(file.read_bytes().decode("cp1252"), encoding="utf-8")
    assert texts(file, Columns(encoding="utf-8")) == ["grüß dich"]


def test_several_sheets_with_the_columns(tmp_path: Path) -> None:
    """The sheet that the advice names is read alone."""
    file = tmp_path / "a.xlsx"
    with pd.ExcelWriter(file) as book:
        for name in ("May", "June"):
            frame = pd.DataFrame({"text": [f"hello in {name}"], "intent": ["greet"]})
            frame.to_excel(book, sheet_name=name, index=False)
    [name] = re.findall(r"`--sheet '([^']+)'`", remedy(file))
    assert texts(file, Columns(sheet=name)) == [f"hello in {name}"]


def test_a_pointer_of_git_lfs(tmp_path: Path) -> None:
    """`git lfs pull` puts the file in the place of its pointer, and that is read."""
    file = tmp_path / "a.csv"
    file.write_text("version https://git-lfs.github.com/spec/v1\noid sha256:00\nsize 9\n")
    assert "`git lfs pull`" in remedy(file)
    file.write_text("text,intent\nhello,greet\n")
    assert texts(file) == ["hello"]


@pytest.mark.parametrize(
    ("name", "wrong", "advised", "mended"),
    [
        ("a.csv", "outs:\n- md5: 0\n  path: a.csv\n", "`dvc pull ", "text,intent\nhi,greet\n"),
        ("a.csv", "text,intent\n", "Name a file with rows of text and intent.", "text,intent\nhi,greet\n"),
        ("a.csv", "text,intent\nhi, there,greet\n", "Put quotes around", 'text,intent\n"hi, there",greet\n'),
        ("a.csv", 'text,intent\n"hi,greet\n', "a quote inside them twice", 'text,intent\n"""hi",greet\n'),
        ("a.csv", "hi\n", "comma, semicolon, tab or bar, and write `text,intent`", "text,intent\nhi,greet\n"),
        ("a.csv", "hi,greet\n", "write `text,intent` above its first row", "text,intent\nhi,greet\n"),
        ("a.yml", "nlu: [\n", "Correct that line", "nlu: []\n"),
        ("a.yml", "nlu:\n- greet\n", "`- intent: NAME`", "nlu:\n- intent: NAME\n  examples: |\n    - hi\n"),
        (
            "a.yml",
            "NLU:\n- intent: a\n  examples: |\n    - hi\n",
            "`nlu:`",
            "nlu:\n- intent: a\n  examples: |\n    - hi\n",
        ),
        (
            "a.json",
            '{"rasa_nlu_data": {"examples": []}}',
            "common_examples",
            '{"rasa_nlu_data": {"common_examples": []}}',
        ),
    ],
)
def test_a_file_that_is_written_as_advised_is_read(
    tmp_path: Path, name: str, wrong: str, advised: str, mended: str
) -> None:
    """Each remedy, followed in the file that was refused: nothing is refused any more."""
    file = tmp_path / name
    file.write_text(wrong)
    assert advised in remedy(file)
    file.write_text(mended)
    if "[]" in mended:  # no messages, and no fault in how they are written
        with pytest.raises(RatchetError, match="holds no messages"):
            texts(file)
    else:
        assert len(texts(file)) == 1


def test_a_file_of_another_kind_and_columns_of_other_names(tmp_path: Path) -> None:
    """Saved as CSV with the two columns, or the columns named by the options that the refusal names."""
    (tmp_path / "a.pdf").write_text("x")
    assert "Save it as CSV in UTF-8 with the columns text and intent." in remedy(tmp_path / "a.pdf")
    file = tmp_path / "a.csv"
    file.write_text("Question,Process\nhi,greet\n")
    assert "Name the column with --text-column." in remedy(file)
    assert "Name the column with --intent-column." in remedy(file, Columns(text="Question"))
    assert texts(file, Columns(text="Question", intent="Process")) == ["hi"]
