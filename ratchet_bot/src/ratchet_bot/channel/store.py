"""The Redis of conversations: one client for conversations, locks and replies, with patience while it is away.

A Redis that restarts is away for a second or two. What asks it meanwhile waits for it, so a message that meets it is
late and not lost. Only operations are repeated, never turns, and only operations that may be done twice, because a
connection can break between an operation and its answer.
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Awaitable, Callable
from typing import TypeVar
from urllib.parse import urlsplit

from redis import exceptions
from redis.asyncio import BlockingConnectionPool, Redis
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff
from redis.exceptions import RedisError

from ratchet_bot.tools._errors import ToolError

logger = logging.getLogger(__name__)
Result = TypeVar("Result")

CLIENT = "ratchet"
"""The name of this release's connections to Redis; those of old replicas have none."""
PREFIX = "ratchet:"
"""What all keys begin with."""
PATIENCE_SECONDS = 5.0
CONNECT_SECONDS = 1.0
ANSWER_SECONDS = 2.0
"""A Redis that is silent for this long is away: its node may be lost, and nothing then closes the connection."""
MOST_CONNECTIONS = 100
"""Of one replica; an operation beyond that waits for one of them. Redis takes 10,000 in all."""
PAUSE_SECONDS = 0.05
AWAY = (
    exceptions.ConnectionError,
    exceptions.TimeoutError,
    exceptions.ReadOnlyError,
    exceptions.MasterDownError,
)
"""What a Redis that will come back answers: nothing, that it is loading, or that it is a replica for the moment."""
REFUSED = (exceptions.AuthenticationError, exceptions.AuthorizationError)
"""Connection errors that do not go away with time."""
NOTHING = PREFIX + "nothing"
"""A key that is never there. To delete it is a write, which a Redis that only reads refuses, and changes nothing."""


class Store:
    """The Redis at `url`. `patience` is how many seconds an operation waits for it; 0 does not wait.

    Raises ToolError for an invalid address.
    """

    def __init__(self, url: str, patience: float = PATIENCE_SECONDS) -> None:
        self.url = url
        self.address = address_of(url)
        self.patience = patience
        self.lost_at = float("-inf")
        """When an operation last found the Redis away, by the monotonic clock."""
        # Many who wait for a reply may ask in the same moment: a pool that is full is no Redis that is away.
        pool = BlockingConnectionPool.from_url(
            url,
            max_connections=MOST_CONNECTIONS,
            timeout=ANSWER_SECONDS,
            client_name=CLIENT,
            socket_connect_timeout=CONNECT_SECONDS,
            socket_timeout=ANSWER_SECONDS,
            retry=Retry(NoBackoff(), 0),  # `patiently` repeats, and knows what may be repeated
        )
        self.redis = Redis.from_pool(pool)
        self.away = False
        """Whether the last operation failed because of that."""
        self._return: asyncio.Task[None] | None = None

    async def patiently(self, operation: Callable[[], Awaitable[Result]]) -> Result:
        """What the operation returns. It is repeated while Redis is away, until it is back or patience is over.

        Raises the operation's `RedisError` when Redis does not come back in time, and any other error at once.
        """
        until = time.monotonic() + self.patience
        if self.away:  # those who come during an outage do not each find out by themselves
            await self._come_back(self.patience)
        while True:
            try:
                result = await operation()
            except RedisError as error:
                if not is_away(error):
                    raise
                self._miss(error)
                if time.monotonic() >= until:
                    raise
                await self._come_back(until - time.monotonic())
            else:
                if self.away:
                    logger.warning("the conversation store at %s is back", self.address)
                    self.away = False
                return result

    def _miss(self, error: RedisError) -> None:
        self.lost_at = time.monotonic()
        if not self.away:
            logger.warning("the conversation store at %s is away: %s", self.address, error)
            self.away = True

    async def _come_back(self, seconds: float) -> None:
        """Wait until Redis takes writes again. One task asks for all who wait: they may be many."""
        if self._return is None or self._return.done():
            self._return = asyncio.ensure_future(self._watch())
        await asyncio.wait({self._return}, timeout=seconds)

    async def _watch(self) -> None:
        until = time.monotonic() + self.patience
        while time.monotonic() < until:
            await asyncio.sleep(PAUSE_SECONDS)
            try:
                await self.redis.delete(NOTHING)
                return
            except RedisError as error:
                if not is_away(error):
                    return  # it is there, and what is wrong with it is for the operation to say
                self._miss(error)


def is_away(error: RedisError) -> bool:
    """Whether an operation failed only because Redis is away for a while."""
    # Redis 6 says the reason of a script's failure in the middle of its sentence.
    return (isinstance(error, AWAY) and not isinstance(error, REFUSED)) or "-READONLY" in str(error)


def address_of(url: str) -> str:
    """The address as it may be logged: without a password. Raises ToolError for an invalid one."""
    address = urlsplit(url)
    try:
        port, database = address.port or 6379, int(address.path.strip("/") or 0)
    except ValueError:
        port, database = 0, 0
    if address.scheme not in ("redis", "rediss") or not address.hostname or not port:
        said = url if "@" not in url else "…@" + url.rpartition("@")[2]
        raise ToolError(f"RATCHET_REDIS_URL is {said!r}.", "Write redis://[user:password@]host[:port][/db].")
    user = f"{address.username}@" if address.username else ""
    return f"{address.scheme}://{user}{address.hostname}:{port}/{database}"
