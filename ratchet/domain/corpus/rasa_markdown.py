"""The training data of Rasa 1 in Markdown, line by line: messages, synonyms, regular expressions and lookup tables."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

KINDS = ("intent", "synonym", "regex", "lookup")
COMMENT = re.compile(r"<!--.*?(?:--!?>|\Z)", re.DOTALL)
SECTION = re.compile(r"^\s*##\s*(?P<kind>[^:\s][^:]*?)\s*:\s*(?P<name>.*?)\s*$")
HEADING = re.compile(r"^\s*#")
ITEM = re.compile(r"^\s*[-*+]\s+(?P<text>.*\S)\s*$")
IS_NLU = re.compile(r"^\s*##\s*(?:intent|synonym|regex|lookup)\s*:", re.MULTILINE | re.IGNORECASE)
BREAK = re.compile(r"\r\n|\r|\n")


@dataclass(frozen=True)
class Section:
    """The section that a line belongs to: what `## KIND:NAME` says, and its line; all empty before the first.

    `kind` is one of `KINDS`, or another word, which Rasa does not have.
    """

    kind: str = ""
    name: str = ""
    line: int = 0

    @property
    def known(self) -> bool:
        """Whether Rasa has such sections."""
        return self.kind in KINDS


@dataclass(frozen=True)
class Line:
    """One line with something on it: its number from 1, its text, and `item`, what is after a bullet, or ""."""

    number: int
    text: str
    section: Section
    item: str = ""
    begins: bool = False

    @property
    def outside(self) -> bool:
        """Whether no section holds it: it is before the first, or is a heading that begins none."""
        return not self.begins and not self.section.line


def is_nlu(text: str) -> bool:
    """Tell whether a Markdown text holds training data; stories or a page of prose do not."""
    return bool(IS_NLU.search(text))


def without_comments(text: str) -> str:
    """Return a text with its comments taken out, each line where it was."""
    return COMMENT.sub(lambda found: "\n" * found[0].count("\n"), text)


def lines(text: str) -> Iterator[Line]:
    """Yield the lines that are not blank; of a line that begins a section, the section is its own."""
    section = Section()
    for number, line in enumerate(BREAK.split(without_comments(text)), start=1):
        if not line.strip():
            continue
        begun, item = SECTION.match(line), ITEM.match(line)
        if begun:
            section = Section(begun["kind"], begun["name"], number)
        elif HEADING.match(line):
            section = Section()
        yield Line(number, line.strip(), section, item["text"] if item else "", bool(begun))
