"""What users think of an answer: up or down, and in their own words."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import Any, ClassVar

from sqlalchemy import Column, Float, Integer, String, Table, Text

from ratchet_bot.channel.event_tables import METADATA, hashed, storable

UP, DOWN = "up", "down"

RATINGS = Table(
    "ratings",
    METADATA,
    Column("id", Integer, primary_key=True, autoincrement=True),
    Column("at", Float, nullable=False, index=True),
    Column("conversation", String(32), nullable=False),
    Column("message", String(32), nullable=False, index=True),
    Column("rating", String(8), nullable=False),
    Column("text", Text, nullable=False),
)
"""One row for each rating; of several of one message the last counts. `message` is that of the table of messages."""


@dataclass(frozen=True)
class Rating:
    """A user's rating of the answer to their message; `at` is in seconds since 1970."""

    table: ClassVar[Table] = RATINGS
    at: float
    conversation: str
    message_id: str
    rating: str
    text: str = ""

    def row(self) -> dict[str, Any]:
        """The values for the table."""
        return {
            "at": self.at,
            "conversation": hashed(self.conversation),
            "message": message_key(self.conversation, self.message_id),
            "rating": self.rating,
            "text": storable(self.text),
        }


def message_key(conversation: str, message_id: str | None) -> str:
    """Return what a message is called in the database, "" for one without an id: a hash, which names no person."""
    if not message_id:
        return ""
    return hashlib.sha256(f"{conversation}\n{message_id}".encode(errors="replace")).hexdigest()[:32]
