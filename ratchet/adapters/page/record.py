"""What people did on the page, `.ratchet/page/acts.jsonl`: one line an act, added and never changed."""

from __future__ import annotations

import json
import os
import secrets
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from ratchet.adapters.settings import Settings
from ratchet.adapters.system.files import MALFORMED, end_of
from ratchet.domain.record import Record

MOST_SENTENCE = 500
TAIL_BYTES = 200_000


@dataclass(frozen=True)
class Act(Record):
    """Who did what; `route` is the page's own name for it, `sentence` says it in words, `refused` why it was not done.

    No text of a conversation is in it.
    """

    id: str
    at: str
    by: str
    role: str
    route: str
    sentence: str
    refused: str = ""


def file_of(settings: Settings) -> Path:
    """The file that holds them."""
    return settings.state / "page" / "acts.jsonl"


def note(settings: Settings, by: str, role: str, route: str, sentence: str, refused: str = "") -> Act:
    """Add an act and return it; two processes can do so at once."""
    now = datetime.now(UTC).isoformat(timespec="seconds")
    act = Act(secrets.token_hex(8), now, by, role, route, sentence[:MOST_SENTENCE], refused[:MOST_SENTENCE])
    path = file_of(settings)
    path.parent.mkdir(parents=True, exist_ok=True)
    line = json.dumps(act.as_dict(), ensure_ascii=True) + "\n"
    handle = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
    try:
        os.write(handle, line.encode())
    finally:
        os.close(handle)
    return act


def newest(settings: Settings) -> Iterator[Act]:
    """Give the newest acts, the latest first; a damaged line is left out."""
    for line in reversed(end_of(file_of(settings), TAIL_BYTES).splitlines()):
        try:
            yield Act.from_dict(json.loads(line))
        except MALFORMED:
            continue


def found(settings: Settings, name: str, by: str) -> Act | None:
    """Return a recent act of one person by its id; None for anybody else's."""
    return next((act for act in newest(settings) if act.id == name and act.by == by), None)
