"""Forwards a client's connection to the live replica, request by request."""

from __future__ import annotations

import asyncio
import contextlib
import time
from pathlib import Path

from ratchet.adapters.system.processes import Replica, read_replica, same
from ratchet.adapters.targets.colours import LIVE
from ratchet.adapters.targets.exchange import Exchange

CHUNK = 65536
CONNECT_SECONDS = 10.0
QUIET_SECONDS = 1.0
"""After a switch, an upgraded connection (WebSocket) that was silent for this long is closed."""
LINGER_SECONDS = 5.0
"""This long after a switch it is closed even while people talk over it; its client connects again."""
UNUSED_SECONDS = 120.0
"""A connection over which the client asks nothing for this long is closed, if no replica would close it."""


class Live:
    """The live replica; `live.json` is read again only where it was replaced, as it is asked for at each request."""

    def __init__(self, folder: Path) -> None:
        self._path = folder / LIVE
        self._stamp: tuple[int, int, int] | None = None
        self._replica: Replica | None = None

    def now(self) -> Replica | None:
        """Return it; None where nothing is live."""
        try:
            found = self._path.stat()
        except OSError:
            return None
        stamp = (found.st_ino, found.st_mtime_ns, found.st_size)
        if stamp != self._stamp:
            self._replica, self._stamp = read_replica(self._path), stamp
        return self._replica


class Connection:
    """One client's connection: each request goes to the replica that is live when the request begins.

    A switch therefore neither cuts nor reopens a connection over which HTTP is spoken. Closing the idle ones instead
    would lose the request that a client sends at the same moment: it cannot tell whether that was processed, and
    clients do not repeat a POST. Only what was upgraded, and so has no requests, is closed, once it is quiet or after
    `LINGER_SECONDS`; and a poll of Socket.IO that waits for an answer, because its session is with the old replica.
    """

    def __init__(self, live: Live, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._live, self._reader, self._writer = live, reader, writer
        self._exchange = Exchange()
        self._replica: Replica | None = None
        self._upstream: asyncio.StreamWriter | None = None
        self._answers: asyncio.Task[None] | None = None
        self._heard = time.monotonic()
        self._left_at: float | None = None
        self._over = False

    async def serve(self) -> None:
        """Forward until one side ends."""
        try:
            while (data := await self._next()) and not self._over:
                if self._upstream is not None and self._stale() and self._exchange.idle:
                    await self._detach()
                if self._upstream is None:
                    await self._attach()
                assert self._upstream is not None
                self._exchange.requests.feed(data)
                self._upstream.write(data)
                await self._upstream.drain()
                if self._left(quiet=0):
                    break
            if self._answers is not None and self._upstream is not None and self._reader.at_eof():
                if self._upstream.can_write_eof():
                    self._upstream.write_eof()
                await self._answers
        except OSError:  # no replica answers, or one side was cut
            if self._answers is not None:  # it may have answered before it read all of the request
                await asyncio.wait([self._answers], timeout=QUIET_SECONDS)
        finally:
            await self._detach()
            await close(self._writer)

    async def _next(self) -> bytes:
        """Return the client's next bytes; b"" at its end, or where the connection is to be closed."""
        while True:
            try:
                async with asyncio.timeout(QUIET_SECONDS):
                    data = await self._reader.read(CHUNK)
                self._heard = time.monotonic()
                return data
            except TimeoutError:
                unheard = time.monotonic() - self._heard
                left = self._left(quiet=unheard)
                alone = (self._over or self._upstream is None) and unheard >= UNUSED_SECONDS
                if left or alone:
                    return b""

    def _left(self, quiet: float) -> bool:
        """Say whether to close what cannot move to the live replica; nothing went over it for `quiet` seconds."""
        waits = self._exchange.upgraded or (self._exchange.polls and not self._exchange.idle)
        if not waits or not self._stale():
            self._left_at = None
            return False
        self._left_at = self._left_at or time.monotonic()
        return quiet >= QUIET_SECONDS or time.monotonic() - self._left_at >= LINGER_SECONDS

    def _stale(self) -> bool:
        """Say whether another replica is live by now than the one that this connection is with."""
        live = self._live.now()
        return live is not None and not same(live, self._replica)

    async def _attach(self) -> None:
        """Connect to the live replica, waiting a while for one that is being restarted."""
        deadline = time.monotonic() + CONNECT_SECONDS
        while True:
            self._replica = self._live.now()
            try:
                if self._replica is None:
                    raise ConnectionRefusedError
                reader, self._upstream = await asyncio.open_connection("127.0.0.1", self._replica.port)
                break
            except OSError:
                if time.monotonic() > deadline:
                    raise
                await asyncio.sleep(0.1)
        self._answers = asyncio.create_task(self._answer(reader, self._upstream))

    async def _detach(self) -> None:
        """End the connection with the replica."""
        answers, upstream = self._answers, self._upstream
        self._answers = self._upstream = None
        if answers is not None:
            answers.cancel()
            await asyncio.wait([answers])
        if upstream is not None:
            await close(upstream)

    async def _answer(self, reader: asyncio.StreamReader, upstream: asyncio.StreamWriter) -> None:
        """Copy the replica's bytes to the client until it ends; then end the client's side, unless a switch was why."""
        try:
            while data := await reader.read(CHUNK):
                self._heard = time.monotonic()
                self._exchange.answers.feed(data)
                self._writer.write(data)
                await self._writer.drain()
            if self._exchange.idle and self._stale():
                self._upstream = self._answers = None
                upstream.close()
                return
            self._over = True
            if self._writer.can_write_eof():
                self._writer.write_eof()
        except OSError:
            self._over = True
            self._writer.close()


async def close(writer: asyncio.StreamWriter) -> None:
    """Close a connection, whatever state it is in."""
    writer.close()
    with contextlib.suppress(OSError):
        await writer.wait_closed()
