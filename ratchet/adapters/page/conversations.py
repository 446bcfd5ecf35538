"""People: the conversations that the bot handed to a person, and answering them; as `ratchet handoff` does."""

from __future__ import annotations

import hashlib
import hmac
import re
import secrets
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from fastapi.responses import Response

from ratchet.adapters.bot.desk import Desk
from ratchet.adapters.page import duty, handoffs
from ratchet.adapters.page.call import Call, Done
from ratchet.adapters.page.door import Door, Refused
from ratchet.adapters.page.handoffs import Waiting, hidden, id_of, row
from ratchet.adapters.targets import desks
from ratchet.domain.errors import UsageError
from ratchet.domain.operations import handoff
from ratchet.domain.operations.duty import hours_in_words
from ratchet.domain.operations.people import Role

PEOPLE = "/conversations"
MOST_TEXT = 4000
"""Characters of a reply or note, as many as the bot takes."""
MINUTES = (15, 30, 60, 120)
SENT = re.compile(r"[0-9a-f]{16}")


@dataclass(frozen=True)
class Line:
    """What was said: when, by whom, and the text; masked for who only reads."""

    at: str
    who: str
    text: str


def add_to(door: Door) -> None:
    """Add the page."""
    door.menu("People", PEOPLE)
    door.page(PEOPLE, Role.READ, show)
    door.page(f"{PEOPLE}/now", Role.READ, now)
    door.act(f"{PEOPLE}/duty", Role.LABEL, duty.change)
    door.page(f"{PEOPLE}/{{id}}", Role.READ, one)
    door.page(f"{PEOPLE}/{{id}}/lines", Role.READ, lines)
    for verb, do in ACTS.items():
        door.act(f"{PEOPLE}/{{id}}/{verb}", Role.LABEL, do)


def shared(call: Call) -> dict[str, Any]:
    """Return what each template needs."""
    return {
        "label_role": Role.LABEL,
        "zone": call.settings.params.triggers.time_zone,
        "now": call.site.clock(),
        "minutes": MINUTES,
        "most": MOST_TEXT,
        "duty": duty.now(call),
    }


def show(call: Call) -> Response:
    """Show the page."""
    found = handoffs.queue(call)
    today = datetime.fromtimestamp(call.site.clock(), UTC).date()
    return call.show(
        "people.html",
        title="People",
        queue=found,
        over=() if found.fault else handoffs.ended(call),
        hours=hours_in_words(call.settings.params.desk, today),
        days=handoffs.ENDED_DAYS,
        **shared(call),
    )


def now(call: Call) -> Response:
    """Show the list again: the page asks for it every few seconds."""
    return call.show("people_now.html", queue=handoffs.queue(call), **shared(call))


def found(call: Call, past: bool = False) -> tuple[Desk, str, Waiting]:
    """Return the conversation that an address names; raises `Refused` where no person has it any more.

    With `past` one whose hand-off ended in the last days is found as well.
    """
    desk, wanted = desks.for_person(call.settings), call.parts["id"].encode()
    for said in handoffs.known(desk, past):
        if hmac.compare_digest(id_of(call, str(said.get("conversation"))).encode(), wanted):
            return desk, str(said["conversation"]), row(call, said)
    raise Refused(
        404,
        "This conversation is not with a person any more: someone closed it or gave it back.",
        "*People* lists those that are.",
    )


def said(call: Call) -> dict[str, Any]:
    """Return what the templates of one conversation need."""
    desk, name, seen = found(call, past=True)
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
