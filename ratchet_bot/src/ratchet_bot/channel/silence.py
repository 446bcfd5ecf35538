"""What is answered in the bot's place: nothing while a person has the conversation, one sentence while it is paused.

A conversation of a platform that cannot be written to is never silent. Nor is a check, which is no person's.
"""

from __future__ import annotations

import secrets
import time
from collections.abc import Collection, Mapping
from dataclasses import dataclass

from rasa.shared.core.events import ConversationPaused, ConversationResumed, Event
from rasa.shared.core.trackers import DialogueStateTracker

from ratchet_bot.channel import handed, hours, naming
from ratchet_bot.channel.access import HANDOFF, Access
from ratchet_bot.channel.checks import is_check
from ratchet_bot.channel.desk import Desk
from ratchet_bot.channel.handed import Handed
from ratchet_bot.channel.hours import Hours
from ratchet_bot.tools._errors import ToolError

AUTO, SILENT, CONTINUE = "auto", "silent", "continue"
OURS = {"ratchet": "handoff"}
"""The mark of a pause in a conversation's tracker that stands for its hand-off."""


@dataclass(frozen=True)
class Instead:
    """The answer to a turn that is not the bot's: what is `said` ("": nothing).

    `kept` is the number under which a person finds the message, 0 where none does; `opened`: it was handed off now.
    """

    said: str = ""
    kept: int = 0
    opened: bool = False


class Silence:
    """Decides who answers a turn. `silent`: the bot says nothing after a hand-off until a person gives it back.

    `open` is when people answer, and what users are told while no one does. `reached` are the channels of platforms
    that a person's reply can be pushed to.
    """

    def __init__(
        self, desk: Desk, silent: bool, open: Hours = hours.ALWAYS, reached: Collection[str] = ()
    ) -> None:
        self.desk = desk
        self._reached = reached
        self.silent = silent
        self.open = open

    def covers(self, conversation: str) -> bool:
        """Whether the bot is silent in this conversation once it is handed off."""
        channel = naming.path(conversation)
        return self.silent and not is_check(conversation) and (not channel or channel in self._reached)

    async def instead(self, conversation: str, text: str, message_id: str | None) -> Instead | None:
        """Return the answer to a user's message, which is kept where a person answers; None where the bot answers."""
        if is_check(conversation):
            return None
        name, covered, opening = message_id or secrets.token_hex(8), self.covers(conversation), False

        def wrote(state: Handed) -> Handed:
            now = time.time()
            if opening:  # the pause's own sentence is said now
                return handed.wrote(handed.opened(state, now), text, name, now)
            return self._told(handed.wrote(state, text, name, now), name, now)

        if covered:
            state = await self.desk.change(conversation, wrote)
            if state.silent:
                kept = handed.number_of(state, handed.PERSON, name)
                return Instead(state.told if kept and kept == state.told_for else "", kept)
        pause = await self.desk.paused()
        if pause is None:
            return None
        if not (pause.handoff and covered):
            return Instead(pause.say)
        opening = True
        state = await self.desk.change(conversation, wrote)
        return Instead(pause.say, handed.number_of(state, handed.PERSON, name), opened=True)

    async def hand_over(self, conversation: str, noted: bool = False) -> tuple[list[Event], str]:
        """Let the bot be silent from now on; return what the tracker has to say of it, and what to tell the user.

        An older release, after a rollback, is silent because of that event too. If the tracker has it already
        (`noted`), the hand-off may have ended since, and nothing changes.
        """
        if noted:
            state = await self.desk.read(conversation)
            return [], "" if state.told_for or not state.silent else state.told

        def opened(state: Handed) -> Handed:
            now = time.time()
            return handed.told(handed.opened(state, now), self.open.closed(now), 0)

        state = await self.desk.change(conversation, opened)
        return [ConversationPaused(metadata=dict(OURS))], state.told

    def _told(self, state: Handed, message_id: str, now: float) -> Handed:
        """Note what the user is told with this message, where no one has the conversation: each sentence once."""
        number = handed.number_of(state, handed.PERSON, message_id)
        if state.waits_since(now) is None or number != state.last:
            return state
        return handed.told(state, self.open.waiting(now), number)


def resumed(tracker: DialogueStateTracker) -> list[Event]:
    """Return what ends a hand-off's pause in the tracker; a pause of the project's own stays."""
    if not tracker.is_paused():
        return []
    last = next((one for one in reversed(tracker.events) if isinstance(one, ConversationPaused)), None)
    ours = last is not None and (last.metadata or {}).get("ratchet") == OURS["ratchet"]
    return [ConversationResumed()] if ours else []


def chosen(access: Access, environment: Mapping[str, str]) -> bool:
    """Whether the bot is silent after a hand-off: RATCHET_HANDOFF; `auto`: where a client may answer in its place.

    Raises ToolError for another word, and for a silence that no one could end.
    """
    said = environment.get("RATCHET_HANDOFF") or AUTO
    answering = any(client.may(HANDOFF) for client in access.clients)
    if said not in (AUTO, SILENT, CONTINUE):
        raise ToolError(f"RATCHET_HANDOFF is {said!r}.", f"Write {AUTO}, {SILENT} or {CONTINUE}.")
    if said == SILENT and not answering:
        raise ToolError(
            f"RATCHET_HANDOFF is {SILENT}, and no client has the right {HANDOFF}: no one could end the silence.",
            f"Give a client `rights: [{HANDOFF}]` in the file of RATCHET_CLIENT_TOKENS_FILE.",
        )
    return answering and said != CONTINUE
