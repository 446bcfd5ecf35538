"""Replies to sockets until the client has them: in this process, or in the Redis that all replicas share."""

from __future__ import annotations

import hashlib
import json
import secrets
import time
from collections import OrderedDict
from typing import Any, Protocol

from ratchet_bot.channel.store import PREFIX, Store

SECONDS = 600
"""How long a reply is kept for a client that does not come back."""
MOST_SESSIONS, MOST_REPLIES = 10_000, 100
"""Of a client that receives nothing and keeps asking, only this many replies are kept: the newest."""


class Outbox(Protocol):
    """Replies by conversation, oldest first, under numbers that grow."""

    async def put(self, conversation: str, reply: Any) -> str:
        """Keep a reply; returns its number."""

    async def drop(self, conversation: str, number: str) -> None:
        """Forget a reply that the client has."""

    async def waiting(self, conversation: str) -> list[tuple[str, Any]]:
        """Return what the client does not have, with the numbers."""


def number() -> str:
    """Return a number that is greater than those given before, also over replicas, as far as their clocks agree."""
    return f"{time.time_ns():020d}-{secrets.token_hex(4)}"


class MemoryOutbox:
    """Replies of one process; the newest of the sessions that were written to last."""

    def __init__(self) -> None:
        self._kept: OrderedDict[str, dict[str, tuple[float, Any]]] = OrderedDict()

    async def put(self, conversation: str, reply: Any) -> str:
        """See Outbox."""
        own = self._kept.setdefault(conversation, {})
        self._kept.move_to_end(conversation)
        name = number()
        own[name] = (time.monotonic(), reply)
        while len(own) > MOST_REPLIES:
            del own[next(iter(own))]
        while len(self._kept) > MOST_SESSIONS or self._over(next(iter(self._kept.values()))):
            self._kept.popitem(last=False)
        return name

    @staticmethod
    def _over(kept: dict[str, tuple[float, Any]]) -> bool:
        """Whether the time of all of a session's replies is over."""
        return all(at < time.monotonic() - SECONDS for at, _ in kept.values())

    async def drop(self, conversation: str, number: str) -> None:
        """See Outbox."""
        own = self._kept.get(conversation, {})
        own.pop(number, None)
        if not own:
            self._kept.pop(conversation, None)

    async def waiting(self, conversation: str) -> list[tuple[str, Any]]:
        """See Outbox."""
        since = time.monotonic() - SECONDS
        return [
            (name, reply) for name, (at, reply) in self._kept.get(conversation, {}).items() if at >= since
        ]


class RedisOutbox:
    """Replies in Redis; each operation waits for a Redis that is away."""

    def __init__(self, store: Store) -> None:
        self._store, self._redis = store, store.redis

    async def put(self, conversation: str, reply: Any) -> str:
        """See Outbox."""
        name, key, text = number(), self._key(conversation), json.dumps(reply)

        async def write() -> None:
            async with self._redis.pipeline(transaction=True) as pipeline:
                pipeline.hset(key, name, text)
                pipeline.expire(key, SECONDS)
                pipeline.hkeys(key)
                *_, kept = await pipeline.execute()
            if old := sorted(kept)[:-MOST_REPLIES]:
                await self._redis.hdel(key, *old)

        await self._store.patiently(write)
        return name

    async def drop(self, conversation: str, number: str) -> None:
        """See Outbox."""
        await self._store.patiently(lambda: self._redis.hdel(self._key(conversation), number))

    async def waiting(self, conversation: str) -> list[tuple[str, Any]]:
        """See Outbox."""
        found = await self._store.patiently(lambda: self._redis.hgetall(self._key(conversation)))
        return [(name.decode(), json.loads(found[name])) for name in sorted(found)]

    @staticmethod
    def _key(conversation: str) -> str:
        """A hash, which names no person."""
        return f"{PREFIX}outbox:{hashlib.sha256(conversation.encode()).hexdigest()}"


def make(store: Store | None) -> MemoryOutbox | RedisOutbox:
    """Return the outbox of a server."""
    return RedisOutbox(store) if store else MemoryOutbox()
