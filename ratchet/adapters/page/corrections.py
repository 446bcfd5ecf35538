"""Messages with the right intent that people noted on the page, until they are in the corpus.

`.ratchet/page/corrections.csv` has the columns of the corpus, so `ratchet ingest` takes it as it is.
"""

from __future__ import annotations

import contextlib
import csv
from collections.abc import Iterator, Mapping
from pathlib import Path

from ratchet.adapters.page import jobs
from ratchet.adapters.page.jobs import Job
from ratchet.adapters.settings import Settings
from ratchet.adapters.system.files import read_json, replacing, write_json
from ratchet.adapters.system.lock import hold
from ratchet.domain.corpus import personal_data
from ratchet.domain.errors import RatchetError, UsageError
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
    policy = settings.params.corpus
    text = personal_data.mask(CONTROL.sub(" ", text), settings.params.validation.personal_data_allowed)
    row = {**dict.fromkeys(policy.columns, ""), "text": text, "intent": intent, **context, "source": SOURCE}
    with locked(settings):
        rows = settled(settings)
        if row in rows:
            return False
        same = [one for one in rows if key(one) != key(row)]
        write(file_of(settings), policy.columns, [*same, row])
    return True


def remove(settings: Settings, number: int) -> Row:
    """Take the message at a place out of the list; raises `UsageError` where there is none."""
    with locked(settings):
        rows = settled(settings)
        if not 0 <= number < len(rows):
            raise UsageError("That message is not on the list any more.", "Load the page again.")
        write(file_of(settings), settings.params.corpus.columns, [*rows[:number], *rows[number + 1 :]])
    return rows[number]


def take(settings: Settings, by: str) -> Job:
    """Start `ratchet ingest` of the list, as one commit; raises `RatchetError` where it is empty or being taken."""
    with locked(settings):
        rows = settled(settings)
        if not rows:
            raise UsageError("There is nothing on the labelling list.", "Note a message in *Try it* first.")
        if pending_file(settings).exists():
            raise RatchetError("The list is being taken into the corpus.", "Wait for the end of that.")
        taken = settings.state / "page" / "taken.csv"
        write(taken, settings.params.corpus.columns, rows)
        words = ["ingest", str(taken), "--relabel", "--commit"]
        job = jobs.start(settings, f"Taking {len(rows)} messages into the corpus", words, by)
        write_json(pending_file(settings), {"job": job.id, "rows": [dict(one) for one in rows]})
    return job


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
    pending_file(settings).unlink(missing_ok=True)
    return rows


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
