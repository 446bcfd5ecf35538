"""Reading labelled messages from tables: CSV, TSV, JSON Lines and Excel.

Every reader gives strings only, and in the column `place` where a person finds the row again: `file:line`.
"""

from __future__ import annotations

import csv
import io
import json
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import pandas as pd

from ratchet.adapters.readers import excel
from ratchet.adapters.system.files import LFS_HEADER
from ratchet.domain.corpus.corpus import CorpusPolicy
from ratchet.domain.errors import RatchetError

DELIMITERS = {",": "comma", ";": "semicolon", "\t": "tab", "|": "bar"}
ENDINGS = {".csv", ".tsv", ".txt", ".jsonl", ".ndjson", ".xlsx"}

HALF = re.compile("[\ud800-\udfff]")

Row = tuple[int, dict[str, str]]
"""A line number and the row's cells by column."""


@dataclass(frozen=True)
class Columns:
    """Which columns of a table hold the text, the intent, and context fields that have another name there."""

    text: str = "text"
    intent: str = "intent"
    context: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Reading:
    """What files held: rows with the corpus columns and `place`, extras by kind and name, remarks for people.

    `extras` maps `synonym`, `lookup` and `regex` to their names and examples.
    """

    frame: pd.DataFrame
    extras: Mapping[str, Mapping[str, list[str]]] = field(default_factory=dict)
    remarks: tuple[str, ...] = ()


def nothing(policy: CorpusPolicy) -> pd.DataFrame:
    """Return a reading without rows."""
    return pd.DataFrame({name: pd.Series(dtype="str") for name in [*policy.columns, "place"]})


def read_text(path: Path) -> tuple[str, str | None]:
    """Read a text file in UTF-8, UTF-16 (by its mark) or else Windows-1252; returns the text and a remark.

    Raises `RatchetError` for an empty file, and for a pointer of Git LFS or DVC in the place of data.
    """
    content = path.read_bytes()
    if content.startswith(LFS_HEADER.encode()):
        raise RatchetError(f"{path} is a Git LFS pointer, not the data.", "Get the data with `git lfs pull`.")
    if content[:200].startswith(b"outs:") and b"md5:" in content[:200]:
        raise RatchetError(f"{path} is a DVC pointer, not the data.", f"Get the data with `dvc pull {path}`.")
    if not content.strip():
        raise RatchetError(f"{path} is empty.", "Name a file with rows of text and intent.")
    if content.startswith((b"\xff\xfe", b"\xfe\xff")):
        return content.decode("utf-16", errors="replace"), f"{path.name}: read as UTF-16."
    try:
        return content.decode("utf-8-sig"), None
    except UnicodeDecodeError:
        return content.decode("cp1252", errors="replace"), f"{path.name}: not UTF-8; read as Windows-1252."


def read(path: Path, policy: CorpusPolicy, columns: Columns) -> Reading:
    """Read one table."""
    suffix, remark = path.suffix.lower(), None
    if suffix == ".xlsx":
        rows = excel.rows(path)
    else:
        text, remark = read_text(path)
        if suffix in {".jsonl", ".ndjson"}:
            rows = json_rows(path, text)
        else:
            delimiter = "\t" if suffix == ".tsv" else guess_delimiter(text)
            if delimiter != "," and suffix != ".tsv":
                said = f"{path.name}: columns are separated by {DELIMITERS[delimiter]}."
                remark = f"{remark} {said}" if remark else said
            rows = csv_rows(path, text, delimiter)
    return Reading(to_frame(path, rows, policy, columns), remarks=(remark,) if remark else ())


def guess_delimiter(text: str) -> str:
    """Return the delimiter that stands most often in the header."""
    header = text.lstrip("\r\n").split("\n", 1)[0]
    return max(DELIMITERS, key=header.count)


def csv_rows(path: Path, text: str, delimiter: str) -> Iterator[Row]:
    """Yield the rows of a CSV; raises `RatchetError` naming a line with too many cells or an open quote."""
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True)
    remedy = "Put quotes around cells that hold the delimiter, and write a quote inside them twice."
    try:
        header = [name.strip() for name in next(filter(None, reader), [])]
        start = reader.line_num + 1
        for cells in reader:
            line, start = start, reader.line_num + 1
            if len(cells) > len(header):
                raise RatchetError(
                    f"{path}:{line} has {len(cells)} cells, but the header has {len(header)} columns.", remedy
                )
            if any(cells):
                yield line, dict(zip(header, cells + [""] * (len(header) - len(cells)), strict=True))
    except csv.Error as error:
        raise RatchetError(f"{path}:{reader.line_num} is not well-formed CSV: {error}.", remedy) from error


def json_rows(path: Path, text: str) -> Iterator[Row]:
    """Yield the objects of a JSON Lines file."""
    for number, line in enumerate(text.split("\n"), start=1):  # not at U+2028, which JSON may hold
        if not line.strip():
            continue
        try:
            cells = json.loads(line)
        except (ValueError, RecursionError) as error:  # also a number of too many digits
            said = error.msg if isinstance(error, json.JSONDecodeError) else str(error)
            raise RatchetError(f"{path}:{number} is not JSON: {said}.", "Write one object a line.") from error
        if not isinstance(cells, dict):
            raise RatchetError(f"{path}:{number} is not a JSON object.", "Write one object a line.")
        yield number, {str(name): "" if value is None else str(value) for name, value in cells.items()}


def to_frame(path: Path, rows: Iterable[Row], policy: CorpusPolicy, columns: Columns) -> pd.DataFrame:
    """Bring rows into the corpus columns; raises `RatchetError` when text or intent has no column."""
    taken: dict[str, list[str]] = {name: [] for name in [*policy.columns, "place"]}
    choices: dict[tuple[str, ...], dict[str, str]] = {}  # the rows of JSON Lines need not be alike
    for line, cells in rows:
        present = tuple(cells)
        refuse_halves(path, line, cells)
        if present not in choices:
            choices[present] = choose(path, line, present, policy, columns)
        chosen = choices[present]
        for name in policy.columns:
            taken[name].append(cells[chosen[name]] if name in chosen else "")
        if not taken["source"][-1]:
            taken["source"][-1] = path.stem
        taken["place"].append(f"{path.name}:{line}")
    if not choices:
        raise RatchetError(f"{path} has no rows.", "Name a file with rows of text and intent.")
    return pd.DataFrame(taken, dtype="str")


def refuse_halves(path: Path, line: int, cells: Mapping[str, str]) -> None:
    """Raise `RatchetError` for half of a surrogate pair, as JSON can write it: no file in UTF-8 can hold it."""
    for name, cell in cells.items():
        if not (name.isascii() and cell.isascii()) and HALF.search(name + cell):
            raise RatchetError(
                f"{path}:{line} holds half of a character (\\ud800 to \\udfff) in {name!a}.",
                "Take it out, or export the file anew.",
            )


def choose(
    path: Path, line: int, present: Sequence[str], policy: CorpusPolicy, columns: Columns
) -> dict[str, str]:
    """Map corpus columns to a table's own, by the given names, else by the same name in any case."""
    folded = {name.casefold(): name for name in present}
    wanted = {"text": columns.text, "intent": columns.intent, "source": "source"}
    wanted |= {field: columns.context.get(field, field) for field in policy.context}
    chosen = {
        name: folded[column.casefold()] for name, column in wanted.items() if column.casefold() in folded
    }
    needed = ["text", "intent", *(name for name in columns.context if name in wanted)]
    for name in needed:
        if name not in chosen:
            option = f"--context {name}=…" if name in columns.context else f"--{name}-column"
            raise RatchetError(
                f"{path}:{line} has no column {wanted[name]!r}; it has {listed(present)}.",
                f"Name the column with {option}.",
            )
    return chosen


def listed(names: Sequence[str]) -> str:
    """Return the first names of a table's columns, shortened, for a person to read."""
    shown = ", ".join(repr(name[:60]) for name in names[:20])
    return f"{shown} and {len(names) - 20:,} more" if len(names) > 20 else shown
