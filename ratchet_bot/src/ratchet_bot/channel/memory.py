"""What the server remembers: replies already given, and conversations; bounded, or in Redis for several replicas."""

from __future__ import annotations

import hashlib
import json
import time
from collections import OrderedDict
from typing import Any, Protocol
from urllib.parse import urlsplit

from rasa.core.utils import AvailableEndpoints
from rasa.utils.endpoints import EndpointConfig

from ratchet_bot.channel.locks import CLIENT
from ratchet_bot.channel.trackers import MESSAGES, MemoryTrackers, RedisTrackers
from ratchet_bot.tools._errors import ToolError

REPLY_SECONDS = 600
MOST_REPLIES = 10_000
CONVERSATION_SECONDS = 7 * 24 * 3600


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


class RedisReplies:
    """Replies in Redis, seen by every replica."""

    def __init__(self, url: str, seconds: int = REPLY_SECONDS) -> None:
        import redis.asyncio

        self._redis = redis.asyncio.from_url(url, client_name=CLIENT)
        self._seconds = seconds

    async def get(self, conversation: str, message_id: str) -> dict[str, Any] | None:
        """See Replies."""
        stored = await self._redis.get(self._key(conversation, message_id))
        return json.loads(stored) if stored else None

    async def put(self, conversation: str, message_id: str, reply: dict[str, Any]) -> None:
        """See Replies."""
        await self._redis.set(self._key(conversation, message_id), json.dumps(reply), ex=self._seconds)

    @staticmethod
    def _key(conversation: str, message_id: str) -> str:
        return "ratchet:reply:" + hashlib.sha256(f"{conversation}\n{message_id}".encode()).hexdigest()


def endpoints(
    redis_url: str | None, actions_url: str | None = None, messages: int = MESSAGES
) -> AvailableEndpoints:
    """Rasa's tracker and lock store, both in the Redis of the URL or in memory, and the server of custom actions.

    `messages` of a person are kept at least of each conversation.
    """
    action = EndpointConfig(actions_url) if actions_url else None
    if not redis_url:
        return AvailableEndpoints(tracker_store=MemoryTrackers(None, messages=messages), action=action)
    address = urlsplit(redis_url)
    if address.scheme not in ("redis", "rediss") or not address.hostname:
        raise ToolError(
            f"RATCHET_REDIS_URL is {redis_url!r}.", "Write redis://[user:password@]host[:port][/db]."
        )
    shared = {
        "url": address.hostname,
        "port": address.port or 6379,
        "db": int(address.path.strip("/") or 0),
        "username": address.username,
        "password": address.password,
        "use_ssl": address.scheme == "rediss",
        "key_prefix": "ratchet",
    }
    return AvailableEndpoints(
        tracker_store=EndpointConfig(
            type=f"{RedisTrackers.__module__}.{RedisTrackers.__name__}",
            record_exp=CONVERSATION_SECONDS,
            messages=messages,
            **shared,
        ),
        lock_store=EndpointConfig(type="redis", **shared),
        action=action,
    )
