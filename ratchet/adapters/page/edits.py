"""Answers that people changed on the page, until they are published: `.ratchet/page/edits.json`."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from ratchet.adapters.bot import answer_texts, answers
from ratchet.adapters.bot.answers import Answer, Domain, Key
from ratchet.adapters.settings import Settings
from ratchet.adapters.system.files import read_record, write_json
from ratchet.adapters.system.lock import hold
from ratchet.domain.errors import RatchetError, UsageError
from ratchet.domain.record import Record

PATIENCE_SECONDS = 10.0
WHAT = "A change of the answers"


@dataclass(frozen=True)
class Edit(Record):
    """Another text for an answer: who wrote it and when (since 1970); `base` is the digest of the answer then."""

    file: str
    name: str
    place: str
    base: str
    text: str
    by: str
    at: float

    @property
    def key(self) -> Key:
        """The answer's key."""
        return self.file, self.name, self.place


@dataclass(frozen=True)
class Edits(Record):
    """All of them, the oldest first."""

    edits: tuple[Edit, ...] = ()


@dataclass(frozen=True)
class Row:
    """An answer as people see it: as the file has it, and with the change that is not published."""

    answer: Answer
    edit: Edit | None = None

    @property
    def text(self) -> str:
        """What it is to say."""
        return self.edit.text if self.edit else self.answer.text or ""

    @property
    def id(self) -> str:
        """Names its field on the page."""
        return answers.digest_of(self.answer.key)

    @property
    def seen(self) -> str:
        """Changes with anything that a person sees who edits it."""
        return answers.digest_of([self.answer.digest, self.edit.as_dict() if self.edit else None])

    @property
    def old(self) -> bool:
        """Whether the file was changed since the edit was made."""
        return self.edit is not None and self.edit.base != self.answer.digest


class Changed(RatchetError):
    """Someone else changed the answer meanwhile; `row` is how it is now."""

    def __init__(self, row: Row) -> None:
        who = f"{row.edit.by} changed" if row.edit else "A commit changed"
        super().__init__(f"{who} this answer meanwhile.", "Compare the two texts, and save the right one.")
        self.row = row


def file_of(settings: Settings) -> Path:
    """Holds the edits."""
    return settings.state / "page" / "edits.json"


@contextlib.contextmanager
def locked(settings: Settings) -> Iterator[None]:
    """Let one change at a time be made."""
    with hold(settings.state / "page" / "answers.lock", WHAT, PATIENCE_SECONDS):
        yield


def kept(settings: Settings) -> tuple[Edit, ...]:
    """Return the edits that are not published."""
    found = read_record(file_of(settings), Edits.from_dict, "Move it away, and write the answers again.")
    return found.edits if found else ()


def read(settings: Settings) -> tuple[Domain, list[Row]]:
    """Return the bot's domain, and a row for each answer."""
    domain = answers.read(settings.bot)
    own = {one.key: one for one in kept(settings)}
    rows = []
    for answer in domain.answers:
        edit = own.get(answer.key)
        done = edit is not None and answer.text is not None and answer.text.strip() == edit.text
        rows.append(Row(answer, None if done else edit))
    for edit in own.values():
        added = added_by(domain, edit.key)
        rows += [Row(added, edit)] if added else []
    return domain, rows


def added_by(domain: Domain, key: Key) -> Answer | None:
    """Return the answer that is to be added at a place such as `role=manager`; None at any other."""
    slot, sign, value = key[2].partition("=")
    return answers.missing(domain, key[0], key[1], slot, value) if sign else None


def lost(settings: Settings, rows: Sequence[Row]) -> list[Edit]:
    """Return the edits of answers that the files do not have any more."""
    there = {row.answer.key for row in rows}
    said = {(row.answer.file, row.answer.name, (row.answer.text or "").strip()) for row in rows}
    gone = [one for one in kept(settings) if one.key not in there]
    return [
        one for one in gone if (one.file, one.name, one.text) not in said
    ]  # else it is in the file by now


def row_of(settings: Settings, key: Key) -> Row:
    """Return one row; raises `UsageError` where there is none, or it has no words."""
    domain, rows = read(settings)
    added = added_by(domain, key)
    found = next((row for row in rows if row.answer.key == key), Row(added) if added else None)
    if found is None or found.answer.text is None:
        raise UsageError("There is no such answer any more.", "Load the list of answers again.")
    return found


def save(settings: Settings, key: Key, seen: str, text: str, by: str, now: float) -> Row:
    """Note another text for an answer, and return its row; the file's own text takes the edit back.

    Raises `Changed` where the answer is not what its editor had `seen`.
    """
    with locked(settings):
        row = row_of(settings, key)
        if row.seen != seen:
            raise Changed(row)
        if text == row.text.strip() and not row.old:
            return row
        edit = Edit(*key, row.answer.digest, text, by, now)
        answer_texts.edited(
            answers.text_of(settings.bot / key[0]), key[1], key[2], text
        )  # said now, not when published
        same = text == (row.answer.text or "").strip()
        write(settings, [*(one for one in kept(settings) if one.key != key), *([] if same else [edit])])
    return Row(row.answer, None if same else edit)


def take_back(settings: Settings, key: Key) -> None:
    """Forget an edit; raises `UsageError` where there is none."""
    with locked(settings):
        edits = kept(settings)
        rest = [one for one in edits if one.key != key]
        if len(rest) == len(edits):
            raise UsageError("That change is not on the list any more.", "Load the page again.")
        write(settings, rest)


def write(settings: Settings, edits: Sequence[Edit]) -> None:
    """Write the edits whole or not at all."""
    write_json(file_of(settings), Edits(tuple(edits)).as_dict())
