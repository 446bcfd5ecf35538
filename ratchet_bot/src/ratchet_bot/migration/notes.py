"""What is found on the way: rows of the table that the migration ends with."""

from __future__ import annotations

import re
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

TAKEN, CHANGED, LEFT = "taken", "changed", "left"
READ_AS = re.compile(
    r"|".join(
        (
            "Training data file .* has a lower format version",
            "Domain file .* has a lower format version",
            "The configured file .* has a lower",
            "Slot auto-fill has been removed",
            "was listed in your domain.*but was not",
            "no matching response defined",
            "No policy parameter|not specified a value for|Loading domain from",
        )
    ),
    re.S,
)
"""What Rasa says that is no loss: it still reads the file, or another row of the table says it."""


@dataclass(frozen=True)
class Row:
    """One row: `kind` is taken, changed or left; `where` is file or file:line, "" for all of the project."""

    kind: str
    what: str
    where: str = ""
    before: str = ""
    after: str = ""
    why: str = ""
    todo: str = ""


@dataclass
class Notes:
    """Rows in the order in which they were found; `root` is the folder that places are told relative to."""

    root: Path
    rows: list[Row] = field(default_factory=list)

    def add(self, kind: str, what: str, where: str = "", **more: str) -> None:
        """Add a row, once."""
        row = Row(kind, what, where, **more)
        if row not in self.rows:
            self.rows.append(row)

    def place(self, path: Path | str, line: int | None = None) -> str:
        """A file as people name it, with its line where that is known."""
        known = Path(path)
        name = known.relative_to(self.root).as_posix() if known.is_relative_to(self.root) else str(path)
        return f"{name}:{line}" if line else name

    def as_dicts(self) -> list[dict[str, Any]]:
        """The rows for the report."""
        return [asdict(row) for row in self.rows]

    @contextmanager
    def listening(self) -> Iterator[None]:
        """Keep what Rasa's loaders warn of as rows: they skip what they cannot read and continue."""
        with warnings.catch_warnings(record=True) as heard:
            warnings.simplefilter("always")
            yield
        for warning in heard:
            said = " ".join(str(warning.message).replace(f"{self.root}/", "").split())
            if issubclass(warning.category, UserWarning) and not READ_AS.search(said):
                self.add(LEFT, "read with a warning by Rasa", why=said[:400], todo="Correct it in the file.")
