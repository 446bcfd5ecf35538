"""How results are printed: tables for people, JSON for machines."""

from __future__ import annotations

import json
import sys
from collections.abc import Sequence
from typing import Any

from rich.cells import cell_len
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from ratchet.adapters.system import stopwatch
from ratchet.domain.errors import RatchetError
from ratchet.domain.wording import percent

WIDEST = 10_000


def console(stderr: bool = False) -> Console:
    """Return a console that wraps nothing, and no table either, where it is no terminal: what reads it wants lines."""
    stream = sys.stderr if stderr else sys.stdout
    return Console(stderr=stderr, highlight=False, soft_wrap=True, width=None if stream.isatty() else WIDEST)


out, err = console(), console(stderr=True)


def forgive() -> None:
    """Let a terminal whose encoding lacks a character show `?` for it, instead of ending the command."""
    for stream in (sys.stdout, sys.stderr):
        if reconfigure := getattr(stream, "reconfigure", None):
            reconfigure(errors="replace")


def complain(error: RatchetError) -> None:
    """Print an error: the fact, then the remedy."""
    err.print(f"[red bold]error:[/red bold] {escape(error.fact)}")
    if error.remedy:
        err.print(f"  {escape(error.remedy)}")


def as_json(content: Any) -> None:
    """Print JSON, and nothing else, to standard output."""
    escaped = (getattr(sys.stdout, "encoding", None) or "utf-8").lower().replace("-", "") != "utf8"
    print(json.dumps(content, indent=2, ensure_ascii=escaped, default=str))


def facts(rows: list[tuple[str, str]], title: str = "") -> None:
    """Print names beside values."""
    table = Table(
        show_header=False, box=None, padding=(0, 2, 0, 0), title=title or None, title_justify="left"
    )
    table.add_column(style="bold", no_wrap=True)
    table.add_column(overflow="fold")
    for name, value in rows:
        table.add_row(name, escape(value))
    out.print(table)


def columns(heads: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
    """Print a table whose cells are whole on a terminal of any width: a line that is too long for it wraps."""
    widths = [max(map(cell_len, column)) for column in zip(heads, *rows, strict=True)]
    for style, cells in [("bold", heads), *(("", row) for row in rows)]:
        padded = (cell + " " * (width - cell_len(cell)) for cell, width in zip(cells, widths, strict=True))
        out.print("  ".join(padded).rstrip(), style=style, markup=False)


def share(value: float | None) -> str:
    """Write a share as percent, "–" for none."""
    return "–" if value is None else percent(value)


def duration(seconds: float) -> str:
    """Write seconds as people say them."""
    minutes, rest = divmod(seconds, 60)
    return f"{int(minutes)} min {rest:.0f} s" if minutes else f"{rest:.1f} s"


def took(seconds: float) -> str:
    """Write how long the command has been at work, of which `seconds` were noted before its end."""
    return duration(stopwatch.seconds(seconds))
