"""Replicas of releases whose lock was Rasa's own: they run beside this one during a release and a rollback."""

from __future__ import annotations

import asyncio
import logging
import re
import time

from redis.asyncio import Redis
from redis.exceptions import ResponseError

logger = logging.getLogger(__name__)

SETTLE_SECONDS = 0.1
"""An old replica's two commands, one to read and one to write, come closer together than this."""
LOOK_SECONDS = 0.005
LOOK = ("CLIENT", "LIST")
CONNECTION = re.compile(rb"^id=(\d+) .*? name= .*? db=(\d+) .*? cmd=(get|set|del) ", re.MULTILINE)
"""A connection without a name, as old replicas' are, whose last command is one of theirs."""


class OldReplicas:
    """Replicas whose lock reads the queue and writes it back in two commands; `seen` when the last look saw one.

    After a ticket was written, only one whose last command was that reading can still wipe it out.
    """

    def __init__(self, redis: Redis) -> None:
        self.seen = False
        self._redis = redis
        self._database = int(redis.connection_pool.connection_kwargs.get("db") or 0)

    async def settled(self) -> None:
        """Wait until no old replica can write what it read before this call; `SETTLE_SECONDS` at most."""
        until = time.monotonic() + SETTLE_SECONDS
        try:
            reading = self.reading(await self._redis.execute_command(*LOOK))
            while reading and time.monotonic() < until:
                await asyncio.sleep(LOOK_SECONDS)
                reading &= self.reading(await self._redis.execute_command(*LOOK))
        except ResponseError as error:
            if not self.seen:
                logger.warning(
                    "Each message waits %g s: allow this user CLIENT LIST. %s", SETTLE_SECONDS, error
                )
            self.seen = True
            await asyncio.sleep(max(0.0, until - time.monotonic()))

    def reading(self, clients: bytes) -> set[bytes]:
        """The connections, in Redis's list, of old replicas that may be about to write what they read."""
        here = [
            (number, command)
            for number, database, command in CONNECTION.findall(clients)
            if int(database) == self._database
        ]
        self.seen = bool(here)
        return {number for number, command in here if command == b"get"}
