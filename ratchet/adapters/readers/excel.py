"""Reading the sheet of an Excel workbook that has the columns, within bounds: a small file can unpack to anything."""

from __future__ import annotations

import itertools
import re
import zipfile
from collections.abc import Collection, Iterator, Sequence
from pathlib import Path
from typing import Any

from ratchet.adapters.readers.reading import Columns, Notes
from ratchet.domain.errors import RatchetError

ENDINGS = {".xlsx", ".xlsm"}
MOST_BYTES = 400_000_000
"""What the parts of a workbook may have together once they are unpacked: a million messages take a quarter of it."""
MOST_COLUMNS = 2_000
"""How far right a table may reach: the last column that a sheet can have would cost 16,384 cells in each row."""
MOST_EMPTY = 10_000
"""How many empty rows one after the other are the end: a cell in the last row would otherwise cost a million."""
LOOKED_AT = 30
REMEDY = "Save it as CSV in UTF-8."
MERGED = re.compile(rb'<(?:\w+:)?mergeCell\s[^<>]*?ref="([A-Z]{1,3})(\d{1,7}):([A-Z]{1,3})(\d{1,7})"')
ROW = re.compile(rb"<(?:\w+:)?row\s[^<>]*>")
NUMBER, HIDDEN = re.compile(rb'\sr="(\d{1,7})"'), re.compile(rb'\shidden="(?:1|true)"')
CHUNK = 1 << 20


def grid(path: Path, columns: Columns, notes: Notes) -> Iterator[tuple[int, list[Any]]]:
    """Yield the rows of the one sheet that has the columns, with their numbers and the values of their cells.

    Raises `RatchetError` for a file that is no workbook, that unpacks to more than `MOST_BYTES`, or in which several
    sheets have the columns and none is named.
    """
    import openpyxl

    try:
        with zipfile.ZipFile(path) as parts:
            size = sum(part.file_size for part in parts.infolist())
        if size > MOST_BYTES:
            raise RatchetError(f"{path} would unpack to {size / 1e6:,.0f} MB.", REMEDY)
        book = openpyxl.load_workbook(path, read_only=True, data_only=True)
        try:
            sheet = chosen(path, book, columns, notes)
            blocks, hidden = beside_cells(path, sheet)
            yield from filled(cells(path, sheet, notes), blocks, hidden, notes)
        finally:
            book.close()
    except RatchetError:
        raise
    except Exception as error:  # openpyxl, zipfile and expat each have errors of their own
        raise RatchetError(f"{path} is not a readable Excel workbook: {error}.", REMEDY) from error


def chosen(path: Path, book: Any, columns: Columns, notes: Notes) -> Any:
    """Return the sheet to read: the named one, else the only visible one with the columns, else the first."""
    sheets = list(book.worksheets)
    titles = ", ".join(repr(sheet.title) for sheet in sheets)
    if columns.sheet is not None:
        wanted = columns.sheet.strip().casefold()
        found = [sheet for sheet in sheets if sheet.title.strip().casefold() == wanted]
        if not found:
            raise RatchetError(
                f"{path} has no sheet {columns.sheet!r}; it has {titles}.", "Name one of them with --sheet."
            )
        return found[0]
    visible = [sheet for sheet in sheets if sheet.sheet_state == "visible"]
    hidden = [sheet.title for sheet in sheets if sheet not in visible]
    fitting = [sheet for sheet in visible if has_columns(path, sheet, columns)]
    if len(fitting) > 1:
        names = ", ".join(repr(sheet.title) for sheet in fitting)
        raise RatchetError(
            f"{path} has several sheets with these columns: {names}.",
            f"Name one: `--sheet {quoted(fitting[0].title)}`; ingest the file once for each.",
        )
    sheet = (fitting or visible or sheets)[0]
    if hidden:
        notes.said("left out", f"hidden sheets that are not read: {', '.join(hidden)} (`--sheet` reads one).")
    others = [one.title for one in visible if one is not sheet]
    if others:
        notes.said("left out", f"read the sheet {sheet.title!r}, not {', '.join(others)}.")
    return sheet


def has_columns(path: Path, sheet: Any, columns: Columns) -> bool:
    """Tell whether a row near the sheet's beginning names the columns of text and intent."""
    wanted = {columns.text.strip().casefold(), columns.intent.strip().casefold()}
    return any(
        wanted <= {value.strip().casefold() for value in values if isinstance(value, str)}
        for _, values in itertools.islice(cells(path, sheet), LOOKED_AT)
    )


def cells(path: Path, sheet: Any, notes: Notes | None = None) -> Iterator[tuple[int, list[Any]]]:
    """Yield the rows of a sheet with their numbers, each as wide as the widest before it.

    Raises `RatchetError` for a cell right of `MOST_COLUMNS`, and for as many empty ones there as only a broken or
    hostile file has.
    """
    sheet.reset_dimensions()
    empty = width = wide = 0
    for number, row in enumerate(sheet.iter_rows(values_only=True), start=1):
        wide += len(row) > MOST_COLUMNS
        if wide > MOST_EMPTY or any(value is not None for value in row[MOST_COLUMNS:]):
            raise RatchetError(
                f"{path}:{number} has cells right of column {MOST_COLUMNS:,}.",
                "Delete the columns right of the table, or save it as CSV in UTF-8.",
            )
        values = ["" if value is None else value for value in row[:MOST_COLUMNS]]
        while values and values[-1] == "":
            values.pop()
        empty = 0 if values else empty + 1
        if empty > MOST_EMPTY:
            if notes:
                said = f"what is below row {number:,} is not read: {MOST_EMPTY:,} empty rows come before it."
                notes.said("left out", said)
            return
        width = max(width, len(values))
        yield number, values + [""] * (width - len(values))


def beside_cells(path: Path, sheet: Any) -> tuple[list[tuple[int, int, int]], set[int]]:
    """Return the cells that are merged over several rows (column from 0, first and last row), and the hidden rows.

    openpyxl does not tell them of a workbook that it reads row by row, so the sheet's part is searched.
    """
    found: dict[tuple[int, int, int], None] = {}
    hidden: set[int] = set()
    with zipfile.ZipFile(path) as parts, parts.open(sheet._worksheet_path) as part:
        rest = b""
        while chunk := part.read(CHUNK):
            rest += chunk
            for left, top, _, bottom in MERGED.findall(rest):
                if int(bottom) > int(top):
                    found[column_number(left), int(top), int(bottom)] = None
            rows = (row for row in ROW.findall(rest) if HIDDEN.search(row))
            hidden.update(int(number[1]) for row in rows if (number := NUMBER.search(row)))
            rest = rest[-1000:]
    return list(found), hidden


def quoted(title: str) -> str:
    """Return a sheet's name between quotes, as a shell reads it."""
    return "'" + title.replace("'", "'\"'\"'") + "'"


def column_number(letters: bytes) -> int:
    """Return the number from 0 of a column: A is 0, AA is 26."""
    number = 0
    for letter in letters:
        number = number * 26 + letter - 64
    return number - 1


def filled(
    rows: Iterator[tuple[int, list[Any]]],
    blocks: Sequence[tuple[int, int, int]],
    hidden: Collection[int],
    notes: Notes,
) -> Iterator[tuple[int, list[Any]]]:
    """Yield the rows with the value of a merged cell in each row that it covers; those that are hidden are noted."""
    starting: dict[int, list[tuple[int, int]]] = {}
    for column, top, bottom in blocks:
        starting.setdefault(top, []).append((column, bottom))
    held: dict[int, tuple[Any, int]] = {}
    for number, values in rows:
        held = {column: (value, last) for column, (value, last) in held.items() if last >= number}
        if any(value != "" for value in values):
            if number in hidden:
                shown = " ".join(str(value) for value in values if value != "")
                notes.note("hidden rows", "hidden in Excel, read like the others", number, shown)
            for column, (value, _) in held.items():
                if column < len(values) and values[column] == "":
                    values[column] = value
                    notes.note("repaired", "with the value of a merged cell", number, str(value))
        for column, last in starting.get(number, ()):
            if column < len(values) and values[column] != "":
                held[column] = values[column], last
        yield number, values
