"""Conversation events, as the bot's channel writes them (`ratchet_bot.channel.events` says what the columns mean)."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from ratchet.adapters.settings import Settings
from ratchet.domain.errors import RatchetError
from ratchet.domain.operations.traffic import COLUMNS

if TYPE_CHECKING:
    import pandas as pd
    from sqlalchemy import Connection


def file(settings: Settings) -> Path:
    """The SQLite file of the `process` target."""
    return settings.state / "events" / "messages.db"


def environment(settings: Settings) -> dict[str, str]:
    """The variables under which a server of the `process` target writes its events."""
    file(settings).parent.mkdir(parents=True, exist_ok=True)
    named = settings.events_url
    return {
        "RATCHET_EVENTS_URL": named.get_secret_value() if named else f"sqlite:///{file(settings)}",
        "RATCHET_EVENTS_DAYS": f"{settings.params.monitor.retention_days:g}",
    }


def url(settings: Settings) -> str | None:
    """The database of the events; None where no bot has written any yet, or is told to."""
    if settings.events_url:
        return settings.events_url.get_secret_value()
    return f"sqlite:///{file(settings)}" if file(settings).exists() else None


def window(settings: Settings, at: float) -> pd.DataFrame:
    """Return what the traffic's figures need of the messages from a time on."""
    query = "SELECT intent, handed_off, failed, seconds FROM messages WHERE at >= :at"
    return read(settings, query, {"at": at})[["intent", "handed_off", "failed", "seconds"]]


def since(settings: Settings, at: float) -> pd.DataFrame:
    """Return the messages from a time on, in seconds since 1970, oldest first."""
    return read(settings, "SELECT * FROM messages WHERE at >= :at ORDER BY id", {"at": at})


def newest(settings: Settings, at: float, most: int) -> pd.DataFrame:
    """Return the newest `most` messages from a time on that a bot answered, oldest first."""
    query = "SELECT * FROM messages WHERE at >= :at AND NOT failed ORDER BY id DESC LIMIT :most"
    return read(settings, query, {"at": at, "most": most}).iloc[::-1]


def ratings(settings: Settings, at: float) -> pd.DataFrame:
    """Return what users rated from a time on: `id` of the message, `rating` (up, down) and `text`; the last one counts.

    `id` is 0 for a message that is not known any more.
    """
    import pandas as pd
    from sqlalchemy import inspect, text

    query = """
    SELECT COALESCE(m.id, 0) AS id, r.rating AS rating, r.text AS text
    FROM ratings r LEFT JOIN messages m ON m.message = r.message
    WHERE r.at >= :at AND r.id IN (SELECT MAX(id) FROM ratings GROUP BY message) ORDER BY r.id
    """
    with connection(settings) as found:
        there = found is not None and inspect(found).has_table("ratings")
        rows = found.execute(text(query), {"at": at}).mappings().all() if found is not None and there else []
    return pd.DataFrame(rows, columns=["id", "rating", "text"])


def rated(settings: Settings, at: float) -> tuple[int, int]:
    """Return how many answers users rated up, and down, from a time on."""
    found = ratings(settings, at)["rating"]
    return int((found == "up").sum()), int((found == "down").sum())


def counts(settings: Settings, at: float, fallbacks: Sequence[str]) -> dict[str, int]:
    """Count the messages from a time on, and those of them that were answered by one of the `fallbacks`."""
    query = (
        "SELECT COUNT(*) AS messages, SUM(CASE WHEN intent IN (:one, :other) THEN 1 ELSE 0 END) AS fallbacks, "
        "SUM(CASE WHEN handed_off THEN 1 ELSE 0 END) AS handed_off, SUM(CASE WHEN failed THEN 1 ELSE 0 END) AS failed "
        "FROM messages WHERE at >= :at"
    )
    one, other = fallbacks
    with connection(settings) as found:
        if found is None:
            return {"messages": 0, "fallbacks": 0, "handed_off": 0, "failed": 0}
        from sqlalchemy import text

        [row] = found.execute(text(query), {"at": at, "one": one, "other": other}).mappings().all()
    return {name: int(value or 0) for name, value in row.items()}


def after(settings: Settings, cursor: int, model_id: str, most: int) -> pd.DataFrame:
    """Return the first `most` processed messages to a model after the one with the id `cursor`."""
    return read(
        settings,
        "SELECT * FROM messages WHERE id > :cursor AND model_id = :model AND NOT failed ORDER BY id LIMIT :most",
        {"cursor": cursor, "model": model_id, "most": most},
    )


def read(settings: Settings, query: str, values: dict[str, float | str]) -> pd.DataFrame:
    """Return the rows of a query; none where nothing was written yet."""
    import pandas as pd
    from sqlalchemy import text

    with connection(settings) as found:
        rows = found.execute(text(query), values).mappings().all() if found is not None else []
    return pd.DataFrame(rows, columns=list(COLUMNS))


@contextlib.contextmanager
def connection(settings: Settings) -> Iterator[Connection | None]:
    """Connect to the database; None where there is none. Raises `RatchetError` when it does not answer."""
    from sqlalchemy import create_engine, inspect
    from sqlalchemy.exc import SQLAlchemyError

    address = url(settings)
    if address is None:
        yield None
        return
    engine = create_engine(address)
    try:
        with engine.connect() as opened:
            yield opened if inspect(opened).has_table("messages") else None
    except SQLAlchemyError as error:
        # Without the error's text, which may hold the address with its password.
        raise RatchetError(
            f"The database of conversation events does not answer: {type(error).__name__}.",
            "Check RATCHET_EVENTS_URL, or the disk.",
        ) from error
    finally:
        engine.dispose()
