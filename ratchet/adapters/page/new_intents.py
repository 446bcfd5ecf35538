"""New intents with their first answers, until their messages come into the corpus: `.ratchet/page/intents.json`."""

from __future__ import annotations

import contextlib
import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from ratchet.adapters.bot import answers, new_intents
from ratchet.adapters.page import known, publishing
from ratchet.adapters.settings import Settings
from ratchet.adapters.system.files import read_record, write_json
from ratchet.adapters.system.lock import hold
from ratchet.domain.errors import UsageError
from ratchet.domain.operations.traffic import FALLBACK, HANDOFF
from ratchet.domain.record import Record
from ratchet.domain.wording import count, listed

NAME = re.compile(r"[a-z][a-z0-9]*(_[a-z0-9]+)*")
MOST_NAME = 60
PATIENCE_SECONDS = 10.0


@dataclass(frozen=True)
class NewIntent(Record):
    """An intent that the bot does not have yet: its first answer, who made it, and when (since 1970)."""

    name: str
    answer: str
    by: str
    at: float


@dataclass(frozen=True)
class NewIntents(Record):
    """All of them, the oldest first."""

    intents: tuple[NewIntent, ...] = ()


def file_of(settings: Settings) -> Path:
    """Holds them."""
    return settings.state / "page" / "intents.json"


@contextlib.contextmanager
def locked(settings: Settings) -> Iterator[None]:
    """Let one change at a time be made."""
    with hold(
        settings.state / "page" / "intents-change.lock", "A change of the new intents", PATIENCE_SECONDS
    ):
        yield


def read(settings: Settings) -> tuple[NewIntent, ...]:
    """Return those that the bot does not have yet."""
    found = read_record(file_of(settings), NewIntents.from_dict, "Move it away, and make the intents again.")
    return found.intents if found else ()


def names(settings: Settings) -> list[str]:
    """Return all intents that a message may have: the corpus's, new ones, and out of scope."""
    own = {
        *known.counts(settings),
        *(one.name for one in read(settings)),
        settings.params.corpus.out_of_scope,
    }
    return sorted(own)


def add(settings: Settings, name: str, answer: str, by: str, now: float) -> None:
    """Note a new intent; raises `UsageError` for a name that cannot be one or that there is already."""
    if not NAME.fullmatch(name) or len(name) > MOST_NAME:
        raise UsageError(
            f"{name!r} cannot be the name of an intent.",
            "Use lower-case letters, digits and single underscores, as in lost_parcel.",
        )
    with locked(settings):
        domain = answers.read(settings.bot)
        taken = {
            *names(settings),
            *domain.intents,
            FALLBACK,
            HANDOFF,
            *(one.intent for one in domain.answers),
        }
        if name in taken:
            raise UsageError(f"The bot has {name} already.", "Choose it from the list, or take another name.")
        new_intents.texts(settings.bot, {name: answer})  # said now, not when it comes into the bot
        write(settings, [*read(settings), NewIntent(name, answer, by, now)])


def bring(settings: Settings, wanted: Iterable[str]) -> None:
    """Write those of the new intents that are `wanted` into the bot's files, as one commit, and forget them here."""
    wanted = set(wanted)
    with locked(settings):
        own = [one for one in read(settings) if one.name in wanted]
        if not own:
            return
        publishing.require_quiet(settings)
        texts = new_intents.texts(settings.bot, {one.name: one.answer for one in own})
        people = listed(dict.fromkeys(one.by for one in own))
        what = count(len(own), "new intent")
        publishing.commit(settings, texts, f"{what}: {listed(one.name for one in own)} (by {people})")
        write(settings, [one for one in read(settings) if one.name not in wanted])


def write(settings: Settings, intents: Sequence[NewIntent]) -> None:
    """Write them whole or not at all."""
    write_json(file_of(settings), NewIntents(tuple(intents)).as_dict())
