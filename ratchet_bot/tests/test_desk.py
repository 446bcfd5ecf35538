"""Where hand-offs and the pause are kept: one claim for a process's memory and for a real Redis."""

from __future__ import annotations

import asyncio
import json
import shutil
import time
from collections.abc import Awaitable, Callable, Iterator
from pathlib import Path

import pytest

from ratchet_bot.channel import figures, handed
from ratchet_bot.channel.desk import MemoryDesk, Pause
from ratchet_bot.channel.desk_redis import RedisDesk, make
from ratchet_bot.channel.handed import Handed, NotPossible
from ratchet_bot.channel.hours import ALWAYS, Hours
from ratchet_bot.channel.store import Store
from tests.replicas import RedisServer

Desks = Callable[[], MemoryDesk | RedisDesk]
needs_redis = [
    pytest.mark.e2e,
    pytest.mark.skipif(shutil.which("redis-server") is None, reason="redis-server is not installed"),
]


@pytest.fixture(scope="module")
def redis(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RedisServer]:
    server = RedisServer(tmp_path_factory.mktemp("redis"), keeps=True)
    server.start()
    yield server
    server.kill()


@pytest.fixture(params=["memory", pytest.param("redis", marks=needs_redis)])
def desks(request: pytest.FixtureRequest) -> Desks:
    """What gives a replica its desk: replicas share a Redis, and a process has one."""
    if request.param == "memory":
        only = make(None, tells=True)
        return lambda: only
    server: RedisServer = request.getfixturevalue("redis")
    with server.client() as client:
        client.flushall()
    return lambda: make(Store(server.url), tells=True)


def run(scenario: Callable[[], Awaitable[None]]) -> None:
    asyncio.run(scenario())  # type: ignore[arg-type]


def wrote(number: int) -> Callable[[Handed], Handed]:
    return lambda state: handed.wrote(state, f"w{number}", f"w{number}", 1.0)


def test_what_two_replicas_write_at_once_is_kept(desks: Desks) -> None:
    """Two replicas and twenty messages each, at once: each is there once, under its own number."""

    async def scenario() -> None:
        first, second = desks(), desks()
        await first.change("web/anna", lambda state: handed.opened(state, 1.0))
        await asyncio.gather(
            *(one.change("web/anna", wrote(n)) for n in range(20) for one in (first, second)),
            *(second.change("web/anna", wrote(n)) for n in range(20, 40)),
        )
        lines = (await first.read("web/anna")).lines
        assert {line.text for line in lines} == {f"w{n}" for n in range(40)}
        assert [line.number for line in lines] == list(range(1, 41))

    run(scenario)


def test_one_of_those_who_take_it_at_once_gets_it(desks: Desks) -> None:
    """The others are told who has it."""

    async def scenario() -> None:
        one, other = desks(), desks()
        await one.change("web/anna", lambda state: handed.opened(state, 1.0))

        async def take(desk: MemoryDesk | RedisDesk, name: str) -> str:
            try:
                await desk.change("web/anna", lambda state: handed.taken(state, name, 60, 1.0))
                return name
            except NotPossible:
                return ""

        took = await asyncio.gather(*((take(one if n % 2 else other, f"mia{n}")) for n in range(6)))
        [name] = [name for name in took if name]
        assert (await other.read("web/anna")).taken_by == name

    run(scenario)


def test_the_open_ones_are_listed_oldest_first(desks: Desks) -> None:
    """One that was given back is not; what was said in it is still there."""

    async def scenario() -> None:
        desk = desks()
        for name, since in (("web/carl", 3.0), ("web/anna", 1.0), ("web/bea", 2.0)):
            await desk.change(name, lambda state, at=since: handed.opened(state, at))
        await desk.change("web/bea", wrote(1))
        assert list(await desk.open()) == ["web/anna", "web/bea", "web/carl"]
        await desk.change("web/bea", lambda state: handed.ended(state, "mia", handed.RETURNED, 4.0))
        assert list(await desks().open()) == ["web/anna", "web/carl"]
        assert [line.text for line in (await desks().read("web/bea")).lines] == ["w1"]

    run(scenario)


def test_those_that_ended_are_listed_latest_first(desks: Desks) -> None:
    """With who ended them, from a time on; one that is open again is not, nor one that never was handed off."""

    async def scenario() -> None:
        desk, now = desks(), time.time()
        for name, ends in (("web/anna", now - 50), ("web/bea", now - 10), ("web/carl", now - 20)):
            await desk.change(name, lambda state: handed.opened(state, now - 100))
            await desk.change(name, lambda state, at=ends: handed.ended(state, "mia", handed.CLOSED, at))
        await desk.change("web/dora", lambda state: handed.received(state, 1))
        await desk.change("web/carl", lambda state: handed.opened(state, now))
        found = await desks().ended(now - 60, 10)
        assert [(name, state.ended) for name, state in found.items()] == [
            ("web/bea", "closed by mia"),
            ("web/anna", "closed by mia"),
        ]
        assert list(await desks().ended(now - 30, 10)) == ["web/bea"]
        assert list(await desks().ended(now - 60, 1)) == ["web/bea"]
        await desk.change("web/bea", wrote(1))
        assert list(await desks().ended(now - 60, 10)) == ["web/bea", "web/anna"]

    run(scenario)


def test_a_version_differs_after_each_change_only(desks: Desks) -> None:
    """By it who waits for a reply sees that there may be one."""

    async def scenario() -> None:
        desk = desks()
        seen = [await desk.version("web/anna")]
        await desk.change("web/anna", lambda state: handed.opened(state, 1.0))
        seen.append(await desk.version("web/anna"))
        await desk.change("web/anna", lambda state: handed.opened(state, 2.0))
        assert await desk.version("web/anna") == seen[-1]
        await desk.change("web/anna", wrote(1))
        seen.append(await desk.version("web/anna"))
        assert seen[0] == ""
        assert len(set(seen)) == 3

    run(scenario)


def test_a_pause_holds_on_all_replicas(desks: Desks) -> None:
    """From the moment it is given, until it ends."""

    async def scenario() -> None:
        first, second = desks(), desks()
        pause = Pause("We are back at 2 pm.", True, 1.5, "mia")
        assert await second.paused() is None
        await first.pause(pause)
        assert await second.paused() == pause
        await second.pause(None)
        assert await first.paused() is None

    run(scenario)


def test_a_pause_without_redis_outlives_the_process(tmp_path: Path) -> None:
    """The next release's process reads the same file; one that is damaged keeps the bot stopped."""

    async def scenario() -> None:
        file = tmp_path / "pause.json"
        pause = Pause("Later.", False, 1.5, "mia")
        await make(None, file).pause(pause)
        assert await make(None, file).paused() == pause
        file.write_text("{")
        assert (await make(None, file).paused()) is not None
        await make(None, file).pause(None)
        assert await make(None, file).paused() is None
        assert list(tmp_path.iterdir()) == []

    run(scenario)


@pytest.mark.e2e
@pytest.mark.skipif(shutil.which("redis-server") is None, reason="redis-server is not installed")
def test_a_redis_that_is_killed_loses_no_hand_off(redis: RedisServer) -> None:
    """An open one has no end in it, one that was ended has seven days; a change waits for its return."""

    async def scenario() -> None:
        desk = make(Store(redis.url))
        await desk.pause(Pause("Later.", False, 1.0, "mia"))
        await desk.change("web/dora", lambda state: handed.opened(state, 1.0))
        await desk.change("web/dora", wrote(1))
        with redis.client() as client:
            assert client.ttl("ratchet:desk:web/dora") == -1
        time.sleep(1.1)  # its append-only file reaches the disk each second
        redis.kill()
        late = asyncio.ensure_future(desk.change("web/dora", wrote(2)))
        await asyncio.sleep(0.2)
        assert not late.done()
        await asyncio.to_thread(redis.start)
        await late
        assert [line.text for line in (await desk.read("web/dora")).lines] == ["w1", "w2"]
        assert list(await desk.open()) == ["web/dora"]
        assert (await desk.paused()) is not None
        await desk.change("web/dora", lambda state: handed.ended(state, "mia", handed.CLOSED, 4.0))
        with redis.client() as client:
            assert 0 < client.ttl("ratchet:desk:web/dora") <= 7 * 24 * 3600

    run(scenario)


def test_a_reply_to_a_platform_is_to_be_pushed_until_it_is_received(desks: Desks) -> None:
    """One to a client application is fetched, and a note goes to nobody."""

    async def scenario() -> None:
        first, second, name = desks(), desks(), "webhooks/slack/U1"
        for one in (name, "web/anna"):
            await first.change(one, lambda state: handed.taken(handed.opened(state, 1.0), "mia", 60, 1.0))
            await first.change(one, lambda state: handed.noted(state, "mia", "angry", "n", 1.0))
        assert await second.unpushed() == []
        for one in (name, "web/anna"):
            await first.change(one, lambda state: handed.replied(state, "mia", "hi", "r", 60, 1.0))
        assert await second.unpushed() == [name]
        await second.change(name, lambda state: handed.received(state, 2))
        assert await first.unpushed() == []

    run(scenario)


def test_events_for_another_desk_are_kept_with_the_change(desks: Desks) -> None:
    """Each once and in order, over replicas, until the other desk has them."""

    async def scenario() -> None:
        first, second = desks(), desks()
        await first.change("web/anna", lambda state: handed.opened(state, 1.0))
        await asyncio.gather(*(one.change("web/anna", wrote(n)) for n in range(5) for one in (first, second)))
        events = [json.loads(one) for one in await second.told(99)]
        assert [one["type"] for one in events] == ["handoff.opened", *["handoff.message"] * 5]
        assert [one["line"]["number"] for one in events[1:]] == [1, 2, 3, 4, 5]
        assert len({one["id"] for one in events}) == 6
        [oldest] = await first.told(1)
        await second.heard(oldest)
        await second.heard(oldest)
        assert len(await first.told(99)) == 5

    run(scenario)


def test_figures_say_who_waits_and_how_fast_people_were(desks: Desks) -> None:
    """Of all replicas; how long one waits counts from the last opening, and outside the hours not at all."""

    async def scenario() -> None:
        first, second, now = desks(), desks(), time.time()
        for number, desk in enumerate((first, second, first)):
            since = now - 600 + number
            await desk.change(f"web/u{number}", lambda state, since=since: handed.opened(state, since))
        await first.change("web/u1", lambda state: handed.taken(state, "mia", 3600, now))
        await second.change("web/u1", lambda state: handed.replied(state, "mia", "hi", "r", 60, now))
        found = await figures.of(second, ALWAYS, 24, now)
        assert found == await figures.of(first, ALWAYS, 24, now)
        assert (found["waiting"], found["taken"], found["opened"], found["replied"]) == (2, 1, 3, 1)
        assert found["longest_seconds"] == pytest.approx(600)
        assert found["first_reply_p50_seconds"] == found["first_reply_p90_seconds"] == pytest.approx(599)
        assert (await figures.of(first, Hours({0: ()}), 24, now))["longest_seconds"] is None
        assert (await figures.of(first, ALWAYS, 0.1, now))["opened"] == 0

    run(scenario)


@needs_redis[0]
@needs_redis[1]
def test_what_was_acknowledged_is_there_after_redis_was_killed(redis: RedisServer) -> None:
    """State, events, figures and what is to be pushed; a change that meets the outage waits, and is made once."""
    name = "webhooks/slack/U1"

    async def scenario() -> None:
        with redis.client() as client:
            client.flushall()
        desk, now = make(Store(redis.url), tells=True), time.time()
        await desk.change(name, lambda state: handed.taken(handed.opened(state, now), "mia", 60, now))
        for number in range(10):
            await desk.change(
                name, lambda state, n=number: handed.replied(state, "mia", f"{n}", f"{n}", 60, now)
            )
        redis.kill()
        late = asyncio.ensure_future(desk.change(name, lambda state: handed.wrote(state, "late", "m", now)))
        await asyncio.sleep(0.1)
        assert not late.done()
        await asyncio.to_thread(redis.start)
        await late
        other = make(Store(redis.url), tells=True)
        lines = (await other.read(name)).lines
        assert [line.text for line in lines] == [*map(str, range(10)), "late"]
        assert len(await other.told(99)) == 1 + 1 + 11
        assert await other.unpushed() == [name]
        assert list(await other.open()) == [name]
        assert len(await other.log(0.0)) == 2

    run(scenario)
