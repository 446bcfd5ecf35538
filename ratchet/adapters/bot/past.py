"""Whole conversations of the past, out of the database of events: the newest first, some of them, or one."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from ratchet.adapters.bot import traffic
from ratchet.adapters.settings import Settings
from ratchet.domain.operations.conversations import DOWN, Said
from ratchet.domain.operations.traffic import FALLBACK, HANDOFF

if TYPE_CHECKING:
    from sqlalchemy import ColumnElement, Connection, FromClause

INDEX = "ix_messages_conversation"
"""As the bot's own table has it; a database of before has none, and gets it here."""
LOOKED_AT = 100_000
"""Messages that one look goes through at most, so that it ends in time however large the database is."""
MOST_MESSAGES = 200
NAME = re.compile(r"[0-9a-f]{32}")
KINDS = {
    "fallback": "not understood",
    "handoff": "handed to a person",
    "rated": "rated badly",
    "failed": "failed",
}
"""What a conversation may be looked for by, and how people call it."""


@dataclass(frozen=True)
class Wanted:
    """Which conversations: those with a message of one of `KINDS`, of an intent, with all these words, until a time.

    One message has to be all of it. "" and None are no condition.
    """

    kind: str = ""
    intent: str = ""
    words: str = ""
    until: float | None = None


@dataclass(frozen=True)
class Brief:
    """A conversation in a list: the newest message that was looked for, and counts over all of it."""

    name: str
    at: float
    text: str
    intent: str
    messages: int
    fallbacks: int
    handed_off: int
    failed: int
    rated: int


@dataclass(frozen=True)
class Found:
    """A part of the list; `further` is the message from which the next part looks back, None where nothing is left.

    `short` says that this look ended before it had found all that fits on a page.
    """

    rows: tuple[Brief, ...] = ()
    further: int | None = None
    short: bool = False


def prepare(settings: Settings) -> None:
    """Give a database of before the index of conversations; without the right to do so each look is slower."""
    from sqlalchemy import create_engine, inspect, text
    from sqlalchemy.exc import SQLAlchemyError

    address = traffic.url(settings)
    if address is None:
        return
    engine = create_engine(address)
    try:
        with engine.begin() as opened:
            seen = inspect(opened)
            if seen.has_table("messages") and INDEX not in {
                one["name"] for one in seen.get_indexes("messages")
            }:
                opened.execute(text(f"CREATE INDEX IF NOT EXISTS {INDEX} ON messages (conversation)"))
    except SQLAlchemyError:  # reading says what is wrong with the database
        pass
    finally:
        engine.dispose()


def messages() -> FromClause:
    """The table, under a name of its own."""
    from sqlalchemy import Boolean, Float, Integer, String, column, table

    kinds: Mapping[str, Any] = {"id": Integer, "at": Float, "handed_off": Boolean, "failed": Boolean}
    names = [*kinds, "conversation", "text", "context", "intent", "ranking", "model_version", "message"]
    return table("messages", *(column(name, kinds.get(name, String)) for name in names)).alias()


def newest(settings: Settings, wanted: Wanted, before: int | None, most: int) -> Found:
    """Return the next `most` conversations that were looked for, from a message on backwards."""
    from sqlalchemy import func, select

    with traffic.connection(settings) as opened:
        if opened is None:
            return Found()
        m = messages()
        # One by one: by their key.
        ends = (select(end(m.c.id)).scalar_subquery() for end in (func.min, func.max))
        first, last = opened.execute(select(*ends)).one()
        top = min(before, (last or 0) + 1) if before is not None else (last or 0) + 1
        if first is None or top <= first:
            return Found()
        floor = max(first, top - LOOKED_AT)
        hits = matching(opened, wanted, (floor, top), most + 1)
        rows = tuple(briefs(opened, hits[:most]))
    if len(hits) > most:
        return Found(rows, hits[most - 1][0])
    return Found(rows, floor, short=True) if floor > first else Found(rows)


def matching(
    opened: Connection, wanted: Wanted, bounds: tuple[int, int], most: int
) -> Sequence[tuple[int, str, float, str, str]]:
    """Return the newest fitting message of each conversation, between two messages, the latest first."""
    from sqlalchemy import select

    m, later = messages(), messages()
    newer = select(later.c.id).where(
        later.c.conversation == m.c.conversation, later.c.id > m.c.id, *conditions(opened, wanted, later)
    )
    query = (
        select(m.c.id, m.c.conversation, m.c.at, m.c.text, m.c.intent)
        .where(m.c.id >= bounds[0], m.c.id < bounds[1], *conditions(opened, wanted, m), ~newer.exists())
        .order_by(m.c.id.desc())
        .limit(most)
    )
    return [tuple(row) for row in opened.execute(query)]


def conditions(opened: Connection, wanted: Wanted, m: FromClause) -> list[ColumnElement[bool]]:
    """Return what a message has to be."""
    from sqlalchemy import and_, false, or_, select, true

    found: list[ColumnElement[bool]] = []
    if wanted.kind == "fallback":
        found.append(m.c.intent.in_((FALLBACK, HANDOFF)))
    elif wanted.kind == "handoff":
        found.append(m.c.handed_off == true())
    elif wanted.kind == "failed":
        found.append(m.c.failed == true())
    elif wanted.kind == "rated":
        ratings = worst(opened)
        found.append(m.c.conversation.in_(select(ratings.c.conversation)) if ratings is not None else false())
    if wanted.intent:
        found.append(m.c.intent == wanted.intent)
    if wanted.until is not None:
        found.append(m.c.at < wanted.until)
    for word in wanted.words.split():
        found.append(or_(*(m.c.text.icontains(one, autoescape=True) for one in spellings(word))))
    return [and_(*found)] if found else []


def spellings(word: str) -> list[str]:
    """Return a word's spellings for a database that folds ASCII alone, as SQLite does; each costs time."""
    return list(
        {one.encode().lower(): one for one in (word, word.lower(), word.upper(), word.capitalize())}.values()
    )


def worst(opened: Connection) -> FromClause | None:
    """Return the ratings that count and are down; None where no one has rated yet."""
    from sqlalchemy import Integer, String, column, func, inspect, select, table

    if not inspect(opened).has_table("ratings"):
        return None
    r = table(
        "ratings",
        column("id", Integer),
        *(column(name, String) for name in ("conversation", "message", "rating", "text")),
    )
    last = select(func.max(r.c.id)).group_by(r.c.message)
    return select(r).where(r.c.id.in_(last), r.c.rating == DOWN).subquery()


def briefs(opened: Connection, hits: Sequence[tuple[int, str, float, str, str]]) -> list[Brief]:
    """Return conversations as a list shows them."""
    from sqlalchemy import case, func, select

    m, names = messages(), [name for _, name, *_ in hits]
    tallies = (m.c.intent.in_((FALLBACK, HANDOFF)), m.c.handed_off, m.c.failed)
    query = (
        select(m.c.conversation, func.count(), *(func.sum(case((one, 1), else_=0)) for one in tallies))
        .where(m.c.conversation.in_(names))
        .group_by(m.c.conversation)
    )
    counts = {str(name): tuple(map(int, found)) for name, *found in opened.execute(query)}
    bad: dict[str, int] = {}
    if (r := worst(opened)) is not None:
        rated = select(r.c.conversation, func.count()).where(r.c.conversation.in_(names))
        rows = opened.execute(rated.group_by(r.c.conversation))
        bad = {str(name): int(number) for name, number in rows}
    made = []
    for _, name, at, text, intent in hits:
        number, fallbacks, handed_off, failed = counts.get(name, (0, 0, 0, 0))
        made.append(Brief(name, at, text, intent, number, fallbacks, handed_off, failed, bad.get(name, 0)))
    return made


def one(settings: Settings, name: str) -> tuple[tuple[Said, ...], int]:
    """Return what was said in a conversation, oldest first, and how many older messages are left out."""
    from sqlalchemy import func, inspect, select, text

    with traffic.connection(settings) as opened:
        if opened is None or not NAME.fullmatch(name):
            return (), 0
        m, seen = messages(), inspect(opened)
        here = m.c.conversation == name
        number = int(opened.execute(select(func.count()).where(here)).scalar_one())
        rateable = "message" in {column["name"] for column in seen.get_columns("messages")}
        columns = [column for column in m.c if rateable or column.name != "message"]
        query = select(*columns).where(here).order_by(m.c.id.desc()).limit(MOST_MESSAGES)
        rows = opened.execute(query).mappings().all()
        asked = text("SELECT message, rating, text FROM ratings WHERE conversation = :name ORDER BY id")
        rated = opened.execute(asked, {"name": name}).all() if rateable and seen.has_table("ratings") else []
    last = {key: (rating, words) for key, rating, words in rated if key}
    said = tuple(said_of(row, last.get(row.get("message", ""), ("", ""))) for row in reversed(rows))
    return said, max(number - len(said), 0)


def said_of(row: Mapping[Any, Any], rating: tuple[str, str]) -> Said:
    """Understand a row."""
    return Said(
        id=row["id"],
        at=row["at"],
        text=row["text"],
        context={name: str(value) for name, value in json.loads(row["context"] or "{}").items() if value},
        intent=row["intent"],
        ranking=tuple((str(name), float(value)) for name, value in json.loads(row["ranking"] or "[]")[:3]),
        handed_off=bool(row["handed_off"]),
        failed=bool(row["failed"]),
        version=row["model_version"],
        rating=rating[0],
        rated=rating[1],
    )
