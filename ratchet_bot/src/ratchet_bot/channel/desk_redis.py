"""Hand-offs and the pause in the Redis that all replicas share.

A change is written only if no one else wrote meanwhile; otherwise it begins again. So replicas and desks change one
conversation at once without a lock, and nothing is lost.
"""

from __future__ import annotations

import json
import secrets
import time
from dataclasses import asdict
from pathlib import Path

from ratchet_bot.channel import handed, happened
from ratchet_bot.channel.desk import KEPT_SECONDS, MOST_EVENTS, Change, MemoryDesk, Pause, to_push
from ratchet_bot.channel.handed import Handed
from ratchet_bot.channel.store import PREFIX, Store

DESK, OPEN, PAUSE = f"{PREFIX}desk:", f"{PREFIX}desks", f"{PREFIX}pause"
EVENTS = f"{PREFIX}desks:events"
LOG, UNPUSHED = f"{PREFIX}desks:log", f"{PREFIX}desks:unpushed"
ENDED = f"{PREFIX}desks:ended"
PUT = """
local version = redis.call('HGET', KEYS[1], 'version') or ''
if version == ARGV[2] then return 1 end
if version ~= ARGV[1] then return 0 end
redis.call('HSET', KEYS[1], 'version', ARGV[2], 'state', ARGV[3])
if ARGV[4] == '' then
  redis.call('EXPIRE', KEYS[1], ARGV[5])
  redis.call('ZREM', KEYS[2], ARGV[6])
else
  redis.call('PERSIST', KEYS[1])
  redis.call('ZADD', KEYS[2], ARGV[4], ARGV[6])
end
local logged = cjson.decode(ARGV[7])
for _, entry in ipairs(logged) do redis.call('ZADD', KEYS[3], entry[1], entry[2]) end
if #logged > 0 then
  redis.call('ZREMRANGEBYSCORE', KEYS[3], '-inf', ARGV[8])
  redis.call('EXPIRE', KEYS[3], ARGV[5])
end
if ARGV[9] == '1' then
  redis.call('ZADD', KEYS[4], 'NX', ARGV[10], ARGV[6])
  redis.call('ZREMRANGEBYSCORE', KEYS[4], '-inf', ARGV[8])
else
  redis.call('ZREM', KEYS[4], ARGV[6])
end
for _, event in ipairs(cjson.decode(ARGV[11])) do redis.call('RPUSH', KEYS[5], event) end
redis.call('LTRIM', KEYS[5], -ARGV[12], -1)
if ARGV[13] == '' then
  redis.call('ZREM', KEYS[6], ARGV[6])
else
  redis.call('ZADD', KEYS[6], ARGV[13], ARGV[6])
  redis.call('ZREMRANGEBYSCORE', KEYS[6], '-inf', ARGV[8])
  redis.call('EXPIRE', KEYS[6], ARGV[5])
end
return 1
"""
"""Writes a state in place of the version that was read, and says whether it did. It may be sent twice.

KEYS: the conversation's, that of the open ones, the log, those with replies to push, events, those that ended; ARGV:
version read, new version, state, since when it is open ("" where it is not), seconds that an ended one is kept,
conversation, entries of the log, the time of the oldest that is kept, whether there are replies to push, now, events,
how many of them are kept, when it ended ("" where it is open, or never was).
"""


class RedisDesk:
    """Hand-offs in Redis; each operation waits for a Redis that is away."""

    def __init__(self, store: Store, tells: bool = False) -> None:
        self._store, self._redis, self._tells = store, store.redis, tells

    async def read(self, conversation: str) -> Handed:
        """See Desk."""
        return (await self._read(conversation))[1]

    async def change(self, conversation: str, change: Change) -> Handed:
        """See Desk."""
        while True:
            version, before = await self._read(conversation)
            after = change(before)
            if after == before or await self._put(conversation, version, before, after):
                return after

    async def version(self, conversation: str) -> str:
        """See Desk."""
        found = await self._store.patiently(lambda: self._redis.hget(DESK + conversation, "version"))
        return found.decode() if found else ""

    async def open(self) -> dict[str, Handed]:
        """See Desk."""
        found = await self._states(await self._store.patiently(lambda: self._redis.zrange(OPEN, 0, -1)))
        return {name: state for name, state in found.items() if state.silent}

    async def ended(self, since: float, most: int) -> dict[str, Handed]:
        """See Desk."""
        named = await self._store.patiently(
            lambda: self._redis.zrevrangebyscore(ENDED, "+inf", since, start=0, num=most)
        )
        found = await self._states(named)
        return {name: state for name, state in found.items() if state.ended and not state.silent}

    async def _states(self, named: list[bytes]) -> dict[str, Handed]:
        """Return the states of conversations that are kept, in this order."""
        names = [one.decode() for one in named]

        async def read() -> list[bytes | None]:
            async with self._redis.pipeline(transaction=False) as pipeline:
                for name in names:
                    pipeline.hget(DESK + name, "state")
                return list(await pipeline.execute())

        states = await self._store.patiently(read) if names else []
        return {
            name: handed.of(json.loads(state)) for name, state in zip(names, states, strict=True) if state
        }

    async def unpushed(self) -> list[str]:
        """See Desk."""
        found = await self._store.patiently(lambda: self._redis.zrange(UNPUSHED, 0, -1))
        return [one.decode() for one in found]

    async def told(self, most: int) -> list[str]:
        """See Desk."""
        found = await self._store.patiently(lambda: self._redis.lrange(EVENTS, 0, most - 1))
        return [one.decode() for one in found]

    async def heard(self, event: str) -> None:
        """See Desk."""
        await self._store.patiently(lambda: self._redis.lrem(EVENTS, 1, event))

    async def log(self, since: float) -> list[str]:
        """See Desk."""
        found = await self._store.patiently(lambda: self._redis.zrangebyscore(LOG, since, "+inf"))
        return [one.decode() for one in found]

    async def paused(self) -> Pause | None:
        """See Desk."""
        stored = await self._store.patiently(lambda: self._redis.get(PAUSE))
        return Pause(**json.loads(stored)) if stored else None

    async def pause(self, pause: Pause | None) -> None:
        """See Desk."""
        if pause is None:
            await self._store.patiently(lambda: self._redis.delete(PAUSE))
        else:
            text = json.dumps(asdict(pause))
            await self._store.patiently(lambda: self._redis.set(PAUSE, text))

    async def _read(self, conversation: str) -> tuple[str, Handed]:
        key = DESK + conversation
        version, state = await self._store.patiently(lambda: self._redis.hmget(key, "version", "state"))
        return (version.decode(), handed.of(json.loads(state))) if version else ("", Handed())

    async def _put(self, conversation: str, version: str, before: Handed, after: Handed) -> bool:
        new, text = secrets.token_hex(8), json.dumps(after.as_dict())
        since = repr(after.since) if after.silent else ""
        logged = json.dumps([[repr(at), what] for at, what in happened.entries(conversation, before, after)])
        now, pushing = time.time(), "1" if to_push(conversation, after) else ""
        events = happened.events(conversation, before, after, now) if self._tells else []
        told = json.dumps([json.dumps(one) for one in events])
        words = (version, new, text, since, KEPT_SECONDS, conversation, logged, now - KEPT_SECONDS)
        ended = repr(after.ended_at) if after.ended_at and not after.silent else ""
        words = (*words, pushing, now, told, MOST_EVENTS, ended)
        keys = (DESK + conversation, OPEN, LOG, UNPUSHED, EVENTS, ENDED)
        written = await self._store.patiently(lambda: self._redis.eval(PUT, len(keys), *keys, *words))
        return bool(written)


def make(store: Store | None, pause_file: Path | None = None, tells: bool = False) -> MemoryDesk | RedisDesk:
    """Return the desk of a server; `pause_file` is where the pause is kept without a Redis.

    `tells` says that another desk is told of what happens.
    """
    return RedisDesk(store, tells) if store else MemoryDesk(pause_file, tells)
