"""Conversations of any length at the cost of short ones, in memory or in Redis.

Rasa reads and writes a whole conversation several times in each turn, so message 100 took forty times as long as
message 5, and blocked the replica for everyone else. Here a conversation is read once in a turn, and what is kept of it
is the end: once it has twice as many messages as are kept, it starts over as Rasa itself begins a session, with its
slots and its form. What people and bot said before is kept beside it, for a hand-off.

The stored form is Rasa's own. An older release can read it.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Protocol

from rasa.core.agent import Agent
from rasa.core.tracker_store import InMemoryTrackerStore
from rasa.shared.core.constants import ACTION_LISTEN_NAME, ACTION_SESSION_START_NAME
from rasa.shared.core.events import (
    ActionExecuted,
    ActiveLoop,
    BotUttered,
    ConversationPaused,
    Event,
    ReminderScheduled,
    SessionStarted,
    SlotSet,
    UserUttered,
)
from rasa.shared.core.trackers import DialogueStateTracker

from ratchet_bot.channel.checks import is_check

MESSAGES = 10
"""How many of a person's messages are kept at least; stories and rules that look further back do not see more."""
MOST_CONVERSATIONS = 10_000
TRIES = 5
"""How many messages earlier at most an end begins, where it has to."""


@dataclass
class Turn:
    """A turn of a conversation, which it reads once. What outlives the turn, as a reminder does, finds it over."""

    conversation: str
    tracker: DialogueStateTracker | None = None
    stored: str | None = None
    over: bool = False


_turn: ContextVar[Turn | None] = ContextVar("turn", default=None)


@contextmanager
def turn(conversation: str) -> Iterator[None]:
    """Read a conversation once in this block, whose lock the caller holds."""
    own = Turn(conversation)
    token = _turn.set(own)
    try:
        yield
    finally:
        own.over, own.tracker, own.stored = True, None, None
        _turn.reset(token)


def current(conversation: str) -> Turn | None:
    """Return the current turn of this conversation."""
    found = _turn.get()
    return found if found and not found.over and found.conversation == conversation else None


def said(events: Sequence[Event]) -> Iterator[dict[str, Any]]:
    """Yield what person and bot said, as a hand-off and a reviewer read it."""
    for event in events:
        if isinstance(event, (UserUttered, BotUttered)):
            speaker = {"from": "bot"} if isinstance(event, BotUttered) else {"from": "person"}
            if isinstance(event, UserUttered):
                speaker["intent"] = event.intent.get("name")
            at = datetime.fromtimestamp(event.timestamp, UTC).isoformat(timespec="seconds")
            yield {**speaker, "text": event.text, "at": at}


def shortened(
    tracker: DialogueStateTracker, most: int = MESSAGES
) -> tuple[DialogueStateTracker, list[dict[str, Any]]]:
    """Return a conversation's end, and what was said before it; one of fewer than twice `most` messages as it is.

    The end begins as a session of Rasa's: with the values of the slots and the form that was asked then. Where that
    would change what holds now, as a message that takes two others back can do, it begins earlier. Of the sessions
    before the last one nothing is kept but what was said.
    """
    events = list(tracker.events)
    sessions = [
        number for number, event in enumerate(events) if number and _is(event, ACTION_SESSION_START_NAME)
    ]
    before = list(said(events[: sessions[-1]])) if sessions else []
    if sessions:
        events = events[sessions[-1] :]
    turns = [number for number, event in enumerate(events) if isinstance(event, UserUttered)]
    if len(turns) >= 2 * most:
        for first in range(len(turns) - most, max(len(turns) - most - TRIES, 0), -1):
            cut = _cut(events, turns, first)
            kept = _tracker(
                tracker, [*_start(_tracker(tracker, events[:cut]), events[cut - 1]), *events[cut:]]
            )
            if _state(kept) == _state(tracker):
                return kept, [*before, *said(events[:cut])]
    return (_tracker(tracker, events) if sessions else tracker), before


def _cut(events: Sequence[Event], turns: Sequence[int], first: int) -> int:
    """Where the turn of the `first` message begins: after the bot listened, where it did since the message before."""
    cut = turns[first]
    while cut > turns[first - 1] + 1 and not _is(events[cut - 1], ACTION_LISTEN_NAME):
        cut -= 1
    return cut if _is(events[cut - 1], ACTION_LISTEN_NAME) else turns[first]


def _start(before: DialogueStateTracker, last: Event) -> list[Event]:
    """The events of a session's start that say what held at the cut, when the `last` event before it happened."""
    at = last.timestamp
    values = [
        SlotSet(name, slot.value, at)
        for name, slot in before.slots.items()
        if slot.value != slot.initial_value
    ]
    state: list[Event] = [ActiveLoop(before.active_loop_name, at)] if before.active_loop_name else []
    state += [ConversationPaused(at)] if before.is_paused() else []
    state += [event for event in before.applied_events() if isinstance(event, ReminderScheduled)]
    start = [ActionExecuted(ACTION_SESSION_START_NAME, timestamp=at), SessionStarted(at), *values, *state]
    return [*start, ActionExecuted(ACTION_LISTEN_NAME, timestamp=at)]


def _state(tracker: DialogueStateTracker) -> tuple[Any, ...]:
    """What holds in a conversation now."""
    rejected = tracker.is_active_loop_rejected
    return tracker.current_slot_values(), tracker.active_loop_name, tracker.is_paused(), rejected


def _tracker(like: DialogueStateTracker, events: Sequence[Event]) -> DialogueStateTracker:
    made = DialogueStateTracker(like.sender_id, like.slots.values())
    made.update_with_events(list(events), domain=None, override_timestamp=False)
    return made


def _is(event: Event, action: str) -> bool:
    return isinstance(event, ActionExecuted) and event.action_name == action


class Trackers(Protocol):
    """A store of Rasa's that also knows what was said before a conversation's kept end."""

    async def retrieve(self, sender_id: str) -> DialogueStateTracker | None:
        """Return a conversation, None where there is none."""

    async def said_before(self, sender_id: str) -> list[dict[str, Any]]:
        """Return what was said before the conversation's kept end, oldest first."""


class MemoryTrackers(InMemoryTrackerStore):
    """Conversations in memory, without those that have been silent for longest."""

    def __init__(self, domain: Any, event_broker: Any = None, messages: int = MESSAGES) -> None:
        super().__init__(domain, event_broker)
        self.messages = messages
        self.earlier: dict[str, list[dict[str, Any]]] = {}

    async def save(self, tracker: DialogueStateTracker) -> None:
        """Save a conversation as the most recent one."""
        kept, before = shortened(tracker, self.messages)
        self.store.pop(tracker.sender_id, None)
        await super().save(kept)
        if before:
            self.earlier.setdefault(tracker.sender_id, []).extend(before)
        while len(self.store) > MOST_CONVERSATIONS:
            oldest = next(iter(self.store))
            del self.store[oldest]
            self.earlier.pop(oldest, None)
        remember(kept)

    async def retrieve(self, sender_id: str) -> DialogueStateTracker | None:
        """See Rasa's store."""
        return remembered(sender_id) or remember(await super().retrieve(sender_id))

    async def said_before(self, sender_id: str) -> list[dict[str, Any]]:
        """See Trackers."""
        return self.earlier.get(sender_id, [])

    def forget_checks(self) -> int:
        """Forget the conversations of checks; return how many there were."""
        names = [name for name in self.store if is_check(name)]
        for name in names:
            del self.store[name]
            self.earlier.pop(name, None)
        return len(names)


def of(agent: Agent) -> Trackers:
    """Return the store that an agent was given; Rasa keeps it in another one."""
    store: Trackers = agent.tracker_store._tracker_store
    return store


def remember(tracker: DialogueStateTracker | None) -> DialogueStateTracker | None:
    """Keep a conversation for the rest of its turn."""
    if tracker is not None and (now := current(tracker.sender_id)):
        now.tracker = tracker
    return tracker


def remembered(sender_id: str) -> DialogueStateTracker | None:
    """Return the conversation as its turn knows it."""
    now = current(sender_id)
    return now.tracker if now else None
