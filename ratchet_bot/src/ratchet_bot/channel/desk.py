"""Where hand-offs and the pause are kept: in this process, or (`desk_redis`) in the Redis that all replicas share.

A change applies a pure function of `handed` to the state, and keeps with it what figures are made of.
"""

from __future__ import annotations

import json
import logging
import os
import secrets
import time
from collections import OrderedDict, deque
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Protocol

from ratchet_bot.channel import happened, naming
from ratchet_bot.channel.handed import Handed
from ratchet_bot.channel.happened import Entry

logger = logging.getLogger(__name__)

KEPT_SECONDS = 7 * 24 * 3600
"""How long a hand-off is kept after its end, as conversations are; an open one does not end."""
MOST_KEPT = 10_000
"""In memory: beyond that the oldest that have ended are forgotten."""
MOST_EVENTS = 10_000
"""How many events are kept for another desk that does not take them; beyond that the oldest are lost."""
MOST_LOGGED = 100_000
"""In memory: beyond that figures forget the oldest."""
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

    async def ended(self, since: float, most: int) -> dict[str, Handed]:
        """Return the conversations whose hand-off ended from a time on, at most the newest `most`, the latest first."""

    async def unpushed(self) -> list[str]:
        """Return the conversations of platforms whose users have not received every reply."""

    async def told(self, most: int) -> list[str]:
        """Return the first events (JSON) that the other desk was not told of; none where there is no other desk."""

    async def heard(self, event: str) -> None:
        """Forget an event that the other desk has."""

    async def log(self, since: float) -> list[str]:
        """Return the entries of `happened` from a time on, oldest first; they are kept as long as an ended hand-off."""

    async def paused(self) -> Pause | None:
        """Return the pause, None while the bot answers."""

    async def pause(self, pause: Pause | None) -> None:
        """Stop the bot on all replicas, or (None) let it answer again."""


def to_push(conversation: str, state: Handed) -> bool:
    """Whether a conversation has replies that its user's platform does not have."""
    return bool(naming.path(conversation)) and bool(state.unreceived())


class MemoryDesk:
    """The hand-offs of one process; with a `file` the pause outlives it, and holds for those that read the same one.

    With `tells` there is another desk, and events for it are kept.
    """

    def __init__(self, file: Path | None = None, tells: bool = False) -> None:
        self._tells = tells
        self._events: deque[str] = deque(maxlen=MOST_EVENTS)
        self._states: OrderedDict[str, tuple[str, Handed]] = OrderedDict()
        self._file = file
        self._pause: Pause | None = None
        self._unpushed: set[str] = set()
        self._log: deque[Entry] = deque(maxlen=MOST_LOGGED)

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
            self._log.extend(happened.entries(conversation, before, after))
            if self._tells:
                found = happened.events(conversation, before, after, time.time())
                self._events.extend(json.dumps(one) for one in found)
            (self._unpushed.add if to_push(conversation, after) else self._unpushed.discard)(conversation)
            if len(self._states) > MOST_KEPT:
                done = [name for name, (_, state) in self._states.items() if not state.silent]
                for name in done[: len(self._states) - MOST_KEPT]:
                    del self._states[name]
                    self._unpushed.discard(name)
        return after

    async def version(self, conversation: str) -> str:
        """See Desk."""
        return self._states.get(conversation, ("", None))[0]

    async def open(self) -> dict[str, Handed]:
        """See Desk."""
        found = [(name, state) for name, (_, state) in self._states.items() if state.silent]
        return dict(sorted(found, key=lambda one: one[1].since))

    async def ended(self, since: float, most: int) -> dict[str, Handed]:
        """See Desk."""
        states = ((name, state) for name, (_, state) in self._states.items())
        found = [one for one in states if one[1].ended_at >= since and not one[1].silent and one[1].ended]
        return dict(sorted(found, key=lambda one: -one[1].ended_at)[:most])

    async def unpushed(self) -> list[str]:
        """See Desk."""
        return sorted(self._unpushed)

    async def told(self, most: int) -> list[str]:
        """See Desk."""
        return list(self._events)[:most]

    async def heard(self, event: str) -> None:
        """See Desk."""
        if event in self._events:
            self._events.remove(event)

    async def log(self, since: float) -> list[str]:
        """See Desk."""
        oldest = max(since, time.time() - KEPT_SECONDS)
        return [what for at, what in sorted(self._log) if at >= oldest]

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
