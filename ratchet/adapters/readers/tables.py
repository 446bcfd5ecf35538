"""Reading labelled messages from tables: CSV, TSV and Excel; the header is where the columns are."""

from __future__ import annotations

import contextlib
import csv
import io
import itertools
import re
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from ratchet.adapters.readers import excel, rows
from ratchet.adapters.readers.reading import Columns, Notes, Reading
from ratchet.adapters.readers.texts import read_text
from ratchet.domain.corpus.corpus import CorpusPolicy
from ratchet.domain.errors import RatchetError

DELIMITERS = {",": "comma", ";": "semicolon", "\t": "tab", "|": "bar"}
ENDINGS = {".csv", ".tsv", ".txt"} | excel.ENDINGS
NAMED = re.compile(r"\Asep=(?P<delimiter>[^\w\"\r\n])[ \t]*(?:\r\n|\r|\n)", re.IGNORECASE)
"""Excel's own first line, which names the delimiter."""
LOOKED_AT = 30
"""Rows in which the header may be: titles, dates and empty lines come before it."""
QUOTE = "Put quotes around cells that hold the delimiter, and write a quote inside them twice."
NAME_OR_QUOTE = (
    "Put quotes around cells that hold the delimiter; a column that the header lacks, name it there."
)
ARCHIVES = {
    b"PK\x03\x04": "an Excel workbook or another zip archive",
    b"\xd0\xcf\x11\xe0": "an old Excel workbook",
}
"""How files begin that get the ending of a text by being renamed."""

Grid = Iterator[tuple[int, Sequence[Any]]]
"""The rows of a table with their line numbers."""


def read(path: Path, policy: CorpusPolicy, columns: Columns) -> Reading:
    """Read one table."""
    notes = Notes(path.name)
    if path.suffix.lower() in excel.ENDINGS:
        grid: Grid = excel.grid(path, columns, notes)
    else:
        refuse_archives(path)
        grid = csv_grid(path, read_text(path, notes, columns.encoding), columns, notes)
    taken = rows.take(path, below_header(path, grid, policy, columns, notes), policy, columns, notes)
    return Reading(taken.frame(), account=notes.account, faults=notes.faults)


def refuse_archives(path: Path) -> None:
    """Raise `RatchetError` for a workbook that has the ending of a text."""
    with path.open("rb") as file:
        start = file.read(4)
    if start in ARCHIVES:
        raise RatchetError(
            f"{path} is {ARCHIVES[start]}, not a text.",
            "Give it the ending .xlsx if it is a workbook of today's Excel; else save it as CSV in UTF-8.",
        )


def csv_grid(path: Path, text: str, columns: Columns, notes: Notes) -> Grid:
    """Return the rows of a CSV with the delimiter that it names, else with the one that gives it a header."""
    named = NAMED.match(text)
    if named:
        notes.said(
            "guessed delimiter", f"columns are separated by {named['delimiter']!r}, as its first line says."
        )
        return parsed(path, text[named.end() :], named["delimiter"], 1)
    usual = "\t" if path.suffix.lower() == ".tsv" else ","
    order = [usual, *(one for one in DELIMITERS if one != usual)]
    found = [one for one in order if header_row(start_of(path, text, one), columns) is not None]
    first = text.lstrip("\r\n").split("\n", 1)[0]
    delimiter = found[0] if found else usual if usual == "\t" else max(order, key=first.count)
    if not found and not start_of(path, text, delimiter):
        written = f"`{columns.text},{columns.intent}`"
        raise RatchetError(
            f"{path}:1 is not well-formed CSV, and names no columns.",
            f"Separate the columns by comma, semicolon, tab or bar, and write {written} above the first row.",
        )
    if delimiter != usual:
        notes.said("guessed delimiter", f"columns are separated by {DELIMITERS[delimiter]}.")
    return parsed(path, text, delimiter)


def start_of(path: Path, text: str, delimiter: str) -> list[Sequence[Any]]:
    """Return the first rows as a delimiter makes them, as far as they are well-formed then."""
    found: list[Sequence[Any]] = []
    with contextlib.suppress(RatchetError):
        for _, cells in itertools.islice(parsed(path, text, delimiter), LOOKED_AT):
            found.append(cells)
    return found


def parsed(path: Path, text: str, delimiter: str, above: int = 0) -> Grid:
    """Yield the rows of a CSV; raises `RatchetError` naming a line with an open quote. `above` lines came before."""
    spaced = (
        re.search(rf'{re.escape(delimiter)} +"', text) is not None
    )  # else such a quote is a part of the cell
    stream = io.StringIO(text, newline="")
    reader = csv.reader(stream, delimiter=delimiter, strict=True, skipinitialspace=spaced)
    start = above + 1
    try:
        for cells in reader:
            line, start = start, above + reader.line_num + 1
            yield line, cells
    except csv.Error as error:
        raise RatchetError(
            f"{path}:{above + reader.line_num} is not well-formed CSV: {error}.", QUOTE
        ) from error


def header_row(grid: Sequence[Sequence[Any]], columns: Columns) -> int | None:
    """Return which row, from 0, names the columns of text and intent, None where none does."""
    wanted = {columns.text.strip().casefold(), columns.intent.strip().casefold()}
    for number, cells in enumerate(grid):
        if wanted <= {as_name(cell) for cell in cells if isinstance(cell, str)}:
            return number
    return None


def as_name(cell: Any) -> str:
    """Return a cell as the name of a column: joined files have the mark of their encoding in mid-file."""
    return str(cell).strip().removeprefix("\ufeff").strip().casefold() if full(cell) else ""


def below_header(
    path: Path, grid: Grid, policy: CorpusPolicy, columns: Columns, notes: Notes
) -> Iterator[rows.Row]:
    """Yield the rows below the header, their cells by column.

    Raises `RatchetError` where no row names the columns, or one more than once, and for a row with too many cells.
    """
    start = list(itertools.islice(grid, LOOKED_AT))
    filled = [number for number, (_, cells) in enumerate(start) if any(map(full, cells))]
    if not filled:
        return
    place = header_row([cells for _, cells in start], columns)
    if place is None:
        refuse_headless(path, start[filled[0]], policy, columns)
        place = filled[0]
    for line, cells in (start[number] for number in filled if number < place):
        notes.note(
            "left out", "above the header left out", line, " ".join(str(cell) for cell in cells if full(cell))
        )
    at, cells = start[place]
    header = [str(cell).strip() if full(cell) else "" for cell in cells]
    while header and not header[-1]:
        header.pop()
    rows.choose(path, at, header, policy, columns)
    yield from under(path, header, itertools.chain(start[place + 1 :], grid), columns, notes)


def under(
    path: Path, header: Sequence[str], grid: Grid, columns: Columns, notes: Notes
) -> Iterator[rows.Row]:
    """Yield the rows under a header, their cells by column; the header again, as in joined files, is left out.

    Raises `RatchetError` for a row with too many cells, and for a second header with other columns.
    """
    names = [name or f"column {number}" for number, name in enumerate(header, start=1)]
    for line, cells in grid:
        if header_row([cells], columns) is not None:
            refuse_other(path, line, header, cells)
            notes.note("left out", "with the header again left out", line, " ".join(map(str, cells)))
            continue
        if any(map(full, cells[len(header) :])):
            raise RatchetError(
                f"{path}:{line} has {len(cells)} cells, but the header has {len(header)} columns.",
                NAME_OR_QUOTE,
            )
        if any(map(full, cells)):
            if len(cells) < len(header):
                notes.note(
                    "repaired",
                    "shorter than the header, filled with empty cells",
                    line,
                    " ".join(map(str, cells)),
                )
            yield line, dict(zip(names, [*cells, *[""] * (len(header) - len(cells))], strict=False))


def refuse_other(path: Path, line: int, header: Sequence[str], cells: Sequence[Any]) -> None:
    """Raise `RatchetError` where a second header names other columns than the first, or in another order."""
    again = [as_name(cell) for cell in cells]
    while again and not again[-1]:
        again.pop()
    if again != [name.casefold() for name in header]:
        raise RatchetError(
            f"{path}:{line} begins another table: its header is not that of the rows above.",
            "Put the rows from there on into a file of their own.",
        )


def full(cell: Any) -> bool:
    """Tell whether a cell holds something."""
    return cell is not None and (not isinstance(cell, str) or bool(cell.strip()))


def refuse_headless(
    path: Path, first: tuple[int, Sequence[Any]], policy: CorpusPolicy, columns: Columns
) -> None:
    """Raise `RatchetError` for a table in which no row names the columns."""
    line, cells = first
    names = [str(cell).strip() for cell in cells if full(cell)]
    try:
        rows.choose(path, line, names, policy, columns)
    except RatchetError as error:
        written = f"`{columns.text},{columns.intent}`"
        raise RatchetError(
            error.fact,
            f"{error.remedy} If the file has no header, write {written} above its first row."
            if len(names) > 1
            else f"Separate the columns by comma, semicolon, tab or bar, and write {written} above the first row.",
        ) from error
