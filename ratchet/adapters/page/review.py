"""Review: whole conversations of production, and making a test of one."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime, time, timedelta
from typing import Any
from urllib.parse import urlencode
from zoneinfo import ZoneInfo

from fastapi.responses import Response

from ratchet.adapters.bot import past, scripts
from ratchet.adapters.bot.past import KINDS, Wanted
from ratchet.adapters.page import committing, settling
from ratchet.adapters.page.call import Call, Done
from ratchet.adapters.page.door import Door, Refused
from ratchet.adapters.page.handoffs import hidden
from ratchet.adapters.settings import Settings
from ratchet.adapters.system.lock import hold
from ratchet.domain.corpus import personal_data
from ratchet.domain.errors import UsageError
from ratchet.domain.operations import conversations
from ratchet.domain.operations.conversations import Said
from ratchet.domain.operations.people import Role
from ratchet.domain.operations.sampling import CONTROL
from ratchet.domain.operations.traffic import FALLBACK, HANDOFF

REVIEW = "/review"
MOST_ROWS = 20
MOST_WORDS = 200
PATIENCE_SECONDS = 10.0


def add_to(door: Door) -> None:
    """Add the page."""
    door.site.warm.append(lambda: past.prepare(door.site.first))
    door.menu("Review", REVIEW)
    door.page(REVIEW, Role.READ, show)
    door.page(f"{REVIEW}/{{id}}", Role.READ, one)
    door.act(f"{REVIEW}/{{id}}/test", Role.LABEL, make_test)


def show(call: Call) -> Response:
    """Show the conversations that were looked for, the newest first."""
    asked = {name: call.query.get(name, "").strip() for name in ("show", "intent", "find", "day", "before")}
    before = int(asked["before"]) if asked["before"].isascii() and asked["before"].isdecimal() else None
    past.prepare(call.settings)
    found = past.newest(call.settings, wanted(call, asked), before, MOST_ROWS)
    filters = {name: value for name, value in asked.items() if value and name != "before"}
    further = urlencode({**filters, "before": found.further}) if found.further is not None else ""
    return call.show(
        "review.html",
        title="Review",
        found=found,
        rows=[(row, hidden(call, row.text)) for row in found.rows],
        asked=asked,
        filtered=bool(filters),
        further=further,
        kinds=KINDS,
        intents=chosen_from(call.settings),
        most=MOST_WORDS,
        **shared(call),
    )


def wanted(call: Call, asked: dict[str, str]) -> Wanted:
    """Understand what is looked for; raises `UsageError` for a day that is none."""
    until = None
    if asked["day"]:
        try:
            after = date.fromisoformat(asked["day"]) + timedelta(days=1)
        except (ValueError, OverflowError) as error:
            raise UsageError(f"{asked['day'][:40]!r} is no day.", "Write it as 2026-11-27.") from error
        zone = ZoneInfo(call.settings.params.triggers.time_zone)
        until = datetime.combine(after, time(), zone).timestamp()
    kind = asked["show"] if asked["show"] in KINDS else ""
    return Wanted(kind, asked["intent"][:200], asked["find"][:MOST_WORDS].replace("\0", " "), until)


def chosen_from(settings: Settings) -> list[str]:
    """Return the intents that can be looked for: those of the corpus, and what the bot answers without one."""
    return [*dict.fromkeys([*settling.intents_of(settings), settings.params.corpus.out_of_scope])]


def shared(call: Call) -> dict[str, Any]:
    """Return what each template needs."""
    return {
        "label_role": Role.LABEL,
        "zone": call.settings.params.triggers.time_zone,
        "fallback": (FALLBACK, HANDOFF),
    }


def said(call: Call) -> tuple[tuple[Said, ...], int]:
    """Return what was said; raises `Refused` where there is no such conversation."""
    lines, left_out = past.one(call.settings, call.parts["id"])
    if not lines:
        raise Refused(
            404,
            "There is no such conversation, or it is older than what is kept.",
            "*Review* lists those there are.",
        )
    return lines, left_out


def one(call: Call) -> Response:
    """Show a conversation, with what it would be as a test."""
    lines, left_out = said(call)
    texts = written_texts(call.settings, lines)
    intents = known_intents(call.settings)
    return call.show(
        "conversation.html",
        title=f"Conversation {call.parts['id'][:8]}",
        id=call.parts["id"],
        lines=[
            (line, hidden(call, line.text), hidden(call, line.rated), text)
            for line, text in zip(lines, texts, strict=True)
        ],
        left_out=left_out,
        masked=texts != [line.text for line in lines],
        name=conversations.named_after(texts),
        guesses={line.id: line.intent for line in lines if line.understood and line.intent in intents},
        intents=intents,
        test=scripts.same(scripts.known(call.settings), conversations.texts_of(texts)),
        possible=not left_out and len(lines) <= conversations.MOST_STEPS,
        most_name=conversations.MOST_NAME,
        most_steps=conversations.MOST_STEPS,
        **shared(call),
    )


def known_intents(settings: Settings) -> list[str]:
    """Return what a message of a test may be, the fallback too: not to understand some messages is right."""
    return [*dict.fromkeys([*chosen_from(settings), FALLBACK])]


def written_texts(settings: Settings, lines: Sequence[Said]) -> list[str]:
    """Return messages as a test may have them: tests are in Git, so without personal data."""
    allowed = settings.params.validation.personal_data_allowed
    return [personal_data.mask(CONTROL.sub(" ", line.text).strip(), allowed) for line in lines]


def make_test(call: Call) -> Done:
    """Write a conversation into the bot's tests and commit that."""
    settings, (lines, left_out) = call.settings, said(call)
    if left_out:
        raise UsageError("The conversation is too long for a test.", "Write a shorter one by hand.")
    texts = written_texts(settings, lines)
    name = call.text("name", conversations.MOST_NAME) or conversations.named_after(texts)
    name = personal_data.mask(CONTROL.sub(" ", name), settings.params.validation.personal_data_allowed)
    intents = [call.text(f"intent-{line.id}", 200) for line in lines]
    test = conversations.script(name, lines, texts, intents, known_intents(settings))
    with hold(settings.state / "page" / "tests.lock", "A change of the bot's tests", PATIENCE_SECONDS):
        change = {scripts.FILE: scripts.with_one(settings, test)}
        committing.commit(settings, change, f"A conversation of production is a test (by {call.person.name})")
    return Done(
        f"It is a test: it is in {scripts.FILE}, and the gate plays it with every candidate.",
        f"{REVIEW}/{call.parts['id']}",
    )
