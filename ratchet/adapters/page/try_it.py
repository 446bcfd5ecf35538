"""Try it: talk to the live bot and beside it to another version, and settle what was answered wrongly."""

from __future__ import annotations

import re
import secrets
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from fastapi.responses import Response

from ratchet.adapters.bot import channel
from ratchet.adapters.corpus import data_revisions
from ratchet.adapters.page import corrections, drafts, settling
from ratchet.adapters.page.beside import Beside
from ratchet.adapters.page.call import Call, Done
from ratchet.adapters.page.door import Door
from ratchet.adapters.registry.mlflow import Registry
from ratchet.adapters.settings import Settings
from ratchet.adapters.targets.choice import choose_target
from ratchet.domain.errors import RatchetError
from ratchet.domain.gate.nearest import Nearest
from ratchet.domain.operations.people import Role

MOST_VERSIONS = 12
CHANGED = "changed"
"""In the place of a version: the live model with the answers that are changed and not published."""
NEAREST = 3
SENDER = re.compile(r"page-[0-9a-f]{16}")


@dataclass(frozen=True)
class Reply:
    """What one bot says: `texts` to the person, and its model's `intent`, `confidence`, `entities` (None: not told).

    `fault` is why it says nothing.
    """

    who: str
    texts: tuple[str, ...] = ()
    intent: str = ""
    confidence: float = 0.0
    entities: tuple[str, ...] | None = None
    fault: RatchetError | None = None


class TryIt:
    """The page; `beside` is the second bot."""

    def __init__(self, door: Door) -> None:
        self.beside = Beside(door.site.first)
        door.menu("Try it", "/try")
        door.page("/try", Role.READ, self.show)
        door.page("/try/near", Role.READ, near)
        door.act("/try/say", Role.READ, self.say)

    def show(self, call: Call) -> Response:
        """Show the page."""
        return call.show("try.html", title="Try it", **self.form(call), exchange=None)

    def form(self, call: Call) -> dict[str, Any]:
        """Return what the form needs."""
        registry = Registry(call.settings)
        live = registry.live()
        versions = [
            one for one in reversed(registry.models()) if not live or one.version != live.model_version
        ]
        return {
            "live": live,
            "versions": versions[:MOST_VERSIONS],
            "context": dict(call.settings.params.corpus.context),
            "said_context": {
                name: given(call, f"context-{name}") for name in call.settings.params.corpus.context
            },
            "message": call.query.get("message", "")[: settling.MOST_TEXT],
            "version": given(call, "version")[:9],
            "changed": changed(call.settings),
            "sender": sender(call),
            "noted": corrections.read(call.settings),
            "label_role": Role.LABEL,
        }

    def say(self, call: Call) -> Done:
        """Ask the live bot, and another version beside it where one is chosen."""
        text = call.needed("message", "The message", settling.MOST_TEXT)
        context, version = settling.context_of(call), call.text("version", 9)
        replies = [heard("live", lambda: live_bot(call.settings, sender(call), text, context))]
        if version:
            who = "with the changed answers" if version == CHANGED else f"version {version}"
            ask = lambda: self.other(call.settings, version, sender(call), text, context)  # noqa: E731
            replies.append(heard(who, ask))
        exchange = {
            "text": text,
            "context": context,
            "replies": replies,
            "intents": settling.intents_of(call.settings),
            "id": secrets.token_hex(4),
            "label_role": Role.LABEL,
        }
        if call.partial:
            return Done("tried a message", answer=call.show("exchange.html", exchange=exchange))
        page = call.show("try.html", title="Try it", **self.form(call), exchange=exchange)
        return Done("tried a message", answer=page, whole=True)

    def other(
        self, settings: Settings, version: str, who: str, text: str, context: Mapping[str, str]
    ) -> tuple[dict[str, Any], dict[str, Any] | None]:
        """Ask another version, or the live one with the answers that are changed and not published."""
        url = self.beside.changed_url() if version == CHANGED else self.beside.url(version)
        token = channel.staging_token(settings).read_text(encoding="utf-8").strip()
        return channel.talk(url, who, text, token, dict(context)), channel.parse(url, text, token, context)


def add_to(door: Door) -> None:
    """Add the page."""
    TryIt(door)
    settling.add_to(door)


def changed(settings: Settings) -> int:
    """Return how many changed answers can be heard; of a domain that cannot be read *Answers* says why."""
    try:
        return drafts.count(settings)
    except RatchetError:
        return 0


def given(call: Call, name: str) -> str:
    """Return a value of the form, else of the address: *Review* leads here with a message and its context."""
    return call.text(name, 200) or call.query.get(name, "")[:200]


def sender(call: Call) -> str:
    """Return the name of the conversation: a form continues with its own."""
    given = call.text("sender", 60)
    return given if SENDER.fullmatch(given) else f"page-{secrets.token_hex(8)}"


def live_bot(
    settings: Settings, who: str, text: str, context: Mapping[str, str]
) -> tuple[dict[str, Any], dict[str, Any] | None]:
    """Ask the live bot, as a check: it is in no event and reaches no person."""
    target = choose_target(settings)
    token = channel.staging_token(settings).read_text(encoding="utf-8").strip()
    said = channel.talk(target.url(), who, text, token, dict(context))
    own = target.champion_url() if target.name == "process" else None
    return said, channel.parse(own, text, token, context) if own else None


def heard(who: str, ask: Callable[[], tuple[dict[str, Any], dict[str, Any] | None]]) -> Reply:
    """Return what a bot said, or why it said nothing."""
    try:
        said, parsed = ask()
    except RatchetError as error:
        return Reply(who, fault=error)
    intent = said.get("intent") or {}
    texts = tuple(str(part.get("text") or "(no text)") for part in said.get("messages") or [])
    entities = (parsed or {}).get("entities")
    return Reply(
        who,
        texts,
        str(intent.get("name") or ""),
        float(intent.get("confidence") or 0.0),
        None if entities is None else tuple(f"{one.get('entity')}: {one.get('value')}" for one in entities),
    )


def near(call: Call) -> Response:
    """Show the training messages nearest to a message."""
    text = call.query.get("text", "")[: settling.MOST_TEXT]
    return call.show("near.html", found=nearest(call.settings, text) if text else (), text=text)


def nearest(settings: Settings, text: str) -> tuple[Nearest, ...]:
    """Return them: by the live model's sentence encoder, else by their characters."""
    from ratchet.domain.corpus import ledger

    live = Registry(settings).live()
    corpus = data_revisions.read_revision(settings, None)
    train = ledger.split(corpus.frame, corpus.ledger, settings.params.split).train
    if live and live.lineage.encoder:
        from ratchet.adapters.bot import near as by_encoder

        return by_encoder.find(settings, live.lineage.encoder, train, [text], lambda line: None).get(text, ())
    from rapidfuzz import fuzz, process

    rows = list(zip(train["text"], train["intent"], strict=True))
    best = process.extract(text, [one for one, _ in rows], scorer=fuzz.token_set_ratio, limit=NEAREST)
    return tuple(Nearest(str(one), (str(rows[place][1]),), score / 100) for one, score, place in best)
