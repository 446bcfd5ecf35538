"""What the bot says of conversations that it handed to a person, as the page shows it."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from ratchet.adapters.bot.channel import BotSilent
from ratchet.adapters.bot.desk import Desk, OldBot
from ratchet.adapters.page.call import Call
from ratchet.adapters.page.session import seal
from ratchet.adapters.settings import Settings
from ratchet.adapters.targets import desks
from ratchet.domain.corpus import personal_data
from ratchet.domain.errors import RatchetError
from ratchet.domain.operations import handoff
from ratchet.domain.operations.handoff import DeskFigures
from ratchet.domain.operations.people import Role

ENDED_DAYS = 3


@dataclass(frozen=True)
class Waiting:
    """A conversation that is handed off: its `id` on the page, and how it is called there, masked for who only reads.

    `holder` is who has it, "" where it waits; `ended` says how and by whom its hand-off ended, "" while it is open.
    Times are in seconds since 1970.
    """

    id: str
    name: str
    holder: str
    mine: bool
    since: float
    until: float
    unanswered: int
    ended: str = ""
    ended_at: float = 0.0


@dataclass(frozen=True)
class Queue:
    """The conversations, and how fast people are; `fault` says why none is seen, `meaning` what that means."""

    rows: tuple[Waiting, ...] = ()
    figures: DeskFigures | None = None
    fault: RatchetError | None = None
    meaning: str = ""


def id_of(call: Call, conversation: str) -> str:
    """Return how a conversation is named in addresses: its own name may be a person's, and addresses are logged."""
    return seal(call.site.key, "conversation", conversation)[:20]


def hidden(call: Call, text: str) -> str:
    """Return a text as the person may see it."""
    if call.may(Role.LABEL):
        return text
    return personal_data.mask(text, call.settings.params.validation.personal_data_allowed)


def row(call: Call, said: Mapping[str, Any]) -> Waiting:
    """Understand what the bot says of a conversation."""
    name, holder = str(said.get("conversation")), str(said.get("taken_by") or "")
    who = holder.partition("/")[2] or holder  # the client's name comes first, and then the person's
    return Waiting(
        id_of(call, name),
        hidden(call, name),
        who,
        who == call.person.name,
        float(said.get("since") or 0.0),
        float(said.get("taken_until") or 0.0),
        int(said.get("unanswered") or 0),
        hidden(call, ending(str(said.get("ended") or ""))),
        float(said.get("ended_at") or 0.0),
    )


def ending(said: str) -> str:
    """Say how a hand-off ended: the bot's `returned by people/Ana` is `given back by Ana`."""
    how, by, who = said.partition(" by ")
    return f"{'given back' if how == 'returned' else how}{by}{who.partition('/')[2] or who}"


def meaning(settings: Settings, error: RatchetError) -> str:
    """Say what it means that the bot does not say who waits."""
    if isinstance(error, BotSilent):
        return (
            "The bot does not answer, so no one gets an answer now, from it or from you. What people wrote before is "
            "kept. The page asks again by itself; Home says what is wrong and what to do."
        )
    if isinstance(error, OldBot):
        return "The live bot cannot hand a conversation to a person: it answers everyone itself."
    if not (settings.handoff_token or settings.client_tokens_file):
        return "Hand-offs to people are not turned on, so the bot keeps every conversation."
    return (
        "The bot is there and does not let this page answer. Handed-off people wait until that is corrected."
    )


def queue(call: Call) -> Queue:
    """Ask the bot who waits."""
    try:
        desk = desks.for_person(call.settings)
        rows = tuple(row(call, one) for one in desk.conversations())
    except RatchetError as error:
        return Queue(fault=error, meaning=meaning(call.settings, error))
    try:
        figures = handoff.desk_figures(desk.figures())
    except (RatchetError, LookupError):  # without them the list is as useful
        figures = None
    return Queue(rows, figures)


def ended(call: Call) -> tuple[Waiting, ...] | None:
    """Return the conversations that people ended in the last days; None of a bot that cannot say it."""
    try:
        return tuple(row(call, one) for one in desks.for_person(call.settings).ended(24.0 * ENDED_DAYS))
    except (RatchetError, LookupError):
        return None


def known(desk: Desk, past: bool) -> Iterator[dict[str, Any]]:
    """Give what the bot says of the open conversations, and (`past`) of those that ended, where it can."""
    yield from desk.conversations()
    if past:
        with contextlib.suppress(OldBot):
            yield from desk.ended(24.0 * ENDED_DAYS)
