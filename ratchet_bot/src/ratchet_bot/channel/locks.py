"""One answer at a time in each conversation, in the order in which its messages came, over all replicas.

In Redis the waiting messages of a conversation are tickets in one list, under the key and in the form of Rasa's own
`RedisLockStore`, which releases before this lock use: old and new replicas are in the same queue. Every change of
the list is one script, so that none is lost. A ticket's number is its token: a random one that only its owner knows.
A ticket ends with its lifetime; the owner renews it as long as it waits or answers, so a replica that dies frees its
conversations, those waiting included.

Old replicas write what they read before, and may so wipe out a ticket. `OldReplicas` says when that cannot happen any
more; only then does a ticket count. docs/decisions/atomic-conversation-locks.md has the reasons.

A Redis that is away is waited for (`Store`). It may come back without the tickets: it lost them, or their time ended.
What is being answered then takes its place again within `RETAKE_SECONDS`; what only waits lets that time pass first.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import secrets
import time
from collections.abc import AsyncIterator, Coroutine
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any
from weakref import WeakValueDictionary

from rasa.core.lock import TicketLock
from rasa.core.lock_store import LOCK_LIFETIME, LockError, LockStore
from redis.exceptions import RedisError

from ratchet_bot.channel import checks
from ratchet_bot.channel.lock_scripts import ASK, GIVE_BACK
from ratchet_bot.channel.old_replicas import LOOK, OldReplicas
from ratchet_bot.channel.store import PREFIX, Store

logger = logging.getLogger(__name__)

ASK_SECONDS = 0.01
"""How often a waiting message asks whether it is first."""
MOST_WAIT_SECONDS = 60.0
"""A message that is not first by then is refused."""
RENEW_SECONDS = 0.5
"""How often, at least, a message that is answered renews its ticket."""
RETAKE_SECONDS = 2 * RENEW_SECONDS
"""By then, after Redis was away, all messages that are answered have renewed theirs."""


@dataclass
class Ticket:
    """A message's place in its conversation's queue; `lost` when it vanished while the message was answered.

    `asked` is when Redis was last asked about it and answered, by the monotonic clock.
    """

    conversation: str
    number: int
    lifetime: float
    lost: bool = False
    asked: float = field(default_factory=time.monotonic)


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
    """The queues in Redis, shared by all replicas."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._redis = store.redis
        self._prefix = f"{PREFIX}lock:"
        self._old = OldReplicas(store.redis)
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
        the lock was lost meanwhile; `RedisError` when Redis fails before the block. What happens to Redis later does
        not harm the block.
        """
        ticket = Ticket(conversation_id, secrets.randbits(52) + 1, lock_lifetime)
        try:
            await self._come_first(ticket, wait_time_in_seconds)
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
        fresh, before = await self._store.patiently(lambda: self._arrive(ticket))
        while fresh or before:
            if time.monotonic() > until:
                raise LockError(f"{before} messages of {ticket.conversation!r} are still before this one.")
            await (self._store.patiently(self._old.settled) if fresh else asyncio.sleep(pause))
            fresh, before = await self._store.patiently(lambda: self._ask_behind(ticket))

    async def _arrive(self, ticket: Ticket) -> tuple[bool, int]:
        # Two connections may overtake each other, so one message of a conversation lines up after the other.
        async with self._arriving.setdefault(ticket.conversation, asyncio.Lock()):
            await self._let_owners_first()
            return await self._line_up(ticket)

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

    async def _ask_behind(self, ticket: Ticket) -> tuple[bool, int]:
        await self._let_owners_first()
        return await self._ask(ticket)

    async def _ask(self, ticket: Ticket) -> tuple[bool, int]:
        """Whether the ticket was new or had vanished (it is there now), and how many are before it."""
        asked = time.monotonic()
        fresh, before = await self._redis.eval(*self._command(ASK, ticket))
        ticket.asked = asked
        return bool(fresh), before

    async def _let_owners_first(self) -> None:
        """After an outage, wait until those who were answering have taken their places again."""
        rest = self._store.lost_at + RETAKE_SECONDS - time.monotonic()
        if rest > 0:
            await asyncio.sleep(rest)

    def _command(self, script: str, ticket: Ticket) -> tuple[Any, ...]:
        conversation = ticket.conversation
        kept = checks.lifetime(conversation, None) or 0
        return script, 1, self._prefix + conversation, conversation, ticket.number, ticket.lifetime, kept

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
        """Keep the ticket alive; give the turn up when it had vanished, as others may have been first since.

        That a ticket vanished in an outage does not say so: the turn then continues unless another message is first.
        """
        while not ticket.lost:
            await asyncio.sleep(min(ticket.lifetime / 4, RENEW_SECONDS))
            known = ticket.asked
            try:
                fresh, before = await self._store.patiently(lambda: self._ask(ticket))
            except RedisError as error:
                logger.warning("the lock of %r was not renewed: %s", ticket.conversation, error)
                continue
            if before if self._store.lost_at > known else fresh:
                ticket.lost = True
                turn.cancel()

    async def _leave(self, ticket: Ticket) -> None:
        """Give the ticket back; in the background where Redis is away, because the answer need not wait for it."""
        try:
            if self._store.away:
                self._later(self._give_back(ticket))
            elif not await self._redis.eval(*self._command(GIVE_BACK, ticket)):
                logger.warning("the lock of %r ended before its turn", ticket.conversation)
        except RedisError:
            self._later(self._give_back(ticket))
        if self._old.seen:
            self._later(self._sweep(ticket))

    def _later(self, work: Coroutine[Any, Any, None]) -> None:
        sweeping = asyncio.ensure_future(work)
        self._sweeping.add(sweeping)  # asyncio itself keeps no reference
        sweeping.add_done_callback(self._sweeping.discard)

    async def _sweep(self, ticket: Ticket) -> None:
        """An old replica that read the queue before the ticket left it may have written it again."""
        with contextlib.suppress(RedisError):
            await self._old.settled()
            await self._give_back(ticket)

    async def _give_back(self, ticket: Ticket) -> None:
        """Give the ticket back with patience; where that fails, its lifetime has to do."""
        with contextlib.suppress(RedisError):
            await self._store.patiently(lambda: self._redis.eval(*self._command(GIVE_BACK, ticket)))
