"""Reading the first sheet of an Excel workbook, row by row and within bounds: a small file can unpack to anything."""

from __future__ import annotations

import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from ratchet.domain.errors import RatchetError

MOST_BYTES = 400_000_000
"""What the parts of a workbook may have together once they are unpacked: a million messages take a quarter of it."""
MOST_COLUMNS = 100
MOST_EMPTY = 10_000
"""So many empty rows one after the other are the end: a cell in the last row would otherwise cost a million."""
REMEDY = "Save it as CSV in UTF-8."


def rows(path: Path) -> Iterator[tuple[int, dict[str, str]]]:
    """Yield the rows below the header, with their numbers in the sheet, and their cells by column.

    Raises `RatchetError` for a file that is no workbook, or unpacks to more than `MOST_BYTES`.
    """
    names: list[str] = []
    for number, cells in enumerate(sheet(path), start=1):
        if not names:
            names = header(cells)
        elif any(cells):
            yield number, dict(zip(names, cells, strict=False))


def sheet(path: Path) -> Iterator[list[str]]:
    """Yield the texts of each row."""
    import openpyxl

    try:
        with zipfile.ZipFile(path) as parts:
            size = sum(part.file_size for part in parts.infolist())
        if size > MOST_BYTES:
            raise RatchetError(f"{path} would unpack to {size / 1e6:,.0f} MB.", REMEDY)
        book = openpyxl.load_workbook(path, read_only=True, data_only=True)
        try:
            first, empty = book.worksheets[0], 0
            first.reset_dimensions()
            for row in first.iter_rows(max_col=MOST_COLUMNS, values_only=True):
                cells = [text(value) for value in row]
                empty = 0 if any(cells) else empty + 1
                if empty > MOST_EMPTY:
                    return
                yield cells
        finally:
            book.close()
    except RatchetError:
        raise
    except Exception as error:  # openpyxl, zipfile and expat each have errors of their own
        raise RatchetError(f"{path} is not a readable Excel workbook: {error}.", REMEDY) from error


def header(cells: list[str]) -> list[str]:
    """Return the names of the columns; one without a name gets its number."""
    return [cell.strip() or f"column {number}" for number, cell in enumerate(cells, start=1)]


def text(value: Any) -> str:
    """Return a cell as text: whole numbers without a point, nothing for an empty cell."""
    if value is None:
        return ""
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    return str(value)
