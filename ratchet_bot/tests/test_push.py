"""Replies of people reach users of platforms: in order, once, and later where a platform refuses them."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable

import pytest

from ratchet_bot.channel import handed, push
from ratchet_bot.channel.desk import MemoryDesk
from ratchet_bot.channel.handed import Handed, Line
from ratchet_bot.channel.locks import MemoryLocks
from ratchet_bot.channel.push import OutputWay, Pusher, Received

ANNA = "webhooks/slack:sales/anna"


class Output:
    """Takes what is sent to people; refuses while `closed`."""

    def __init__(self) -> None:
        self.got: list[tuple[str, str]] = []
        self.closed = False

    async def send_response(self, person: str, message: dict[str, str]) -> None:
        if self.closed:
            raise ConnectionError("closed")
        await asyncio.sleep(0)
        self.got.append((person, message["text"]))


class Page:
    """A way on which a reply arrives when the page says so."""

    shared = False

    def __init__(self) -> None:
        self.sent: list[tuple[str, Received]] = []

    async def send(self, person: str, line: Line, received: Received) -> None:
        self.sent.append((line.text, received))


def replied(*texts: str) -> Callable[[Handed], Handed]:
    def change(state: Handed) -> Handed:
        now = time.time()
        state = handed.taken(handed.opened(state, now), "mia", 600, now)
        for text in texts:
            state = handed.replied(state, "mia", text, text, 600, now)
        return handed.noted(state, "mia", "for us", "n", now)

    return change


async def until(true: Callable[[], bool]) -> None:
    for _ in range(2000):
        if true():
            return
        await asyncio.sleep(0.005)
    raise AssertionError("it did not come about")


def run(scenario: Callable[[], Awaitable[None]]) -> None:
    asyncio.run(scenario())  # type: ignore[arg-type]


@pytest.fixture(autouse=True)
def fast(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(push, "LOOK_SECONDS", 0.005)
    monkeypatch.setattr(push, "FIRST_WAIT_SECONDS", 0.01)


def test_two_replicas_push_each_reply_once_and_in_order() -> None:
    """A note is pushed to nobody, nor is a reply to who fetches it."""

    async def scenario() -> None:
        desk, locks, output = MemoryDesk(), MemoryLocks(), Output()

        async def made(person: str) -> Output:
            return output

        pushers = [Pusher(desk, locks, {"slack:sales": OutputWay(made)}) for _ in range(2)]
        for one in pushers:
            one.start()
        await desk.change("web/bea", replied("fetched"))
        await desk.change(ANNA, replied("one", "two"))
        await until(lambda: len(output.got) == 2)
        await desk.change(ANNA, lambda state: handed.replied(state, "mia", "three", "3", 600, time.time()))
        await until(lambda: len(output.got) == 3)
        assert await desk.unpushed() == []
        for one in pushers:
            await one.drain(5)
        assert output.got == [("anna", "one"), ("anna", "two"), ("anna", "three")]
        assert (await desk.read("web/bea")).unreceived()

    run(scenario)


def test_a_reply_that_a_platform_refuses_comes_later_and_before_the_next() -> None:
    """And other conversations go on meanwhile."""

    async def scenario() -> None:
        desk, output, other = MemoryDesk(), Output(), Output()
        output.closed = True

        async def made(person: str) -> Output:
            return output if person == "anna" else other

        pusher = Pusher(desk, MemoryLocks(), {"slack:sales": OutputWay(made)})
        pusher.start()
        await desk.change(ANNA, replied("one", "two"))
        await desk.change("webhooks/slack:sales/bert", replied("hello"))
        await until(lambda: other.got == [("bert", "hello")])
        assert await desk.unpushed() == [ANNA]
        output.closed = False
        await until(lambda: len(output.got) == 2)
        await pusher.drain(5)
        assert output.got == [("anna", "one"), ("anna", "two")]

    run(scenario)


def test_a_page_has_a_reply_when_it_says_so() -> None:
    """Until then it is kept for the page's next connection."""

    async def scenario() -> None:
        desk, page = MemoryDesk(), Page()
        pusher = Pusher(desk, MemoryLocks(), {"socketio": page})
        name = "webhooks/socketio/s1"
        await desk.change(name, replied("one", "two"))
        await pusher.push(name, page)
        assert [text for text, _ in page.sent] == ["one", "two"]
        assert await desk.unpushed() == [name]
        await page.sent[0][1]()
        assert [line.text for line in (await desk.read(name)).unreceived()] == ["two"]
        await page.sent[1][1]()
        assert await desk.unpushed() == []

    run(scenario)
