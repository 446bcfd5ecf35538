"""What a change of a hand-off came to: for figures, and for the desks that are told of it. Pure."""

from __future__ import annotations

import hashlib
from typing import Any

from ratchet_bot.channel import handed
from ratchet_bot.channel.handed import Handed, Line

OPENED, MESSAGE, TAKEN, CLOSED = "handoff.opened", "handoff.message", "handoff.taken", "handoff.closed"

Entry = tuple[float, str]
"""An entry of the log that figures are made of: when, in seconds since 1970, and what."""


def events(conversation: str, before: Handed, after: Handed, now: float) -> list[dict[str, Any]]:
    """Return what happened, in order, each with an id that is the same however often it is found.

    Each has `at`, in seconds since 1970. Notes are the colleagues' own, and no event.
    """
    found: list[dict[str, Any]] = []

    def add(type: str, of: Any, **data: Any) -> None:
        name = f"{conversation}\\0{type}\\0{of}"
        id = hashlib.sha256(name.encode(errors="replace")).hexdigest()[:32]
        found.append({"id": id, "type": type, "conversation": conversation, "at": now, **data})

    opened = after.silent and (not before.silent or after.since != before.since)
    if opened:
        add(OPENED, repr(after.since))
    for line in _new(before, after):
        if line.said_by != handed.NOTE:
            add(MESSAGE, line.number, line=_said(line))
    if after.status == handed.TAKEN and (before.status, before.taken_by) != (after.status, after.taken_by):
        add(TAKEN, f"{after.since!r} {after.taken_until!r}", by=after.taken_by, until=after.taken_until)
    if before.silent and not after.silent:
        how, _, who = after.ended.partition(" by ")
        add(CLOSED, repr(before.since), how=how, by=who)
    return found


def entries(conversation: str, before: Handed, after: Handed) -> list[Entry]:
    """Return what figures are made of: that a conversation was handed off, and that it got its first reply."""
    name = hashlib.sha256(conversation.encode(errors="replace")).hexdigest()[:16]
    found: list[Entry] = []
    if after.silent and after.since != before.since:
        found.append((after.since, f"{OPENED} {name} {after.since!r}"))
    if after.answered and after.answered != before.answered:
        seconds = max(after.answered - after.since, 0.0)
        found.append((after.answered, f"answered {name} {after.since!r} {seconds!r}"))
    return found


def counted(log: list[str]) -> tuple[int, list[float]]:
    """Return how many hand-offs the entries of a log tell of, and the seconds until the first replies, ascending."""
    opened = sum(one.startswith(OPENED) for one in log)
    return opened, sorted(float(one.rpartition(" ")[2]) for one in log if one.startswith("answered"))


def _new(before: Handed, after: Handed) -> list[Line]:
    return [line for line in after.lines if line.number > before.last]


def _said(line: Line) -> dict[str, Any]:
    """A line as another desk reads it; a colleague's has their name."""
    named = {"name": line.name} if line.name else {}
    return {"number": line.number, "said_by": line.said_by, "text": line.text, **named}
