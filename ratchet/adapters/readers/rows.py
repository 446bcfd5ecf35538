"""From the cells of a table or the fields of an object to rows of the corpus, whichever tool wrote them."""

from __future__ import annotations

import datetime
import re
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from ratchet.adapters.readers import label_tools
from ratchet.adapters.readers.label_tools import Answer, Source
from ratchet.adapters.readers.reading import Columns, Notes, Rows
from ratchet.adapters.system.files import MALFORMED
from ratchet.domain.corpus import agreement, markup
from ratchet.domain.corpus.agreement import Outcome
from ratchet.domain.corpus.corpus import CorpusPolicy
from ratchet.domain.errors import RatchetError
from ratchet.domain.wording import count, percent

HALF = re.compile("[\ud800-\udfff]")
TIMES = (datetime.date, datetime.time, datetime.timedelta)
EXCELS_ERRORS = {"#REF!", "#NAME?", "#DIV/0!", "#VALUE!", "#NUM!", "#NULL!"}

Row = tuple[int, Mapping[str, Any]]
"""A line number and the row's cells by column."""


class Taking:
    """The rows of one file in the making; the objects of annotation tools wait for all answers to a message."""

    def __init__(self, path: Path, policy: CorpusPolicy, columns: Columns, notes: Notes) -> None:
        self.path, self.policy, self.columns, self.notes = path, policy, columns, notes
        self.rows = Rows(path.name, path.stem, policy)
        self.answers: dict[tuple[str, str, str], list[tuple[int, Answer]]] = {}
        self.choices: dict[tuple[str, ...], dict[str, str]] = {}  # the rows of JSON need not be alike
        self.seen = 0

    def take(self, line: int, cells: Mapping[str, Any]) -> None:
        """Take one row or object."""
        self.seen += 1
        refuse_halves(self.path, line, cells)
        if found := label_tools.reader_of(cells):
            tool, read = found
            try:
                for answer in read(Source(self.path, line, self.columns), cells):
                    # Several answers may be on one line, and joined exports begin again at 1.
                    item = answer.item or f"object {self.seen}"
                    self.answers.setdefault((tool, item, str(answer.text)), []).append((line, answer))
            except MALFORMED as error:
                raise RatchetError(
                    f"{self.path}:{line} is not what {tool} exports.", f"Export it from {tool} again."
                ) from error
        else:
            self.plain(line, cells)

    def plain(self, line: int, cells: Mapping[str, Any]) -> None:
        """Take a row that holds its text and its intent."""
        present = tuple(cells)
        if present not in self.choices:
            self.choices[present] = choose(self.path, line, present, self.policy, self.columns)
        chosen = self.choices[present]
        label = cells[chosen["intent"]]
        labels = label_tools.texts(label) if isinstance(label, list) or listed_in(label) else None
        if labels is not None and len(labels) != 1:
            self.unclear(line, cells[chosen["text"]], agreement.settle([("", labels)]))
            return
        known = {name: cells[column] for name, column in chosen.items() if name not in ("text", "intent")}
        self.add(line, cells[chosen["text"]], labels[0] if labels else label, known)

    def add(self, line: int, text: Any, intent: Any, known: Mapping[str, Any]) -> None:
        """Add a row, unless its text or its intent is not valid."""
        for what, value in (("text", text), ("intent", intent)):
            if why := not_text(value):
                self.notes.fault("not a text", f"whose {what} is {why}, not a text", line, f"{value}")
                return
        if isinstance(text, int | float):
            self.notes.note("numbers", "whose text is a number, taken as it is written", line, written(text))
        self.rows.add(line, written(text), written(intent), known)

    def unclear(self, line: int, text: Any, found: agreement.Settled, why: str = "") -> None:
        """Note a message that has no one label."""
        shown = text if isinstance(text, str) else str(text)
        match found.outcome:
            case Outcome.UNLABELLED:
                self.notes.note("left out", f"{why or 'without a label'} left out", line, shown)
            case Outcome.SEVERAL:
                what = f"{shown}  ({found.described()})"
                self.notes.fault("several intents", "with several intents: one message has one", line, what)
            case _:
                what = f"{shown}  ({found.described()})"
                self.notes.fault(
                    "tie of annotators", "on which the annotators are divided evenly", line, what
                )

    def settle(self) -> None:
        """Decide the messages of annotation tools; says how far their annotators agree."""
        several = agreed = 0
        for (tool, *_), given in self.answers.items():
            line, first = given[0]
            spoken = [(answer.who, answer.labels) for _, answer in given if not answer.left_out]
            found, reasons = agreement.settle(spoken), [one.left_out for _, one in given if one.left_out]
            several, agreed = (
                several + (found.annotators > 1),
                agreed + (found.annotators > 1 and found.unanimous),
            )
            if found.outcome is not Outcome.LABELLED:
                why = reasons[0] if reasons else f"without a label in {tool}"
                self.unclear(line, first.text, found, why)
                continue
            for reason in reasons:
                self.notes.note("left out", f"{reason} left out", line, str(first.text), "answer")
            if not found.unanimous:
                what = f"{first.text}  ({found.described()})"
                self.notes.note("annotators", "decided by the majority of its annotators", line, what)
            elif found.annotators > 1:
                self.notes.note(
                    "joined", "of several annotators joined to one row each", line, str(first.text)
                )
            self.add_answer(line, next(one for _, one in given if not one.left_out), found.label)
        if several:
            share = percent(agreed / several, 0)
            self.notes.said(
                "annotators",
                f"{count(several, 'message')} with several annotators; they agree on {agreed:,} ({share}).",
            )

    def add_answer(self, line: int, answer: Answer, label: str) -> None:
        """Add what an annotation tool's message became."""
        text = answer.text
        if answer.spans and isinstance(text, str):
            text, left_out = markup.marked(text, answer.spans)
            if left_out:
                self.notes.note(
                    "left out", "with entities that Rasa's markup cannot hold, left out", line, text
                )
        fields = {
            field: answer.known.get(self.columns.context.get(field, field)) for field in self.policy.context
        }
        self.add(line, text, label, {**fields, "source": answer.known.get("source")})


def take(path: Path, rows: Iterable[Row], policy: CorpusPolicy, columns: Columns, notes: Notes) -> Rows:
    """Bring rows into the corpus columns; raises `RatchetError` when text or intent has no column, and for no rows."""
    taking = Taking(path, policy, columns, notes)
    for line, cells in rows:
        taking.take(line, cells)
    taking.settle()
    if not taking.seen:
        raise RatchetError(f"{path} has no rows.", "Name a file with rows of text and intent.")
    for present, chosen in list(taking.choices.items())[:1]:
        unused = [name for name in present if name not in chosen.values() and name.strip()]
        if unused:
            notes.said("left out", f"columns that are not read: {listed(unused)}.")
    return taking.rows


def listed_in(label: Any) -> bool:
    """Tell whether a cell holds a list of labels as a tool writes it into a table."""
    return (
        isinstance(label, str) and label.startswith(("[", "{")) and bool(label_tools.texts(label) != (label,))
    )


def not_text(value: Any) -> str:
    """Say what a value is that is no text, "" for a text, a number, or nothing."""
    if isinstance(value, bool):
        return "true or false"
    if value is None or isinstance(value, int | float):
        return ""
    if isinstance(value, str):
        return "an error of Excel" if value in EXCELS_ERRORS else ""
    return "a date or time" if isinstance(value, TIMES) else "a list or an object"


def written(value: Any) -> str:
    """Return a cell as text: whole numbers without a point, nothing for an empty cell."""
    if value is None:
        return ""
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    return str(value)


def refuse_halves(path: Path, line: int, cells: Mapping[str, Any]) -> None:
    """Raise `RatchetError` for half of a surrogate pair, as JSON can write it: no file in UTF-8 can hold it."""
    for name, cell in cells.items():
        shown = (
            cell
            if isinstance(cell, str)
            else ""
            if cell is None or isinstance(cell, int | float)
            else str(cell)
        )
        if not (name.isascii() and shown.isascii()) and HALF.search(name + shown):
            raise RatchetError(
                f"{path}:{line} holds half of a character (\\ud800 to \\udfff) in {name!a}.",
                "Take it out, or export the file again.",
            )


def choose(
    path: Path, line: int, present: Sequence[str], policy: CorpusPolicy, columns: Columns
) -> dict[str, str]:
    """Map corpus columns to a table's own, by the given names, else by the same name in any case.

    Raises `RatchetError` for one that is not there, and for one that appears twice.
    """
    wanted = {"text": columns.text, "intent": columns.intent, "source": "source"}
    wanted |= {field: columns.context.get(field, field) for field in policy.context}
    chosen: dict[str, str] = {}
    for name, column in wanted.items():
        found = [one for one in present if one.strip().casefold() == column.strip().casefold()]
        if len(found) > 1:
            raise RatchetError(
                f"{path}:{line} has {len(found)} columns {found[0].strip()!r}: only one of them would count.",
                "Rename all but one, or take them out.",
            )
        if found:
            chosen[name] = found[0]
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
