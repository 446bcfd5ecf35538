"""Whom a client's connection is with, before and after a switch, with stand-ins for the replicas."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path

import pytest

from ratchet.adapters.system.files import write_json
from ratchet.adapters.system.processes import Replica
from ratchet.adapters.targets import forwarding
from ratchet.adapters.targets.colours import LIVE
from ratchet.adapters.targets.forwarding import Connection, Live

GET = b"GET / HTTP/1.1\r\n\r\n"
UPGRADE = b"HTTP/1.1 101 Switching Protocols\r\n\r\n"
Answer = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]
Client = tuple[asyncio.StreamReader, asyncio.StreamWriter]


class Stage:
    """Replicas that answer as they are told, and the port that people use."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.port = 0
        self.servers: list[asyncio.Server] = []

    async def replica(self, number: int, answer: Answer) -> Replica:
        """Start one; `number` stands for its process."""
        server = await asyncio.start_server(answer, "127.0.0.1", 0)
        self.servers.append(server)
        return Replica(f"r{number}", server.sockets[0].getsockname()[1], number, float(number))

    def switch(self, replica: Replica) -> None:
        """Make one the live replica."""
        write_json(self.folder / LIVE, replica.as_dict())

    async def client(self) -> Client:
        """Connect as people do."""
        return await asyncio.open_connection("127.0.0.1", self.port)


@contextlib.asynccontextmanager
async def staged(folder: Path) -> AsyncIterator[Stage]:
    """Listen for the time of the block."""
    stage, live = Stage(folder), Live(folder)
    front = await asyncio.start_server(lambda r, w: Connection(live, r, w).serve(), "127.0.0.1", 0)
    stage.port = front.sockets[0].getsockname()[1]
    try:
        yield stage
    finally:
        for server in (front, *stage.servers):
            server.close()


def says(name: bytes, before: asyncio.Event | None = None) -> Answer:
    """A replica that answers each request with its name, after an event."""

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(asyncio.IncompleteReadError):
            while await reader.readuntil(b"\r\n\r\n"):
                if before is not None:
                    await before.wait()
                writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%b" % (len(name), name))
        writer.close()

    return answer


async def ask(client: Client) -> bytes:
    """Send a request and return the answer's body."""
    client[1].write(GET)
    return await body(client)


async def body(client: Client) -> bytes:
    """Read an answer."""
    head = await client[0].readuntil(b"\r\n\r\n")
    return await client[0].readexactly(int(head.split(b"Content-Length: ")[1]))


def test_a_kept_connection_moves_with_its_next_request(tmp_path: Path) -> None:
    """It is neither closed nor opened again, there and back."""

    async def play() -> list[bytes]:
        async with staged(tmp_path) as stage:
            blue, green = await stage.replica(1, says(b"blue")), await stage.replica(2, says(b"green"))
            stage.switch(blue)
            client = await stage.client()
            said = [await ask(client), await ask(client)]
            for live in (green, blue):
                stage.switch(live)
                said += [await ask(client), await ask(client)]
            return said

    assert asyncio.run(play()) == [b"blue", b"blue", b"green", b"green", b"blue", b"blue"]


def test_a_request_in_flight_is_answered_by_the_replica_that_has_it(tmp_path: Path) -> None:
    """The next one on the same connection goes to the new release."""

    async def play() -> list[bytes]:
        async with staged(tmp_path) as stage:
            now = asyncio.Event()
            blue, green = await stage.replica(1, says(b"blue", now)), await stage.replica(2, says(b"green"))
            stage.switch(blue)
            client = await stage.client()
            client[1].write(GET)
            await asyncio.sleep(0.1)  # it is with blue by then
            stage.switch(green)
            other = await ask(await stage.client())
            now.set()
            return [other, await body(client), await ask(client)]

    assert asyncio.run(play()) == [b"green", b"blue", b"green"]


def test_a_replica_that_ends_after_a_switch_ends_no_idle_connection(tmp_path: Path) -> None:
    """Its clients go on with the next release; before a switch, its end is theirs, as it closes what is unused."""

    async def once(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nblue")
        await ends.wait()
        writer.close()

    async def play() -> None:
        async with staged(tmp_path) as stage:
            blue, green = await stage.replica(1, once), await stage.replica(2, says(b"green"))
            stage.switch(blue)
            moved = await stage.client()
            assert await ask(moved) == b"blue"
            stage.switch(green)
            ends.set()
            await asyncio.sleep(0.1)
            assert await ask(moved) == b"green"
            stage.switch(blue)
            left = await stage.client()
            assert await ask(left) == b"blue"
            assert await left[0].read() == b""

    ends = asyncio.Event()
    asyncio.run(play())


async def upgrade(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """A replica that upgrades its connection, and then says again what it hears."""
    await reader.readuntil(b"\r\n\r\n")
    writer.write(UPGRADE)
    while data := await reader.read(100):
        writer.write(data)
    writer.close()


def test_an_upgraded_connection_is_closed_at_the_switch_once_it_is_quiet(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its client connects again, to the new release; without a switch it may be quiet for as long as it likes."""
    monkeypatch.setattr(forwarding, "QUIET_SECONDS", 0.2)

    async def play() -> None:
        async with staged(tmp_path) as stage:
            blue, green = await stage.replica(1, upgrade), await stage.replica(2, says(b"green"))
            stage.switch(blue)
            reader, writer = await stage.client()
            writer.write(GET)
            assert await reader.readexactly(len(UPGRADE)) == UPGRADE
            await asyncio.sleep(0.6)
            writer.write(b"ping")
            assert await reader.readexactly(4) == b"ping"
            await asyncio.sleep(0.6)
            stage.switch(green)
            assert await asyncio.wait_for(reader.read(), 20) == b""

    asyncio.run(play())


def test_an_upgraded_connection_over_which_people_talk_is_closed_as_well(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Else its client would talk to the old release for as long as it stays warm."""
    monkeypatch.setattr(forwarding, "QUIET_SECONDS", 30.0)
    monkeypatch.setattr(forwarding, "LINGER_SECONDS", 0.3)

    async def play() -> None:
        async with staged(tmp_path) as stage:
            blue, green = await stage.replica(1, upgrade), await stage.replica(2, says(b"green"))
            stage.switch(blue)
            reader, writer = await stage.client()
            writer.write(GET)
            assert await reader.readexactly(len(UPGRADE)) == UPGRADE
            stage.switch(green)
            async with asyncio.timeout(20):
                while not reader.at_eof():
                    writer.write(b"ping")
                    await asyncio.sleep(0.05)
                    with contextlib.suppress(TimeoutError):
                        await asyncio.wait_for(reader.read(100), 0.05)

    asyncio.run(play())


def test_a_poll_of_a_socket_that_waits_is_closed_at_the_switch(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its session is with the old replica; any other request in flight is waited for."""
    monkeypatch.setattr(forwarding, "QUIET_SECONDS", 0.2)

    async def play() -> None:
        free = asyncio.Event()
        async with staged(tmp_path) as stage:
            blue, green = await stage.replica(1, says(b"blue", free)), await stage.replica(2, says(b"green"))
            stage.switch(blue)
            (polling, poll), (asking, asked) = await stage.client(), await stage.client()
            poll.write(GET.replace(b" / ", b" /socket.io/?sid=1 "))
            asked.write(GET)
            await asyncio.sleep(0.2)
            stage.switch(green)
            assert await asyncio.wait_for(polling.read(), 20) == b""
            free.set()
            assert await asyncio.wait_for(body((asking, asked)), 20) == b"blue"

    asyncio.run(play())


def test_an_answer_that_comes_before_the_request_has_ended_is_passed_on(tmp_path: Path) -> None:
    """A refused body is not read to its end, and the client learns why."""

    async def refuse(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(b"HTTP/1.1 413 Too Large\r\nContent-Length: 3\r\n\r\nbig")
        await writer.drain()
        writer.close()

    async def play() -> bytes:
        async with staged(tmp_path) as stage:
            stage.switch(await stage.replica(1, refuse))
            client = await stage.client()
            client[1].write(b"POST / HTTP/1.1\r\nContent-Length: 5000000\r\n\r\n")
            return await body(client)

    assert asyncio.run(play()) == b"big"


def test_without_a_live_replica_a_client_is_closed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """After the time that a restart may take."""
    monkeypatch.setattr(forwarding, "CONNECT_SECONDS", 0.2)

    async def play() -> bytes:
        async with staged(tmp_path) as stage:
            reader, writer = await stage.client()
            writer.write(GET)
            return await asyncio.wait_for(reader.read(), 20)

    assert asyncio.run(play()) == b""
