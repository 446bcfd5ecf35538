"""The labelling list: messages with the right intent that people noted in *Try it*, until they are in the corpus.

`.ratchet/page/corrections.csv` has the columns of the corpus, so `ratchet ingest` takes it as it is.
"""

from __future__ import annotations

import contextlib
import csv
from collections.abc import Collection, Iterator, Mapping, Sequence
from pathlib import Path

from ratchet.adapters.monitoring import labels
from ratchet.adapters.page import jobs
from ratchet.adapters.settings import Settings
from ratchet.adapters.system.files import read_json, replacing
from ratchet.adapters.system.lock import hold
from ratchet.domain.corpus import personal_data
from ratchet.domain.corpus.corpus import normalise
from ratchet.domain.errors import UsageError
from ratchet.domain.operations import labelling
from ratchet.domain.operations.sampling import CONTROL

SOURCE = "page"
PATIENCE_SECONDS = 10.0

Row = Mapping[str, str]


def file_of(settings: Settings) -> Path:
    """The list."""
    return settings.state / "page" / "corrections.csv"


def pending_file(settings: Settings) -> Path:
    """Says which command takes the list in now."""
    return settings.state / "page" / "taking.json"


@contextlib.contextmanager
def locked(settings: Settings) -> Iterator[None]:
    """Let one change at a time be made."""
    with hold(
        settings.state / "page" / "corrections.lock", "A change of the labelling list", PATIENCE_SECONDS
    ):
        yield


def read(settings: Settings) -> list[Row]:
    """Return the list, oldest first, less what has come into the corpus meanwhile."""
    with locked(settings):
        return settled(settings)


def add(settings: Settings, text: str, intent: str, context: Mapping[str, str]) -> bool:
    """Note a message, without personal data; false where it is there already.

    The same message with another intent takes the old one's place.
    """
    return add_all(settings, [{"text": text, "intent": intent, **context}]) == 1


def add_all(settings: Settings, noted: Sequence[Row]) -> int:
    """Note messages as `add` does, each with its context; returns how many were not there already."""
    policy = settings.params.corpus
    allowed = settings.params.validation.personal_data_allowed
    with locked(settings):
        rows = {key(row): row for row in settled(settings)}
        before = list(rows.values())
        for one in noted:
            text = personal_data.mask(CONTROL.sub(" ", one["text"]), allowed)
            row = {**dict.fromkeys(policy.columns, ""), **one, "text": text, "source": SOURCE}
            if rows.get(key(row)) != row:
                rows.pop(key(row), None)
                rows[key(row)] = row
        after = list(rows.values())
        if after != before:
            write(file_of(settings), policy.columns, after)
    return sum(row not in before for row in after)


def remove(settings: Settings, number: int) -> Row:
    """Take the message at a place out of the list; raises `UsageError` where there is none."""
    with locked(settings):
        rows = settled(settings)
        if not 0 <= number < len(rows):
            raise UsageError("That message is not on the list any more.", "Load the page again.")
        write(file_of(settings), settings.params.corpus.columns, [*rows[:number], *rows[number + 1 :]])
    return rows[number]


def settled(settings: Settings) -> list[Row]:
    """Return the list after what a command that ended well has taken in has left it."""
    rows = rows_of(file_of(settings))
    taking = read_json(pending_file(settings))
    if not taking:
        return rows
    progress = jobs.find(settings, str(taking.get("job", "")))
    if progress and not progress.end:
        return rows
    if progress and progress.good:
        rows = [one for one in rows if one not in taking["rows"]]
        write(file_of(settings), settings.params.corpus.columns, rows)
        for sample, taken in taking.get("samples", {}).items():
            labels.put_taken(Path(sample), taken)
    pending_file(settings).unlink(missing_ok=True)
    return rows


def drop(settings: Settings, keys: Collection[str]) -> None:
    """Take messages off the list, by their keys in a sample: they got a newer label in *Label*."""
    with locked(settings):
        rows = settled(settings)
        rest = [one for one in rows if message_key(settings, one) not in keys]
        if len(rest) < len(rows):
            write(file_of(settings), settings.params.corpus.columns, rest)


def message_key(settings: Settings, row: Row) -> str:
    """Return the key that a message of the list has in a sample."""
    values = [row.get(name, "") for name in settings.params.corpus.context]
    return labelling.key_of(normalise(row.get("text", "")), values)


def key(row: Row) -> tuple[tuple[str, str], ...]:
    """Return what tells messages apart: text and context."""
    return tuple((name, value) for name, value in sorted(row.items()) if name not in ("intent", "source"))


def rows_of(path: Path) -> list[Row]:
    """Read a list; none where there is no file."""
    try:
        with path.open(encoding="utf-8", newline="") as file:
            return [dict(row) for row in csv.DictReader(file)]
    except FileNotFoundError:
        return []


def write(path: Path, columns: list[str], rows: list[Row]) -> None:
    """Write a list whole or not at all."""
    with replacing(path) as temporary, temporary.open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, columns, extrasaction="ignore", lineterminator="\n")
        writer.writeheader()
        writer.writerows(rows)
