"""People: the conversations that the bot handed to a person, and answering them; as `ratchet handoff` does."""

from __future__ import annotations

import hashlib
import hmac
import re
import secrets
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from fastapi.responses import Response

from ratchet.adapters.bot.channel import BotSilent
from ratchet.adapters.bot.desk import Desk, OldBot
from ratchet.adapters.page.call import Call, Done
from ratchet.adapters.page.door import Door, Refused
from ratchet.adapters.page.session import seal
from ratchet.adapters.settings import Settings
from ratchet.adapters.targets import desks
from ratchet.domain.corpus import personal_data
from ratchet.domain.errors import RatchetError, UsageError
from ratchet.domain.operations import handoff
from ratchet.domain.operations.handoff import DeskFigures
from ratchet.domain.operations.people import Role

PEOPLE = "/conversations"
MOST_TEXT = 4000
"""Characters of a reply or note, as many as the bot takes."""
MINUTES = (15, 30, 60, 120)
SENT = re.compile(r"[0-9a-f]{16}")


@dataclass(frozen=True)
class Waiting:
    """A conversation that is handed off: its `id` on the page, and how it is called there, masked for who only reads.

    `holder` is who has it, "" where it waits; `since` and `until` are in seconds since 1970.
    """

    id: str
    name: str
    holder: str
    mine: bool
    since: float
    until: float
    unanswered: int


@dataclass(frozen=True)
class Line:
    """What was said: when, by whom, and the text; masked for who only reads."""

    at: str
    who: str
    text: str


@dataclass(frozen=True)
class Queue:
    """The conversations, and how fast people are; `fault` says why none is seen, `meaning` what that means."""

    rows: tuple[Waiting, ...] = ()
    figures: DeskFigures | None = None
    fault: RatchetError | None = None
    meaning: str = ""


def add_to(door: Door) -> None:
    """Add the page."""
    door.menu("People", PEOPLE)
    door.page(PEOPLE, Role.READ, show)
    door.page(f"{PEOPLE}/now", Role.READ, now)
    door.page(f"{PEOPLE}/{{id}}", Role.READ, one)
    door.page(f"{PEOPLE}/{{id}}/lines", Role.READ, lines)
    for verb, do in ACTS.items():
        door.act(f"{PEOPLE}/{{id}}/{verb}", Role.LABEL, do)


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
    )


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


def shared(call: Call) -> dict[str, Any]:
    """Return what each template needs."""
    return {
        "label_role": Role.LABEL,
        "zone": call.settings.params.triggers.time_zone,
        "now": call.site.clock(),
        "minutes": MINUTES,
        "most": MOST_TEXT,
    }


def show(call: Call) -> Response:
    """Show the page."""
    return call.show("people.html", title="People", queue=queue(call), **shared(call))


def now(call: Call) -> Response:
    """Show the list again: the page asks for it every few seconds."""
    return call.show("people_now.html", queue=queue(call), **shared(call))


def found(call: Call) -> tuple[Desk, str, Waiting]:
    """Return the conversation that an address names; raises `Refused` where no person has it any more."""
    desk = desks.for_person(call.settings)
    for said in desk.conversations():
        if hmac.compare_digest(
            id_of(call, str(said.get("conversation"))).encode(), call.parts["id"].encode()
        ):
            return desk, str(said["conversation"]), row(call, said)
    raise Refused(
        404,
        "This conversation is not with a person any more: someone closed it or gave it back.",
        "*People* lists those that are.",
    )


def said(call: Call) -> dict[str, Any]:
    """Return what the templates of one conversation need."""
    desk, name, seen = found(call)
    read = desk.read(name)
    spoken = [Line(at, hidden(call, who), hidden(call, text)) for at, who, text in handoff.transcript(read)]
    state = repr((seen, spoken)).encode("utf-8", "replace")
    return {
        "one": seen,
        "lines": spoken,
        "left_out": int(read.get("left_out") or 0),
        "seen": hashlib.sha256(state).hexdigest()[:16],
        **shared(call),
    }


def one(call: Call) -> Response:
    """Show a conversation, with what can be done."""
    values = said(call)
    title = f"Conversation {values['one'].name}"
    return call.show("person.html", title=title, new=secrets.token_hex(8), **values)


def lines(call: Call) -> Response:
    """Show what was said again, where something is new; nothing (204) where nothing is."""
    values = said(call)
    if values["seen"] == call.query.get("seen"):
        return Response(status_code=204)
    return call.show("person_lines.html", **values)


def take(call: Call) -> Done:
    """Keep a conversation to oneself for some minutes."""
    desk, name, seen = found(call)
    minutes = call.text("minutes", 4) or str(MINUTES[0])
    if minutes not in map(str, MINUTES):
        raise UsageError(f"A conversation cannot be kept for {minutes!r} minutes.", "Choose one of the list.")
    desk.change("take", name, call.person.name, minutes=float(minutes))
    return Done(f"It is yours for {minutes} minutes; each reply adds 15.", f"{PEOPLE}/{seen.id}")


def writes(what: str, sentence: str) -> Callable[[Call], Done]:
    """Return the act that writes a text; the form's own number makes one of two sendings of it."""

    def do(call: Call) -> Done:
        desk, name, seen = found(call)
        text = call.needed("text", "The text", MOST_TEXT).replace("\r\n", "\n")
        given = call.text("new", 20)
        sent = given if SENT.fullmatch(given) else secrets.token_hex(8)
        desk.change(what, name, call.person.name, text=text, id=sent)
        return Done(sentence, f"{PEOPLE}/{seen.id}")

    return do


def ends(what: str, sentence: str) -> Callable[[Call], Done]:
    """Return the act that ends a hand-off."""

    def do(call: Call) -> Done:
        desk, name, _ = found(call)
        desk.change(what, name, call.person.name)
        return Done(sentence, PEOPLE)

    return do


ACTS: Mapping[str, Callable[[Call], Done]] = {
    "take": take,
    "reply": writes("reply", "Sent to the person."),
    "note": writes("note", "Noted; the person does not see it."),
    "close": ends("close", "Closed: the matter is done, and the bot answers what comes next."),
    "return": ends("return", "Given back: the bot continues."),
}
