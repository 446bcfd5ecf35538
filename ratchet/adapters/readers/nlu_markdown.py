"""Reading the training data of Rasa 1 in Markdown: intents, synonyms, regular expressions and lookup tables."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from pathlib import Path

from ratchet.adapters.readers.reading import EXTRAS, Notes, Reading, Rows
from ratchet.adapters.readers.texts import entries, lines, read_text
from ratchet.domain.corpus.corpus import CorpusPolicy
from ratchet.domain.errors import RatchetError

ENDINGS = {".md", ".markdown"}
COMMENT = re.compile(r"<!--.*?(?:--!?>|\Z)", re.DOTALL)
SECTION = re.compile(r"^\s*##\s*(?P<kind>[^:\s][^:]*?)\s*:\s*(?P<name>.*?)\s*$")
HEADING = re.compile(r"^\s*#")
ITEM = re.compile(r"^\s*[-*+]\s+(?P<text>.*\S)\s*$")
KINDS = ("intent", *EXTRAS)
IS_NLU = re.compile(r"^\s*##\s*(?:intent|synonym|regex|lookup)\s*:", re.MULTILINE | re.IGNORECASE)


def is_nlu(path: Path) -> bool:
    """Tell whether a Markdown file holds training data; a story or a page of text does not."""
    return bool(IS_NLU.search(path.read_bytes().decode("utf-8", errors="replace")))


@dataclass
class Section:
    """The section that the lines belong to, none before the first."""

    kind: str = ""
    name: str = ""
    line: int = 0


@dataclass
class Taking:
    """What is taken out of one file."""

    path: Path
    rows: Rows
    notes: Notes
    extras: dict[str, dict[str, list[str]]] = field(default_factory=lambda: {kind: {} for kind in EXTRAS})

    def line(self, section: Section, number: int, line: str) -> None:
        """Take one line of a section."""
        item = ITEM.match(line)
        if section.kind not in KINDS:
            if item and section.line:
                raise RatchetError(
                    f"{self.path}:{section.line} begins a section {section.kind!r}, which Rasa does not have.",
                    f"Write one of: {', '.join(f'## {kind}:NAME' for kind in KINDS)}.",
                )
            self.notes.note("left out", "outside of every section left out", number, line.strip(), "line")
        elif item and section.kind == "intent":
            self.rows.add(number, item["text"], section.name, {})
        elif item:
            self.extras[section.kind].setdefault(section.name, []).append(item["text"])
        elif section.kind == "lookup":
            self.extras["lookup"].setdefault(section.name, []).extend(
                entries(self.path, number, line.strip(), self.notes)
            )
        else:
            self.notes.fault("line without `- `", "that do not begin with `- `", number, line.strip(), "line")


def read(path: Path, policy: CorpusPolicy, encoding: str | None = None) -> Reading:
    """Read one file; raises `RatchetError` naming the line of a section that Rasa does not have."""
    notes = Notes(path.name)
    text = COMMENT.sub(lambda found: "\n" * found[0].count("\n"), read_text(path, notes, encoding))
    taking, section = Taking(path, Rows(path.name, path.stem, policy), notes), Section()
    for number, line in enumerate(lines(text), start=1):
        if not line.strip():
            continue
        if begun := SECTION.match(line):
            section = Section(begun["kind"], begun["name"], number)
            if section.kind in KINDS and not section.name:
                raise RatchetError(f"{path}:{number} has no name after `{section.kind}:`.", "Write its name.")
        elif HEADING.match(line):
            section = Section()
            notes.note("left out", "outside of every section left out", number, line.strip(), "line")
        else:
            taking.line(section, number, line)
    found = {kind: named for kind, named in taking.extras.items() if named}
    return Reading(taking.rows.frame(), found, notes.account, notes.faults)
