"""A message that its conversation shows to be answered already, though its reply is not remembered. Pure.

A replica may die after it saved a turn and before it remembered the reply. The message that is then sent again gets the
reply that was saved: a second turn would begin where the first one ended, and answer something else.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from rasa.shared.core.events import BotUttered, ConversationPaused, Event, UserUttered

from ratchet_bot.channel.handed import AGAIN_SECONDS
from ratchet_bot.channel.silence import OURS


@dataclass(frozen=True)
class Answered:
    """A turn that is over: what was understood (Rasa's parse data), and what the bot `said`.

    `silent` says that its hand-off is noted in the conversation, `last` that no message came since.
    """

    parsed: Mapping[str, Any]
    said: Sequence[BotUttered]
    silent: bool
    last: bool

    @property
    def actions(self) -> set[str | None]:
        """The names of the actions that said something."""
        return {event.metadata.get("utter_action") for event in self.said}


def turns(events: Sequence[Event]) -> Iterator[tuple[UserUttered, Answered]]:
    """Yield a conversation's messages and what became of them, newest first.

    What an action lets the user say, as the second question of a fallback does, is part of the turn.
    """
    said: list[BotUttered] = []
    silent, last = False, True
    for event in reversed(events):
        if isinstance(event, BotUttered):
            said.insert(0, event)
        elif isinstance(event, ConversationPaused):
            silent = silent or (event.metadata or {}).get("ratchet") == OURS["ratchet"]
        elif isinstance(event, UserUttered) and event.message_id:
            yield event, Answered(event.parse_data, said, silent, last)
            said, silent, last = [], False, False


def find(events: Sequence[Event], message_id: str, now: float) -> Answered | None:
    """Return the turn of the newest message with this id; None where there is none, or it was long ago."""
    for message, turn in turns(events):
        if message.message_id == message_id:
            return turn if now - message.timestamp < AGAIN_SECONDS else None
    return None


def of(events: Sequence[Event], message_id: str | None, parsed: Mapping[str, Any]) -> Answered:
    """Return the turn of a message that was handled just now; one that restarts the conversation leaves no trace."""
    nothing = Answered(parsed, (), silent=False, last=True)
    return next((turn for message, turn in turns(events) if message.message_id == message_id), nothing)
