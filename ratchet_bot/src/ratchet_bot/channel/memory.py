"""What the server remembers: replies already given, and conversations; bounded, or in Redis for several replicas."""

from __future__ import annotations

import hashlib
import json
import time
from collections import OrderedDict
from dataclasses import dataclass
from functools import partial
from typing import Any, Protocol

from rasa.core.lock_store import LockStore

from ratchet_bot.channel import checks
from ratchet_bot.channel.locks import MemoryLocks, RedisLocks
from ratchet_bot.channel.redis_trackers import RedisTrackers
from ratchet_bot.channel.store import PATIENCE_SECONDS, PREFIX, Store
from ratchet_bot.channel.trackers import MESSAGES, MemoryTrackers

REPLY_SECONDS = 600
MOST_REPLIES = 10_000
CONVERSATION_SECONDS = 7 * 24 * 3600
BATCH = 1000
"""How many keys Redis looks at in one step; others are served between the steps."""
OF_CHECKS = tuple(f"{PREFIX}{kind}:{checks.PREFIX}" for kind in ("tracker", "earlier", "lock", "reply"))


class Replies(Protocol):
    """Replies by conversation and message id, so that a message that a proxy sends again is not processed twice."""

    async def get(self, conversation: str, message_id: str) -> dict[str, Any] | None:
        """The reply given before, None when there is none or it was long ago."""

    async def put(self, conversation: str, message_id: str, reply: dict[str, Any]) -> None:
        """Remember a reply."""


class MemoryReplies:
    """The last `most` replies of the last `seconds`."""

    def __init__(self, most: int = MOST_REPLIES, seconds: float = REPLY_SECONDS) -> None:
        self._most = most
        self._seconds = seconds
        self._replies: OrderedDict[tuple[str, str], tuple[float, dict[str, Any]]] = OrderedDict()

    async def get(self, conversation: str, message_id: str) -> dict[str, Any] | None:
        """See Replies."""
        given, reply = self._replies.get((conversation, message_id), (0.0, None))
        return reply if time.monotonic() - given < self._seconds else None

    async def put(self, conversation: str, message_id: str, reply: dict[str, Any]) -> None:
        """See Replies."""
        self._replies[conversation, message_id] = (time.monotonic(), reply)
        while len(self._replies) > self._most:
            self._replies.popitem(last=False)

    def forget_checks(self) -> int:
        """Forget the replies to checks; return how many there were."""
        of_checks = [key for key in self._replies if checks.is_check(key[0])]
        for key in of_checks:
            del self._replies[key]
        return len(of_checks)


class RedisReplies:
    """Replies in Redis, seen by every replica; each operation waits for a Redis that is away."""

    def __init__(self, store: Store, seconds: int = REPLY_SECONDS) -> None:
        self._store = store
        self._redis = store.redis
        self._seconds = seconds

    async def get(self, conversation: str, message_id: str) -> dict[str, Any] | None:
        """See Replies."""
        key = self._key(conversation, message_id)
        stored = await self._store.patiently(lambda: self._redis.get(key))
        return json.loads(stored) if stored else None

    async def put(self, conversation: str, message_id: str, reply: dict[str, Any]) -> None:
        """See Replies."""
        key, text = self._key(conversation, message_id), json.dumps(reply)
        await self._store.patiently(lambda: self._redis.set(key, text, ex=self._seconds))

    @staticmethod
    def _key(conversation: str, message_id: str) -> str:
        """A hash, which names no person. That of a check can be found again, to be deleted."""
        kind = checks.PREFIX if checks.is_check(conversation) else ""
        return f"{PREFIX}reply:{kind}" + hashlib.sha256(f"{conversation}\n{message_id}".encode()).hexdigest()


@dataclass(frozen=True)
class Memory:
    """Where conversations, their locks and their replies are: in this process (no `store`), or in one Redis."""

    trackers: MemoryTrackers | RedisTrackers
    locks: LockStore
    replies: MemoryReplies | RedisReplies
    store: Store | None = None

    async def forget_checks(self) -> int:
        """Delete what belongs to checks, and return how many entries that were. Raises `RedisError` without Redis."""
        if self.store is None:
            return self.trackers.forget_checks() + self.replies.forget_checks()
        deleted, cursor = 0, 0
        while True:
            cursor, keys = await self.store.patiently(
                partial(self.store.redis.scan, cursor, match=f"{PREFIX}*:{checks.PREFIX}*", count=BATCH)
            )
            # A person's own id may hold what the pattern looks for.
            ours = [key for key in keys if key.decode(errors="replace").startswith(OF_CHECKS)]
            if ours:
                deleted += await self.store.patiently(partial(self.store.redis.unlink, *ours))
            if not cursor:
                return deleted


def make(redis_url: str | None, messages: int = MESSAGES, patience: float = PATIENCE_SECONDS) -> Memory:
    """The memory of a server, in the Redis of the URL or in this process.

    `messages` of a person are kept at least of each conversation; `patience` is how many seconds a message waits for
    a Redis that is away. Raises ToolError for an invalid address.
    """
    if not redis_url:
        return Memory(MemoryTrackers(None, messages=messages), MemoryLocks(), MemoryReplies())
    store = Store(redis_url, patience)
    return Memory(
        RedisTrackers(store, CONVERSATION_SECONDS, messages), RedisLocks(store), RedisReplies(store), store
    )
