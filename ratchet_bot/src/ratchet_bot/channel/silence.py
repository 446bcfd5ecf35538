"""What is answered in the bot's place: nothing while a person has the conversation, one sentence while it is paused.

A platform's conversation is never silent: a person's reply could not reach it. Nor is a check, which is no person's.
"""

from __future__ import annotations

import secrets
import time
from collections.abc import Mapping
from dataclasses import dataclass

from rasa.shared.core.events import ConversationPaused, ConversationResumed, Event
from rasa.shared.core.trackers import DialogueStateTracker

from ratchet_bot.channel import handed, naming
from ratchet_bot.channel.access import HANDOFF, Access
from ratchet_bot.channel.checks import is_check
from ratchet_bot.channel.desk import Desk
from ratchet_bot.channel.handed import Handed
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
    """Decides who answers a turn. `silent`: the bot says nothing after a hand-off until a person gives it back."""

    def __init__(self, desk: Desk, silent: bool) -> None:
        self.desk = desk
        self.silent = silent

    def covers(self, conversation: str) -> bool:
        """Whether the bot is silent in this conversation once it is handed off."""
        return self.silent and not is_check(conversation) and naming.person(conversation) is None

    async def instead(self, conversation: str, text: str, message_id: str | None) -> Instead | None:
        """Return the answer to a user's message, which is kept where a person answers; None where the bot answers."""
        if is_check(conversation):
            return None
        name, covered, opening = message_id or secrets.token_hex(8), self.covers(conversation), False

        def wrote(state: Handed) -> Handed:
            now = time.time()
            return handed.wrote(handed.opened(state, now) if opening else state, text, name, now)

        if covered:
            state = await self.desk.change(conversation, wrote)
            if state.silent:
                return Instead(kept=handed.number_of(state, handed.PERSON, name))
        pause = await self.desk.paused()
        if pause is None:
            return None
        if not (pause.handoff and covered):
            return Instead(pause.say)
        opening = True
        state = await self.desk.change(conversation, wrote)
        return Instead(pause.say, handed.number_of(state, handed.PERSON, name), opened=True)

    async def hand_over(self, conversation: str) -> list[Event]:
        """Let the bot be silent from now on; return what the tracker has to say of it.

        A release of before, to which one may go back, is silent by that as well.
        """
        await self.desk.change(conversation, lambda state: handed.opened(state, time.time()))
        return [ConversationPaused(metadata=dict(OURS))]


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
