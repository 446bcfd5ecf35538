"""A conversation at a person's desk: who has it, what was said there, and what its user has received. Pure.

The bot is silent from `opened` until `ended`. Each change returns a new state, and the same state where the change was
made before: every line has its sender's ID, so that a request that is sent again adds nothing.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields, replace
from typing import Any

BOT, WAITING, TAKEN = "bot", "waiting", "taken"
PERSON, COLLEAGUE, NOTE = "person", "colleague", "note"
"""Who said something: the bot's user, who answers in the bot's place, and the latter to themselves."""
RETURNED, CLOSED = "returned", "closed"
AGAIN_SECONDS = 600
"""How long the ID of a user's message names the same message; applications may count again in each session."""
MOST_LINES = 500
"""How many lines are kept of a conversation; a reply that its user has not received is kept beyond that."""


class NotPossible(Exception):
    """A change that the state does not allow, with a sentence that says why."""


@dataclass(frozen=True)
class Line:
    """Something that was said while the bot is silent; `number` grows by one, `at` is in seconds since 1970.

    `said_by` is PERSON, COLLEAGUE or NOTE, `name` that of the colleague, `id` the sender's own of this line.
    """

    number: int
    said_by: str
    text: str
    at: float
    id: str
    name: str = ""


@dataclass(frozen=True)
class Handed:
    """The state. `since` is when it was handed off, `received` the number up to which the user has the replies.

    `status` is BOT while the bot answers, WAITING, or TAKEN by `taken_by` until `taken_until`; `ended` is how and by
    whom the last hand-off ended, `ended_at` when, `left_out` how many of the oldest lines are not kept any more.
    """

    status: str = BOT
    since: float = 0.0
    taken_by: str = ""
    taken_until: float = 0.0
    lines: tuple[Line, ...] = ()
    last: int = 0
    received: int = 0
    ended: str = ""
    left_out: int = 0
    answered: float = 0.0
    told: str = ""
    told_for: int = 0
    ended_at: float = 0.0

    @property
    def silent(self) -> bool:
        """Whether the bot says nothing."""
        return self.status != BOT

    def holder(self, now: float) -> str:
        """Return who has it now, "" where no one has, or their time is over."""
        return self.taken_by if self.status == TAKEN and now < self.taken_until else ""

    def waits_since(self, now: float) -> float | None:
        """Return since when no one has it, in seconds since 1970; None where someone has, or the bot."""
        if not self.silent or self.holder(now):
            return None
        return self.taken_until if self.status == TAKEN else self.since

    def unreceived(self, after: int | None = None) -> list[Line]:
        """Return the replies that the user does not have, oldest first; `after` counts in place of `received`."""
        known = self.received if after is None else max(after, 0)
        return [line for line in self.lines if line.said_by == COLLEAGUE and line.number > known]

    def as_dict(self) -> dict[str, Any]:
        """Return it as JSON has it."""
        return asdict(self)


def of(stored: Mapping[str, Any]) -> Handed:
    """Return the state that was stored; what a later release added to it is left out."""
    known = {field.name for field in fields(Handed)} - {"lines"}
    of_line = {field.name for field in fields(Line)}
    lines = tuple(Line(**{k: v for k, v in line.items() if k in of_line}) for line in stored.get("lines", ()))
    return Handed(**{k: v for k, v in stored.items() if k in known}, lines=lines)


def opened(state: Handed, now: float) -> Handed:
    """Hand it off; one that is handed off stays as it is."""
    if state.silent:
        return state
    fresh = replace(state, status=WAITING, since=now, taken_by="", taken_until=0.0, ended="")
    return replace(fresh, answered=0.0, told="", told_for=0, ended_at=0.0)


def wrote(state: Handed, text: str, id: str, now: float) -> Handed:
    """Keep what the user wrote; where the bot answers, it is the bot's and nothing changes."""
    twin = _line(state, PERSON, id)
    again = twin is not None and now - twin.at < AGAIN_SECONDS
    return _said(state, PERSON, text, id, now) if state.silent and not again else state


def told(state: Handed, what: str, number: int) -> Handed:
    """Note that the user was told this by itself, in answer to their line with the number; once in a hand-off."""
    return state if not what or state.told == what else replace(state, told=what, told_for=number)


def taken(state: Handed, name: str, seconds: float, now: float) -> Handed:
    """Give it to a colleague for a time. Raises NotPossible where another one has it, or the bot."""
    _needs_silence(state)
    _needs_no_other(state, name, now)
    return replace(state, status=TAKEN, taken_by=name, taken_until=now + seconds)


def replied(state: Handed, name: str, text: str, id: str, seconds: float, now: float) -> Handed:
    """Add a colleague's reply, and `seconds` to their time. Raises NotPossible for one who does not have it."""
    if _line(state, COLLEAGUE, id):
        return state
    _needs_holder(state, name, now)
    kept = replace(state, taken_until=max(state.taken_until, now + seconds), answered=state.answered or now)
    return _said(kept, COLLEAGUE, text, id, now, name)


def noted(state: Handed, name: str, text: str, id: str, now: float) -> Handed:
    """Add a note, which the user never sees; anyone may write one. Raises NotPossible where the bot has it."""
    if _line(state, NOTE, id):
        return state
    _needs_silence(state)
    return _said(state, NOTE, text, id, now, name)


def ended(state: Handed, name: str, how: str, now: float) -> Handed:
    """Let the bot answer again: RETURNED or CLOSED. Raises NotPossible for one whose colleague has it.

    Replies that the user does not have yet still reach them.
    """
    said = f"{how} by {name}"
    if not state.silent and state.ended == said:
        return state  # sent again
    _needs_silence(state)
    _needs_no_other(state, name, now)
    return replace(state, status=BOT, taken_by="", taken_until=0.0, ended=said, ended_at=now)


def received(state: Handed, number: int) -> Handed:
    """Note that the user has the replies up to this number; a number that was not given yet counts as the last one."""
    return replace(state, received=max(state.received, min(number, state.last)))


def number_of(state: Handed, said_by: str, id: str) -> int:
    """Return the number of the line with its sender's id, 0 where it is not kept."""
    line = _line(state, said_by, id)
    return line.number if line else 0


def _line(state: Handed, said_by: str, id: str) -> Line | None:
    """The newest line with this id."""
    return next((line for line in reversed(state.lines) if line.said_by == said_by and line.id == id), None)


def _said(state: Handed, said_by: str, text: str, id: str, now: float, name: str = "") -> Handed:
    number = state.last + 1
    lines = (*state.lines, Line(number, said_by, text, now, id, name))
    spare = len(lines) - MOST_LINES
    waiting = {line.number for line in state.unreceived()}
    old = {line.number for line in lines if line.number not in waiting and line.number != number}
    drop = set(sorted(old)[: max(spare, 0)])
    kept = tuple(line for line in lines if line.number not in drop)
    return replace(state, lines=kept, last=number, left_out=state.left_out + len(drop))


def _needs_silence(state: Handed) -> None:
    if not state.silent:
        raise NotPossible("The bot has this conversation: it is not handed off.")


def _needs_no_other(state: Handed, name: str, now: float) -> None:
    other = state.holder(now)
    if other and other != name:
        raise NotPossible(f"{other} has this conversation.")


def _needs_holder(state: Handed, name: str, now: float) -> None:
    _needs_silence(state)
    _needs_no_other(state, name, now)
    if state.status != TAKEN or state.taken_by != name:
        raise NotPossible("Take this conversation first.")
