"""Who did what to the corpus: its revisions in Git's history, and what became of one message."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from ratchet.domain.record import Record

What = Literal["came", "relabelled", "removed", "back"]
Labels = Mapping[tuple[str, ...], str]
"""A message's intents by context, in one revision; empty where it is not there."""


@dataclass(frozen=True)
class Entry(Record):
    """A commit that changed the data: `revision` is the data's, `subject` the account, `date` the author's (ISO 8601).

    `parents` are commits; those before the history's start are not in it.
    """

    commit: str
    parents: tuple[str, ...]
    author: str
    email: str
    date: str
    subject: str
    revision: str


@dataclass(frozen=True)
class Event(Record):
    """What a commit did to a message: `intents` are those that it has since, `was` those before."""

    what: What
    entry: Entry
    intents: tuple[str, ...]
    was: tuple[str, ...]
    source: str


@dataclass(frozen=True)
class Blame(Record):
    """A message's life: its `events`, the oldest first, and its side with day and reason, as the ledger has it."""

    text: str
    events: tuple[Event, ...]
    side: str
    first_seen: str
    moved: str
    reason: str


def events(
    entries: Sequence[Entry], labels: Mapping[str, Labels], sources: Mapping[str, str]
) -> tuple[Event, ...]:
    """Return what happened to a message; `entries` are the oldest first, `labels` and `sources` are by data revision.

    A commit did something if the message differs from each of its parents: a merge that took what one side
    had did nothing.
    """
    at: dict[str, Labels] = {}
    found = []
    seen = False
    for entry in entries:
        now = labels.get(entry.revision, {})
        before = [at.get(parent, {}) for parent in entry.parents] or [{}]
        at[entry.commit] = now
        if any(now == one for one in before):
            continue
        was, is_now = named(before[0]), named(now)
        what: What = "removed" if not now else "relabelled" if was else "back" if seen else "came"
        seen = seen or bool(now)
        found.append(Event(what, entry, is_now, was, sources.get(entry.revision, "")))
    return tuple(found)


def named(labels: Labels) -> tuple[str, ...]:
    """Return the intents of a message, each once."""
    return tuple(sorted(set(labels.values())))
