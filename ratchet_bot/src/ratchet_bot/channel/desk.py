"""Where hand-offs and the pause are kept: in this process, or in the Redis that all replicas share.

A change reads the state, applies a pure function of `handed` and writes the result only if no one else wrote meanwhile;
otherwise it begins again. So replicas and desks change one conversation at once without a lock, and nothing is lost.
"""

from __future__ import annotations

import json
import logging
import os
import secrets
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Protocol

from ratchet_bot.channel import handed
from ratchet_bot.channel.handed import Handed
from ratchet_bot.channel.store import PREFIX, Store

logger = logging.getLogger(__name__)

KEPT_SECONDS = 7 * 24 * 3600
"""So long a hand-off is kept after its end, as conversations are; one that is open has no end."""
MOST_KEPT = 10_000
"""In memory: beyond that the oldest that have ended are forgotten."""
DESK, OPEN, PAUSE = f"{PREFIX}desk:", f"{PREFIX}desks", f"{PREFIX}pause"
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
return 1
"""
"""Writes a state in place of the version that was read, and says whether it did. It may be sent twice.

KEYS: the conversation's, that of the open ones; ARGV: version read, new version, state, since when it is open ("" where
it is not), seconds that an ended one is kept, conversation.
"""

Change = Callable[[Handed], Handed]


@dataclass(frozen=True)
class Pause:
    """The bot is stopped: it says only `say`, and with `handoff` each conversation goes to a person.

    `since` is in seconds since 1970, `by` names who stopped it.
    """

    say: str
    handoff: bool
    since: float
    by: str


class Desk(Protocol):
    """What is kept of hand-offs."""

    async def read(self, conversation: str) -> Handed:
        """Return a conversation's state; one that was never handed off is the bot's."""

    async def change(self, conversation: str, change: Change) -> Handed:
        """Apply a change, and return the state after it. Whatever `change` raises is raised, and changes nothing."""

    async def version(self, conversation: str) -> str:
        """Return what differs after each change of a conversation."""

    async def open(self) -> dict[str, Handed]:
        """Return the conversations that are handed off, the one that waits for longest first."""

    async def paused(self) -> Pause | None:
        """Return the pause, None while the bot answers."""

    async def pause(self, pause: Pause | None) -> None:
        """Stop the bot on all replicas, or (None) let it answer again."""


class MemoryDesk:
    """The hand-offs of one process; with a `file` the pause outlives it, and holds for those that read the same one."""

    def __init__(self, file: Path | None = None) -> None:
        self._states: OrderedDict[str, tuple[str, Handed]] = OrderedDict()
        self._file = file
        self._pause: Pause | None = None

    async def read(self, conversation: str) -> Handed:
        """See Desk."""
        return self._states.get(conversation, ("", Handed()))[1]

    async def change(self, conversation: str, change: Change) -> Handed:
        """See Desk."""
        before = await self.read(conversation)
        after = change(before)
        if after != before:
            self._states[conversation] = (secrets.token_hex(8), after)
            self._states.move_to_end(conversation)
            if len(self._states) > MOST_KEPT:
                done = [name for name, (_, state) in self._states.items() if not state.silent]
                for name in done[: len(self._states) - MOST_KEPT]:
                    del self._states[name]
        return after

    async def version(self, conversation: str) -> str:
        """See Desk."""
        return self._states.get(conversation, ("", None))[0]

    async def open(self) -> dict[str, Handed]:
        """See Desk."""
        found = [(name, state) for name, (_, state) in self._states.items() if state.silent]
        return dict(sorted(found, key=lambda one: one[1].since))

    async def paused(self) -> Pause | None:
        """See Desk."""
        if self._file is None:
            return self._pause
        try:
            return Pause(**json.loads(self._file.read_text(encoding="utf-8")))
        except FileNotFoundError:
            return None
        except (OSError, ValueError, TypeError) as error:  # a stopped bot must stay silent
            logger.error("%s cannot be read (%s): the bot stays stopped", self._file, error)
            return Pause("", False, 0.0, str(self._file))

    async def pause(self, pause: Pause | None) -> None:
        """See Desk."""
        self._pause = pause
        if self._file is not None and pause is None:
            self._file.unlink(missing_ok=True)
        elif self._file is not None:
            part = self._file.with_name(f"{self._file.name}.{secrets.token_hex(4)}")
            part.write_text(json.dumps(asdict(pause)), encoding="utf-8")  # type: ignore[arg-type]
            os.replace(part, self._file)


class RedisDesk:
    """Hand-offs in Redis; each operation waits for a Redis that is away."""

    def __init__(self, store: Store) -> None:
        self._store, self._redis = store, store.redis

    async def read(self, conversation: str) -> Handed:
        """See Desk."""
        return (await self._read(conversation))[1]

    async def change(self, conversation: str, change: Change) -> Handed:
        """See Desk."""
        while True:
            version, before = await self._read(conversation)
            after = change(before)
            if after == before or await self._put(conversation, version, after):
                return after

    async def version(self, conversation: str) -> str:
        """See Desk."""
        found = await self._store.patiently(lambda: self._redis.hget(DESK + conversation, "version"))
        return found.decode() if found else ""

    async def open(self) -> dict[str, Handed]:
        """See Desk."""
        names = await self._store.patiently(lambda: self._redis.zrange(OPEN, 0, -1))
        found = {name.decode(): await self.read(name.decode()) for name in names}
        return {name: state for name, state in found.items() if state.silent}

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

    async def _put(self, conversation: str, version: str, state: Handed) -> bool:
        new, text = secrets.token_hex(8), json.dumps(state.as_dict())
        since = repr(state.since) if state.silent else ""
        words = (version, new, text, since, KEPT_SECONDS, conversation)
        written = await self._store.patiently(
            lambda: self._redis.eval(PUT, 2, DESK + conversation, OPEN, *words)
        )
        return bool(written)


def make(store: Store | None, pause_file: Path | None = None) -> MemoryDesk | RedisDesk:
    """Return the desk of a server; `pause_file` is where the pause is kept without a Redis."""
    return RedisDesk(store) if store else MemoryDesk(pause_file)
