"""The database of conversation events, and its table of messages."""

from __future__ import annotations

import hashlib
from typing import Any

from sqlalchemy import (
    Boolean,
    Column,
    Float,
    Integer,
    MetaData,
    String,
    Table,
    Text,
    create_engine,
    event,
    inspect,
    text,
)
from sqlalchemy.engine import Engine, make_url

METADATA = MetaData()
MESSAGES = Table(
    "messages",
    METADATA,
    Column("id", Integer, primary_key=True, autoincrement=True),
    Column("at", Float, nullable=False, index=True),
    Column("conversation", String(32), nullable=False, index=True),
    Column("text", Text, nullable=False),
    Column("context", Text, nullable=False),
    Column("intent", String(200), nullable=False),
    Column("confidence", Float, nullable=False),
    Column("ranking", Text, nullable=False),
    Column("handed_off", Boolean, nullable=False),
    Column("failed", Boolean, nullable=False),
    Column("seconds", Float, nullable=False),
    Column("release", String(64), nullable=False),
    Column("model_version", String(32), nullable=False),
    Column("model_id", String(64), nullable=False),
    Column("message", String(32), nullable=False, server_default=""),
)
"""One row for each message of a person.

`at` is in seconds since 1970, `seconds` the time that the reply took. `intent` is what the bot answered to, fallback
and hand-off included, "" for a message whose processing failed; `confidence` and `ranking` (JSON, [[intent,
confidence], …]) are the classifier's own. `context` is JSON. `message` is what ratings call it, "" where it had no id.
"""


def hashed(conversation: str) -> str:
    """Return what a conversation is called in the database: it names no person."""
    return hashlib.sha256(conversation.encode(errors="replace")).hexdigest()[:32]


def storable(said: str) -> str:
    """Return a text as every database takes it; a NUL, which Postgres refuses, becomes a space."""
    return said.replace("\0", " ").encode(errors="replace").decode()


def connect(url: str) -> Engine:
    """A connection to the database of the URL, with its tables; one from before ratings gets its new column."""
    if make_url(url).get_backend_name() == "sqlite":
        engine = create_engine(url, future=True, connect_args={"timeout": 10})
        event.listen(engine, "connect", _prepare_sqlite)
    else:
        engine = create_engine(url, future=True, pool_size=1, pool_pre_ping=True)
    METADATA.create_all(engine)
    if "message" not in [column["name"] for column in inspect(engine).get_columns(MESSAGES.name)]:
        with engine.begin() as connection:
            connection.execute(
                text("ALTER TABLE messages ADD COLUMN message VARCHAR(32) NOT NULL DEFAULT ''")
            )
    return engine


def _prepare_sqlite(connection: Any, record: Any) -> None:
    """Readers and the writers of several processes do not block each other; deleted texts are overwritten."""
    for pragma in ("journal_mode=WAL", "synchronous=NORMAL", "secure_delete=ON"):
        connection.execute(f"PRAGMA {pragma}")
