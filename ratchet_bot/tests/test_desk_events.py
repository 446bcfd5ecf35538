"""Another desk is told what happens in hand-offs: signed, in order, later where it is away, and after a restart."""

from __future__ import annotations

import asyncio
import hashlib
import hmac
import json
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager

import pytest
from aiohttp import web

from ratchet_bot.channel import desk_events, handed
from ratchet_bot.channel.desk import MemoryDesk
from ratchet_bot.channel.desk_events import DeskEvents
from ratchet_bot.channel.handed import Handed
from ratchet_bot.channel.locks import MemoryLocks
from ratchet_bot.tools._errors import ToolError

SECRET = "s" * 16


class Receiver:
    """Another desk; answers with the next of `statuses`, and 200 after them."""

    def __init__(self) -> None:
        self.got: list[dict[str, object]] = []
        self.statuses: list[int] = []
        self.signed: list[bool] = []

    async def take(self, request: web.Request) -> web.Response:
        body = await request.read()
        at, _, said = request.headers["X-Ratchet-Signature"].removeprefix("t=").partition(",v1=")
        right = hmac.new(SECRET.encode(), f"{at}.".encode() + body, hashlib.sha256).hexdigest()
        self.signed.append(hmac.compare_digest(right, said) and abs(time.time() - int(at)) < 60)
        status = self.statuses.pop(0) if self.statuses else 200
        if status == 200:
            self.got.append(json.loads(body))
        return web.Response(status=status)

    def types(self) -> list[object]:
        return [one["type"] for one in self.got]

    @asynccontextmanager
    async def there(self) -> AsyncIterator[str]:
        app = web.Application()
        app.router.add_post("/events", self.take)
        runner = web.AppRunner(app)
        await runner.setup()
        site = web.TCPSite(runner, "127.0.0.1", 0)
        await site.start()
        yield f"http://127.0.0.1:{runner.addresses[0][1]}/events"
        await runner.cleanup()


def opened(*texts: str) -> Callable[[Handed], Handed]:
    def change(state: Handed) -> Handed:
        state = handed.opened(state, 1.0)
        for text in texts:
            state = handed.wrote(state, text, text, 1.0)
        return state

    return change


def run(scenario: Callable[[], Awaitable[None]]) -> None:
    asyncio.run(scenario())  # type: ignore[arg-type]


@pytest.fixture(autouse=True)
def fast(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(desk_events, "LOOK_SECONDS", 0.005)
    monkeypatch.setattr(desk_events, "FIRST_WAIT_SECONDS", 0.01)


def test_events_are_signed_and_come_in_order_once() -> None:
    """Also where two replicas deliver at once."""

    async def scenario() -> None:
        receiver, desk, locks = Receiver(), MemoryDesk(tells=True), MemoryLocks()
        async with receiver.there() as url:
            first, second = (DeskEvents(desk, locks, url, SECRET) for _ in range(2))
            await desk.change("web/anna", opened("hello", "<b>?</b>"))
            await desk.change("web/anna", lambda state: handed.taken(state, "mia", 60, 1.0))
            assert await asyncio.gather(first.deliver(), second.deliver()) == [True, True]
            await desk.change("web/anna", lambda state: handed.ended(state, "mia", handed.CLOSED, 1.0))
            assert await first.deliver()
        assert receiver.types() == [
            f"handoff.{what}" for what in ("opened", "message", "message", "taken", "closed")
        ]
        assert receiver.got[2]["line"] == {"number": 2, "said_by": "person", "text": "<b>?</b>"}
        assert {one["conversation"] for one in receiver.got} == {"web/anna"}
        assert receiver.signed == [True] * 5

    run(scenario)


def test_what_the_desk_cannot_take_now_is_sent_later_and_what_it_refuses_holds_up_nobody() -> None:
    """A status of the server's, or a token that is wrong, is about the desk; any other refusal is about the event."""

    async def scenario() -> None:
        receiver, desk = Receiver(), MemoryDesk(tells=True)
        async with receiver.there() as url:
            events = DeskEvents(desk, MemoryLocks(), url, SECRET)
            await desk.change("web/anna", opened("hello"))
            receiver.statuses = [503, 401]
            assert not await events.deliver()
            assert not await events.deliver()
            assert receiver.got == []
            receiver.statuses = [422] * desk_events.MOST_REFUSALS
            assert await events.deliver()
            assert receiver.types() == ["handoff.message"]
        gone = DeskEvents(desk, MemoryLocks(), url, SECRET)
        await desk.change("web/bea", opened())
        assert not await gone.deliver()
        assert len(await desk.told(9)) == 1
        await desk.heard(json.dumps({**json.loads((await desk.told(1))[0]), "id": "another"}))
        assert len(await desk.told(9)) == 1

    run(scenario)


def test_what_was_not_delivered_is_delivered_by_the_next_server() -> None:
    """One that stops leaves the rest in the outbox."""

    async def scenario() -> None:
        receiver, desk, locks = Receiver(), MemoryDesk(tells=True), MemoryLocks()
        async with receiver.there() as url:
            old = DeskEvents(desk, locks, url, SECRET)
            receiver.statuses = [503] * 1000
            old.start()
            await desk.change("web/anna", opened("hello"))
            while len(receiver.statuses) > 997:
                await asyncio.sleep(0.005)
            await old.drain(5)
            receiver.statuses = []
            new = DeskEvents(desk, locks, url, SECRET)
            new.start()
            while len(receiver.got) < 2:
                await asyncio.sleep(0.005)
            await new.drain(5)
        assert receiver.types() == ["handoff.opened", "handoff.message"]

    run(scenario)


def test_an_address_needs_a_secret() -> None:
    """Nobody is told anything that is not signed, and nothing is kept where there is no other desk."""
    assert desk_events.address(None, SECRET) is None
    assert desk_events.address("http://desk", SECRET) == ("http://desk", SECRET)
    for secret in (None, "", "short"):
        with pytest.raises(ToolError, match="no secret"):
            desk_events.address("http://desk", secret)

    async def scenario() -> None:
        desk = MemoryDesk()
        await desk.change("web/anna", opened("hello"))
        assert await desk.told(9) == []

    run(scenario)
