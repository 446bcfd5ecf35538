"""Reading the training data of Rasa 1 in Markdown: intents, synonyms, regular expressions and lookup tables."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

from ratchet.adapters.readers.reading import EXTRAS, Notes, Reading, Rows
from ratchet.adapters.readers.texts import entries, read_text
from ratchet.domain.corpus import rasa_markdown
from ratchet.domain.corpus.corpus import CorpusPolicy
from ratchet.domain.corpus.rasa_markdown import KINDS, Line
from ratchet.domain.errors import RatchetError

ENDINGS = {".md", ".markdown"}


def is_nlu(path: Path) -> bool:
    """Tell whether a Markdown file holds training data; a story or a page of text does not."""
    return rasa_markdown.is_nlu(path.read_bytes().decode("utf-8", errors="replace"))


@dataclass
class Taking:
    """What is taken out of one file."""

    path: Path
    rows: Rows
    notes: Notes
    extras: dict[str, dict[str, list[str]]] = field(default_factory=lambda: {kind: {} for kind in EXTRAS})

    def line(self, line: Line) -> None:
        """Take one line of a section."""
        section, number = line.section, line.number
        if line.outside or not section.known:
            if line.item and section.line:
                raise RatchetError(
                    f"{self.path}:{section.line} begins a section {section.kind!r}, which Rasa does not have.",
                    f"Write one of: {', '.join(f'## {kind}:NAME' for kind in KINDS)}.",
                )
            self.notes.note("left out", "outside of every section left out", number, line.text, "line")
        elif line.item and section.kind == "intent":
            self.rows.add(number, line.item, section.name, {})
        elif line.item:
            self.extras[section.kind].setdefault(section.name, []).append(line.item)
        elif section.kind == "lookup":
            self.extras["lookup"].setdefault(section.name, []).extend(
                entries(self.path, number, line.text, self.notes)
            )
        else:
            self.notes.fault("line without `- `", "that do not begin with `- `", number, line.text, "line")


def read(path: Path, policy: CorpusPolicy, encoding: str | None = None) -> Reading:
    """Read one file; raises `RatchetError` naming the line of a section that Rasa does not have."""
    notes = Notes(path.name)
    taking = Taking(path, Rows(path.name, path.stem, policy), notes)
    for line in rasa_markdown.lines(read_text(path, notes, encoding)):
        if not line.begins:
            taking.line(line)
        elif line.section.known and not line.section.name:
            raise RatchetError(
                f"{path}:{line.number} has no name after `{line.section.kind}:`.", "Write its name."
            )
    found = {kind: named for kind, named in taking.extras.items() if named}
    return Reading(taking.rows.frame(), found, notes.account, notes.faults)
