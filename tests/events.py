"""A database of conversation events, as a bot writes it."""

from __future__ import annotations

import hashlib
import json
import sqlite3
from collections.abc import Iterable, Mapping
from typing import Any

from ratchet.adapters.bot import traffic
from ratchet.adapters.settings import Settings

TABLES = (
    "CREATE TABLE IF NOT EXISTS messages (id INTEGER PRIMARY KEY, at FLOAT, conversation VARCHAR, text TEXT, "
    "context TEXT, intent VARCHAR, confidence FLOAT, ranking TEXT, handed_off BOOLEAN, failed BOOLEAN, seconds FLOAT, "
    "release VARCHAR, model_version VARCHAR, model_id VARCHAR, message VARCHAR DEFAULT '')",
    "CREATE INDEX IF NOT EXISTS ix_messages_at ON messages (at)",
    "CREATE TABLE IF NOT EXISTS ratings (id INTEGER PRIMARY KEY, at FLOAT, conversation VARCHAR, message VARCHAR, "
    "rating VARCHAR, text TEXT)",
)
COLUMNS = ("at", "conversation", "text", "context", "intent", "confidence", "ranking", "handed_off", "failed",
           "seconds", "release", "model_version", "model_id", "message")  # fmt: skip
AT = 1_799_990_000.0
"""When conversations of the tests are, unless they say otherwise."""


def name_of(conversation: str) -> str:
    """Return what a conversation is called in the database."""
    return hashlib.sha256(conversation.encode()).hexdigest()[:32]


def said(conversation: str, text: str, intent: str = "leave", at: float = AT, **more: Any) -> dict[str, Any]:
    """Return a message, as a row."""
    row = {
        "at": at,
        "conversation": name_of(conversation),
        "text": text,
        "context": json.dumps(more.pop("context", {})),
        "intent": intent,
        "confidence": 0.9,
        "ranking": json.dumps([[intent, 0.9], ["other", 0.05]]),
        "handed_off": False,
        "failed": False,
        "seconds": 0.02,
        "release": "2026-11-21-3fa9c1",
        "model_version": "7",
        "model_id": "m",
        "message": name_of(f"{conversation} {text}"),
    }
    return {**row, **more}


def write(settings: Settings, rows: Iterable[Mapping[str, Any]]) -> None:
    """Add messages to the database, which is made where there is none."""
    path = traffic.file(settings)
    path.parent.mkdir(parents=True, exist_ok=True)
    with sqlite3.connect(path) as database:
        for statement in TABLES:
            database.execute(statement)
        marks = ", ".join(f":{name}" for name in COLUMNS)
        database.executemany(f"INSERT INTO messages ({', '.join(COLUMNS)}) VALUES ({marks})", rows)


def rate(settings: Settings, conversation: str, text: str, rating: str, words: str = "") -> None:
    """Rate the answer to a message."""
    values = (AT, name_of(conversation), name_of(f"{conversation} {text}"), rating, words)
    with sqlite3.connect(traffic.file(settings)) as database:
        database.execute(
            "INSERT INTO ratings (at, conversation, message, rating, text) VALUES (?, ?, ?, ?, ?)", values
        )
