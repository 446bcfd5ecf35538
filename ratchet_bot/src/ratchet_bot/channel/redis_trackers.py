"""Conversations in Redis, seen by every replica, in Rasa's own form, so that an older release can read them."""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import Any

from rasa.core.tracker_store import RedisTrackerStore, SerializedTrackerAsText, TrackerStore
from rasa.shared.core.trackers import DialogueStateTracker, get_trackers_for_conversation_sessions

from ratchet_bot.channel import checks
from ratchet_bot.channel.store import PREFIX, Store
from ratchet_bot.channel.trackers import MESSAGES, current, remember, remembered, shortened

TRACKER, EARLIER = f"{PREFIX}tracker:", f"{PREFIX}earlier:"


class RedisTrackers(TrackerStore, SerializedTrackerAsText):
    """Conversations of the last `seconds`. Each operation waits for a Redis that is away (`Store.patiently`).

    Rasa's own store holds the replica up while it asks Redis, and a Redis that is away for as long as it tries again.
    """

    def __init__(self, store: Store, seconds: int | None, messages: int = MESSAGES) -> None:
        super().__init__(None)
        self.messages = messages
        self._store = store
        self._redis = store.redis
        self._seconds = seconds

    async def save(self, tracker: DialogueStateTracker) -> None:
        """Save a conversation. Its lock is held, so nothing is merged, unless another replica wrote it anyway."""
        name = tracker.sender_id
        now = current(name)
        if now and now.stored is not None:
            there = await self._get(name)
            if there is not None and there != now.stored:  # this replica stood still for long
                tracker = RedisTrackerStore._merge_trackers(self.deserialise_tracker(name, there), tracker)
        kept, before = shortened(tracker, self.messages)
        text = self.serialise_tracker(kept)
        await self._write(name, text, [json.dumps(one) for one in before])
        remember(kept)
        if now:
            now.stored = text

    async def _write(self, name: str, text: str, before: list[str]) -> None:
        seconds, tries = checks.lifetime(name, self._seconds), 0

        async def write() -> None:
            nonlocal tries
            tries += 1
            if tries > 1 and await self._redis.get(TRACKER + name) == text.encode():
                return  # it was done, and the answer was lost: `before` must not be there twice
            async with self._redis.pipeline(transaction=True) as pipeline:
                pipeline.set(TRACKER + name, text, ex=seconds)
                if before:
                    pipeline.rpush(EARLIER + name, *before)
                if seconds:
                    pipeline.expire(EARLIER + name, seconds)
                await pipeline.execute()

        await self._store.patiently(write)

    async def retrieve(self, sender_id: str) -> DialogueStateTracker | None:
        """Return a conversation's last session; in a turn, as the turn knows it."""
        known = remembered(sender_id)
        if known is None and (whole := await self.retrieve_full_tracker(sender_id)):
            sessions = get_trackers_for_conversation_sessions(whole)
            known = remember(sessions[-1] if len(sessions) > 1 else whole)
        return known

    async def retrieve_full_tracker(self, conversation_id: str) -> DialogueStateTracker | None:
        """Return a conversation as it is stored; the turn keeps what it read, by which `save` sees other writers."""
        text = await self._get(conversation_id)
        if text is None:
            return None
        if now := current(conversation_id):
            now.stored = text
        return self.deserialise_tracker(conversation_id, text)

    async def keys(self) -> Iterable[str]:
        """Return the names of all conversations."""
        found = [key async for key in self._redis.scan_iter(match=f"{TRACKER}*", count=1000)]
        return [key.decode().removeprefix(TRACKER) for key in found]

    async def said_before(self, sender_id: str) -> list[dict[str, Any]]:
        """See Trackers."""
        lines = await self._store.patiently(lambda: self._redis.lrange(EARLIER + sender_id, 0, -1))
        return [json.loads(one) for one in lines]

    async def _get(self, name: str) -> str | None:
        stored = await self._store.patiently(lambda: self._redis.get(TRACKER + name))
        return stored.decode() if stored is not None else None
