"""The table that a migration ends with: what was taken, changed and left behind."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import StrEnum

from ratchet.domain.record import Record


class Kind(StrEnum):
    """What became of a part of the project."""

    TAKEN = "taken"
    CHANGED = "changed"
    LEFT = "left"


HEADINGS = {Kind.TAKEN: "Taken", Kind.CHANGED: "Changed", Kind.LEFT: "Left behind"}


@dataclass(frozen=True)
class Row(Record):
    """One row. `where` is a file, or `file:line`, of the project, "" for all of it; `why` the reason; `todo` what a
    person can do about it, "" if nothing has to be done."""

    kind: Kind
    what: str
    where: str = ""
    before: str = ""
    after: str = ""
    why: str = ""
    todo: str = ""

    def sentence(self) -> str:
        """Say the row in one line."""
        place = f" ({self.where})" if self.where else ""
        change = f": {self.before}" if self.before else ""
        change += f" → {self.after}" if self.after else ""
        why = f"; {self.why}" if self.why else ""
        return f"{self.what}{place}{change}{why}".rstrip(".") + f".{f' {self.todo}' if self.todo else ''}"


def counts(rows: Iterable[Row]) -> dict[str, int]:
    """Return how many rows each kind has, all kinds named."""
    found = Counter(row.kind for row in rows)
    return {kind.value: found[kind] for kind in Kind}


def markdown(project: str, rows: Sequence[Row]) -> str:
    """Return the table as a Markdown page."""
    parts = [f"# What came over from {project}\n"]
    for kind, heading in HEADINGS.items():
        chosen = [row for row in rows if row.kind is kind]
        parts.append(f"## {heading}\n")
        if not chosen:
            parts.append("Nothing.\n")
            continue
        columns = ("what", "where", "before", "after", "why", "todo")
        used = [name for name in columns if any(getattr(row, name) for row in chosen)]
        titles = {"todo": "what to do"}
        lines = [
            "| " + " | ".join(titles.get(name, name) for name in used) + " |",
            "| " + " | ".join("---" for _ in used) + " |",
        ]
        lines += ["| " + " | ".join(cell(getattr(row, name)) for name in used) + " |" for row in chosen]
        parts.append("\n".join(lines) + "\n")
    return "\n".join(parts)


def cell(text: str) -> str:
    """Return a text as one cell of a Markdown table."""
    return " ".join(text.split()).replace("|", "\\|")
