"""Conversation events: what people wrote and what the model made of it, in a database, without slowing a reply.

`Broker.put` only puts an event into a bounded queue. A thread writes batches of them to SQLite or, for a fleet,
Postgres. Where the database is slow or gone, events are dropped and counted; a reply never waits.

A conversation is stored under a hash of its id. The text is stored as it was written, for `retention_days`.
"""

from __future__ import annotations

import json
import logging
import queue
import threading
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

from sqlalchemy import Table
from sqlalchemy.engine import Engine
from sqlalchemy.exc import SQLAlchemyError

from ratchet_bot.channel.checks import is_check
from ratchet_bot.channel.event_tables import MESSAGES, connect, hashed, storable
from ratchet_bot.channel.ratings import RATINGS, Rating, message_key

logger = logging.getLogger(__name__)

MOST_WAITING = 10_000
BATCH = 500
GATHER_SECONDS = 0.5
RETRY_SECONDS = (0.5, 1.0, 2.0, 5.0)
CLEAN_SECONDS = 3600.0
RETENTION_DAYS = 30.0


@dataclass(frozen=True)
class Event:
    """A message and what became of it; the columns of MESSAGES."""

    table: ClassVar[Table] = MESSAGES
    at: float
    conversation: str
    text: str
    context: Mapping[str, str]
    release: str
    model_version: str
    model_id: str
    seconds: float
    intent: str = ""
    confidence: float = 0.0
    ranking: Sequence[tuple[str, float]] = ()
    handed_off: bool = False
    failed: bool = False
    message_id: str | None = None

    def row(self) -> dict[str, Any]:
        """The values for the table."""
        values = {name: value for name, value in vars(self).items() if name != "message_id"}
        return {
            **values,
            "message": message_key(self.conversation, self.message_id),
            "conversation": hashed(self.conversation),
            "text": storable(self.text),
            "context": json.dumps(dict(self.context), ensure_ascii=False),
            "ranking": json.dumps([list(pair) for pair in self.ranking]),
        }


class Broker:
    """Takes events and writes them in the background; without a `url` it takes none."""

    def __init__(
        self, url: str | None, retention_days: float = RETENTION_DAYS, most: int = MOST_WAITING
    ) -> None:
        self._url = url
        self._retention = retention_days * 86400
        self._waiting: queue.Queue[Event | Rating] = queue.Queue(most)
        self._stopping = threading.Event()
        self._thread: threading.Thread | None = None
        self._cleaned = 0.0
        self._taken = 0
        self.written = 0
        self.dropped = 0

    def put(self, event: Event | Rating) -> bool:
        """Take an event, unless it is of a check, and return whether it was taken; never waits and never raises."""
        if self._url is None or is_check(event.conversation):
            return False
        if self._thread is None:  # only in the process that serves, and only once there is something to write
            self._thread = threading.Thread(target=self._write, name="events", daemon=True)
            self._thread.start()
        try:
            self._waiting.put_nowait(event)
            self._taken += 1
            return True
        except queue.Full:
            self.dropped += 1
            return False

    def close(self, seconds: float) -> None:
        """Write what waits, for this many seconds at most."""
        self._stopping.set()
        if self._thread is not None:
            self._thread.join(seconds)
        if self.written < self._taken:
            logger.error("%d conversation events were not written", self._taken - self.written)

    def _write(self) -> None:
        engine: Engine | None = None
        failures = 0
        batch: list[Event | Rating] = []
        while batch or not (self._stopping.is_set() and self._waiting.empty()):
            batch = batch or self._gather()
            try:
                engine = engine or connect(str(self._url))
                self._store(engine, batch)
            except (SQLAlchemyError, OSError) as error:
                # By its class alone: the statement in an error's text holds what people wrote.
                logger.warning("conversation events cannot be written: %s", type(error).__name__)
                wait = RETRY_SECONDS[min(failures, len(RETRY_SECONDS) - 1)]
                failures += 1
                if self._stopping.wait(wait) and failures > 1:
                    return
                continue
            except (
                Exception
            ) as error:  # an event that no database takes must not end the record of all others
                logger.error("%d conversation events were dropped: %s", len(batch), type(error).__name__)
                self.dropped += len(batch)
                self._taken -= len(batch)
                batch = []
                continue
            self.written += len(batch)
            failures, batch = 0, []
        if engine is not None:
            engine.dispose()

    def _gather(self) -> list[Event | Rating]:
        """The events of the next moment; empty when there were none for a second."""
        try:
            batch = [self._waiting.get(timeout=1.0)]
        except queue.Empty:
            return []
        self._stopping.wait(GATHER_SECONDS)
        while len(batch) < BATCH:
            try:
                batch.append(self._waiting.get_nowait())
            except queue.Empty:
                break
        return batch

    def _store(self, engine: Engine, batch: Sequence[Event | Rating]) -> None:
        now = time.time()
        late = now - self._cleaned > CLEAN_SECONDS
        if not batch and not late:
            return
        with engine.begin() as connection:
            for table in (MESSAGES, RATINGS):
                if rows := [event.row() for event in batch if event.table is table]:
                    connection.execute(table.insert(), rows)
                if late:
                    connection.execute(table.delete().where(table.c.at < now - self._retention))
            self._cleaned = now if late else self._cleaned
