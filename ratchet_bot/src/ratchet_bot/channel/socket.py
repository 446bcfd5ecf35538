"""One Socket.IO connection, and what its client has received."""

from __future__ import annotations

import asyncio
import contextlib
from collections import deque
from collections.abc import Awaitable, Callable

from engineio import packet
from engineio.async_socket import AsyncSocket
from engineio.exceptions import EngineIOError

NO_SOCKET = (EngineIOError, KeyError)
"""What the library raises for a connection that is over."""


class Socket:
    """One connection: counts the pings that went out on it, and calls back when they are answered.

    `told` has, by session, the number of the last of a person's replies that went out on it; `sent` the numbers of
    the bot's that did and are not known to be received.
    """

    def __init__(self, socket: AsyncSocket) -> None:
        self._socket = socket
        self._sent = self._answered = 0
        self.told: dict[str, int] = {}
        self.sent: set[str] = set()
        self._waiting: deque[tuple[int, Callable[[], Awaitable[None]]]] = deque()
        self._tasks: set[asyncio.Task[None]] = set()
        send, answered = socket.send, socket.schedule_ping

        async def counted(sent: packet.Packet) -> None:
            self._sent += sent.packet_type == packet.PING
            await send(sent)

        def heard() -> None:  # the library calls it for each answer to a ping
            answered()
            self._heard()

        socket.send, socket.schedule_ping = counted, heard

    async def ask(self, received: Callable[[], Awaitable[None]]) -> None:
        """Call back once the client has received what was sent until now."""
        self._waiting.append((self._sent + 1, received))
        with contextlib.suppress(*NO_SOCKET):
            await self._socket.send(packet.Packet(packet.PING))

    async def end(self) -> None:
        """Close the connection after what is on its way to the client; it then connects again by itself."""
        await self._socket.queue.put(None)

    def _heard(self) -> None:
        self._answered += 1
        while self._waiting and self._waiting[0][0] <= self._answered:
            task = asyncio.ensure_future(self._waiting.popleft()[1]())
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)
