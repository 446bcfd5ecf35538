"""Brings what people write in the bot's place to users of platforms, in order; who waits on HTTP fetches it instead.

A reply is pushed until it is received: a platform that refuses it, or a page that is away, gets it later. It comes
twice only where a replica dies between sending a reply and noting that.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import time
from collections.abc import Awaitable, Callable, Mapping
from typing import Any, Protocol

from rasa.core.lock_store import LockError, LockStore
from redis.exceptions import RedisError

from ratchet_bot.channel import handed, naming
from ratchet_bot.channel.desk import Desk
from ratchet_bot.channel.handed import Line

logger = logging.getLogger(__name__)

LOOK_SECONDS = 0.3
"""How often replies are looked for; one may have been given at another replica."""
FIRST_WAIT_SECONDS, MOST_WAIT_SECONDS = 1.0, 60.0
"""How long a platform that refused a reply is left alone, doubled with each refusal."""

Received = Callable[[], Awaitable[None]]


class Way(Protocol):
    """The way to the users of one channel; `shared`: every replica has it, so only one of them may use it at a time."""

    shared: bool

    async def send(self, person: str, line: Line, received: Received) -> None:
        """Send a reply, and call `received` once it has arrived. Raises whatever the platform's library does."""


class Pusher:
    """Pushes replies to the users of the channels in `ways`, which are named as in conversations: `slack:sales`."""

    def __init__(self, desk: Desk, locks: LockStore, ways: Mapping[str, Way]) -> None:
        self._desk, self._locks, self._ways = desk, locks, ways
        self._running: dict[str, asyncio.Task[None]] = {}
        self._refused: dict[str, tuple[float, float]] = {}
        self._looking: asyncio.Task[None] | None = None

    def start(self) -> None:
        """Begin to look for replies, if any user can be reached."""
        if self._ways:
            self._looking = asyncio.ensure_future(self._look())

    async def drain(self, seconds: float) -> None:
        """End after what is being sent; the rest is for the other replicas, or the next one."""
        if self._looking is not None:
            self._looking.cancel()
        if self._running:
            _, late = await asyncio.wait(set(self._running.values()), timeout=seconds)
            for task in late:
                task.cancel()

    async def _look(self) -> None:
        while True:
            try:
                for conversation in await self._desk.unpushed():
                    self._begin(conversation)
            except RedisError as error:
                logger.warning("replies to platforms are not looked for now: %s", error)
            await asyncio.sleep(LOOK_SECONDS)

    def _begin(self, conversation: str) -> None:
        way = self._ways.get(naming.path(conversation))
        if way is None or conversation in self._running:
            return
        if time.monotonic() < self._refused.get(conversation, (0.0, 0.0))[0]:
            return
        task = asyncio.ensure_future(self.push(conversation, way))
        self._running[conversation] = task
        task.add_done_callback(lambda _: self._running.pop(conversation, None))

    async def push(self, conversation: str, way: Way) -> None:
        """Send what a user has not received, oldest first; what follows one that was refused waits."""
        try:
            if way.shared:
                async with self._locks.lock(f"{conversation}#replies"):
                    await self._send(conversation, way)
            else:
                await self._send(conversation, way)
            self._refused.pop(conversation, None)
        except (RedisError, LockError) as error:
            logger.warning("a reply to %r is not sent now: %s", conversation, error)
        except Exception as error:  # whatever a platform's library raises
            wait = min(
                2 * self._refused.get(conversation, (0.0, FIRST_WAIT_SECONDS / 2))[1], MOST_WAIT_SECONDS
            )
            self._refused[conversation] = (time.monotonic() + wait, wait)
            logger.error(
                "a reply to %r was not taken, and is sent again in %.0f s: %r", conversation, wait, error
            )

    async def _send(self, conversation: str, way: Way) -> None:
        person = naming.person(conversation) or ""
        for line in (await self._desk.read(conversation)).unreceived():
            await way.send(person, line, lambda number=line.number: self._received(conversation, number))

    async def _received(self, conversation: str, number: int) -> None:
        await self._desk.change(conversation, lambda state: handed.received(state, number))


class OutputWay:
    """A platform that takes messages at any time. `output` returns Rasa's output to a person."""

    shared = True

    def __init__(self, output: Callable[[str], Awaitable[Any]]) -> None:
        self._output = output

    async def send(self, person: str, line: Line, received: Received) -> None:
        """See Way."""
        await (await self._output(person)).send_response(person, {"text": line.text})
        await received()


class SocketWay:
    """Pages that are connected to this replica; `tell` is that of `Sockets`."""

    shared = False

    def __init__(self, tell: Callable[[str, int, dict[str, Any], Received], Awaitable[None]]) -> None:
        self._tell = tell

    async def send(self, person: str, line: Line, received: Received) -> None:
        """See Way."""

        async def confirmed() -> None:
            with contextlib.suppress(RedisError):  # then it comes again, on the page's next connection
                await received()

        await self._tell(person, line.number, {"text": line.text, "reply_id": line.number}, confirmed)
