"""One answer at a time in each conversation, in the order in which its messages came, over all replicas.

In Redis the waiting messages of a conversation are tickets in one list, under the key and in the form of Rasa's own
`RedisLockStore`, which releases before this lock use: old and new replicas stand in the same queue. Every change of
the list is one script, so that none is lost. A ticket's number is its token: a random one that only its owner knows.
A ticket ends with its lifetime; the owner renews it as long as it waits or answers, so a replica that dies frees its
conversations, those waiting included.

Old replicas write what they read before, and may so wipe out a ticket. `OldReplicas` says when that cannot happen any
more; only then does a ticket count. docs/decisions/atomic-conversation-locks.md has the reasons.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import secrets
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any
from weakref import WeakValueDictionary

from rasa.core.lock import TicketLock
from rasa.core.lock_store import DEFAULT_SOCKET_TIMEOUT_IN_SECONDS, LOCK_LIFETIME, LockError, LockStore
from rasa.core.tracker_store import RedisTrackerStore, TrackerStore
from rasa.utils.endpoints import EndpointConfig
from redis.asyncio import Redis
from redis.exceptions import RedisError

from ratchet_bot.channel.old_replicas import LOOK, OldReplicas

logger = logging.getLogger(__name__)

ASK_SECONDS = 0.01
"""How often a waiting message asks whether it is first."""
MOST_WAIT_SECONDS = 60.0
"""A message that is not first by then is refused."""
CLIENT = "ratchet"
"""The name of this release's connections to Redis; those of old replicas have none."""

READ = """
local time = redis.call('TIME')
local now = time[1] + time[2] / 1000000
local number = tonumber(ARGV[2])
local stored = redis.call('GET', KEYS[1])
local texts, mine, expires = {}, nil, 0
for _, text in ipairs(stored and cjson.decode(stored).tickets or {}) do
  local ticket = cjson.decode(text)
  if ticket.expires >= now then
    table.insert(texts, text)
    if ticket.number == number then mine, expires = #texts, ticket.expires end
  end
end
local function write()
  if #texts == 0 then return redis.call('DEL', KEYS[1]) end
  redis.call('SET', KEYS[1], cjson.encode({conversation_id = ARGV[1], tickets = texts}))
end
"""
"""Reads the tickets that have not expired, by Redis's clock. KEYS: the list; ARGV: conversation, own number."""
ASK = (
    READ
    + """
local lifetime = tonumber(ARGV[3])
local fresh = not mine
if fresh or expires - now < lifetime * 2 / 3 then
  mine = mine or #texts + 1
  texts[mine] = string.format('{"number": %s, "expires": %.6f}', ARGV[2], now + lifetime)
  write()
end
return {fresh and 1 or 0, mine - 1}
"""
)
"""Takes a ticket, or renews it; returns whether it was not there before, and how many are before it."""
GIVE_BACK = (
    READ
    + """
if not mine then return 0 end
table.remove(texts, mine)
write()
return 1
"""
)
"""Takes the own ticket out, whoever holds the others; returns whether it was still there."""


@dataclass
class Ticket:
    """A message's place in its conversation's queue; `lost` when it vanished while the message was answered."""

    conversation: str
    number: int
    lifetime: float
    lost: bool = False


class MemoryLocks(LockStore):
    """The queues of one process. A lock ends with the turn that holds it."""

    def __init__(self) -> None:
        self._locks: WeakValueDictionary[str, asyncio.Lock] = WeakValueDictionary()

    @asynccontextmanager
    async def lock(
        self,
        conversation_id: str,
        lock_lifetime: float = LOCK_LIFETIME,
        wait_time_in_seconds: float = ASK_SECONDS,
    ) -> AsyncIterator[TicketLock]:
        """Hold a conversation's lock for the time of the block; those who wait get it in order, at once."""
        async with self._locks.setdefault(conversation_id, asyncio.Lock()):
            yield TicketLock(conversation_id)


class RedisLocks(LockStore):
    """The queues in Redis, shared by all replicas. Every method raises `RedisError` where Redis fails."""

    def __init__(self, redis: Redis, prefix: str) -> None:
        self._redis = redis
        self._prefix = prefix
        self._old = OldReplicas(redis)
        self._arriving: WeakValueDictionary[str, asyncio.Lock] = WeakValueDictionary()
        self._sweeping: set[asyncio.Task[None]] = set()

    @asynccontextmanager
    async def lock(
        self,
        conversation_id: str,
        lock_lifetime: float = LOCK_LIFETIME,
        wait_time_in_seconds: float = ASK_SECONDS,
    ) -> AsyncIterator[TicketLock]:
        """Hold a conversation's lock for the time of the block, `lock_lifetime` seconds beyond the owner's death.

        Raises `LockError` when the message did not become first within `MOST_WAIT_SECONDS`, and in the block when
        the lock was lost meanwhile.
        """
        ticket = Ticket(conversation_id, secrets.randbits(52) + 1, lock_lifetime)
        try:
            await self._come_first(ticket, wait_time_in_seconds)
        except RedisError:
            raise  # where Redis does not answer, the ticket's lifetime has to do
        except BaseException:
            await asyncio.shield(self._leave(ticket))
            raise
        try:
            async with self._renewed(ticket):
                yield TicketLock(conversation_id)
        finally:
            await asyncio.shield(self._leave(ticket))

    async def _come_first(self, ticket: Ticket, pause: float) -> None:
        until = time.monotonic() + MOST_WAIT_SECONDS
        # Two connections may overtake each other, so one message of a conversation lines up after the other.
        async with self._arriving.setdefault(ticket.conversation, asyncio.Lock()):
            fresh, before = await self._line_up(ticket)
        while fresh or before:
            if time.monotonic() > until:
                raise LockError(f"{before} messages of {ticket.conversation!r} are still before this one.")
            await (self._old.settled() if fresh else asyncio.sleep(pause))
            fresh, before = await self._ask(ticket)

    async def _line_up(self, ticket: Ticket) -> tuple[bool, int]:
        """Take a ticket, and ask at once; it counts as fresh as long as an old replica might wipe it out."""
        async with self._redis.pipeline(transaction=False) as pipeline:
            pipeline.eval(*self._command(ASK, ticket))
            pipeline.execute_command(*LOOK)
            pipeline.eval(*self._command(ASK, ticket))
            taken, clients, asked = await pipeline.execute(raise_on_error=False)
        for answer in (taken, asked):
            if isinstance(answer, Exception):
                raise answer
        fresh, before = asked
        return bool(fresh) or isinstance(clients, Exception) or bool(self._old.reading(clients)), before

    async def _ask(self, ticket: Ticket) -> tuple[bool, int]:
        """Whether the ticket was new or had vanished (it is there now), and how many are before it."""
        fresh, before = await self._redis.eval(*self._command(ASK, ticket))
        return bool(fresh), before

    def _command(self, script: str, ticket: Ticket) -> tuple[Any, ...]:
        key = self._prefix + ticket.conversation
        return script, 1, key, ticket.conversation, ticket.number, ticket.lifetime

    @asynccontextmanager
    async def _renewed(self, ticket: Ticket) -> AsyncIterator[None]:
        turn = asyncio.current_task()
        assert turn is not None
        renewing = asyncio.ensure_future(self._renew(ticket, turn))
        try:
            yield
        except asyncio.CancelledError:
            if ticket.lost:
                raise LockError(f"The lock of {ticket.conversation!r} was lost.") from None
            raise
        finally:
            renewing.cancel()

    async def _renew(self, ticket: Ticket, turn: asyncio.Task[object]) -> None:
        """Keep the ticket alive; give the turn up when it had vanished, as others may have been first since."""
        while not ticket.lost:
            await asyncio.sleep(ticket.lifetime / 4)
            try:
                fresh, _ = await self._ask(ticket)
            except RedisError as error:
                logger.warning("the lock of %r was not renewed: %s", ticket.conversation, error)
                continue
            if fresh:
                ticket.lost = True
                turn.cancel()

    async def _leave(self, ticket: Ticket) -> None:
        if not await self._redis.eval(*self._command(GIVE_BACK, ticket)):
            logger.warning("the lock of %r ended before its turn", ticket.conversation)
        if self._old.seen:
            sweeping = asyncio.ensure_future(self._sweep(ticket))
            self._sweeping.add(sweeping)  # asyncio itself keeps no reference
            sweeping.add_done_callback(self._sweeping.discard)

    async def _sweep(self, ticket: Ticket) -> None:
        """An old replica that read the queue before the ticket left it may have written it again."""
        with contextlib.suppress(RedisError):
            await self._old.settled()
            await self._redis.eval(*self._command(GIVE_BACK, ticket))


def store(endpoint: EndpointConfig | None) -> LockStore:
    """The locks at a Redis endpoint (see `memory.endpoints`), or in memory."""
    if endpoint is None:
        return MemoryLocks()
    settings = dict(endpoint.kwargs)
    prefix = f"{settings.pop('key_prefix')}:lock:"
    ssl = settings.pop("use_ssl")
    timeout = DEFAULT_SOCKET_TIMEOUT_IN_SECONDS
    redis = Redis(host=endpoint.url, ssl=ssl, socket_timeout=timeout, client_name=CLIENT, **settings)
    return RedisLocks(redis, prefix)


def name_connections(trackers: TrackerStore) -> None:
    """Let the tracker store's connections be known as this release's."""
    if isinstance(trackers, RedisTrackerStore):
        trackers.red.connection_pool.connection_kwargs["client_name"] = CLIENT
