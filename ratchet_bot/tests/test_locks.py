"""The locks of conversations: in one process, and in a real Redis beside Rasa's own lock store of older releases."""

from __future__ import annotations

import asyncio
import logging
import shutil
import threading
from collections.abc import AsyncIterator, Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager
from itertools import count

import pytest
import redis
from hypothesis import given, settings
from hypothesis import strategies as st
from rasa.core.lock_store import LockError, LockStore, RedisLockStore
from redis.exceptions import RedisError

from ratchet_bot.channel import old_replicas
from ratchet_bot.channel.locks import MemoryLocks, RedisLocks, Ticket
from ratchet_bot.channel.store import PATIENCE_SECONDS, Store
from tests import replicas
from tests.replicas import until

needs_redis = pytest.mark.skipif(shutil.which("redis-server") is None, reason="redis-server is not installed")
NAMES = (f"web/person-{number}" for number in count())


@pytest.fixture(scope="module")
def url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    with replicas.redis_server(tmp_path_factory.mktemp("redis")) as url:
        yield url


@asynccontextmanager
async def replica(url: str, patience: float = PATIENCE_SECONDS) -> AsyncIterator[RedisLocks]:
    """A new replica's locks."""
    locks = RedisLocks(Store(url, patience))
    yield locks
    await locks._redis.close()


class Room:
    """What a lock guards: it knows who was in, and whether two were in at once."""

    def __init__(self, seconds: float = 0.005) -> None:
        self.seconds = seconds
        self.came: list[object] = []
        self.overlaps = 0
        self._inside = 0

    async def visit(self, locks: LockStore, name: str, who: object = None, **options: float) -> None:
        async with locks.lock(name, **options):
            self._inside += 1
            self.overlaps += self._inside > 1
            self.came.append(who)
            await asyncio.sleep(self.seconds)
            self._inside -= 1


def test_one_process_answers_in_order_and_at_once() -> None:
    """No two turns of a conversation at once, in the order of arrival, and nothing is left in memory."""

    async def scenario() -> None:
        locks, room = MemoryLocks(), Room()
        await asyncio.gather(*(room.visit(locks, "anna", number) for number in range(50)))
        assert (room.came, room.overlaps) == (list(range(50)), 0)
        assert not len(locks._locks)

    asyncio.run(scenario())


def test_a_turn_that_fails_frees_its_conversation() -> None:
    """In one process too."""

    async def scenario() -> None:
        locks, room = MemoryLocks(), Room()
        with pytest.raises(ZeroDivisionError):
            async with locks.lock("anna"):
                raise ZeroDivisionError
        await room.visit(locks, "anna")

    asyncio.run(asyncio.wait_for(scenario(), 30))


@pytest.mark.e2e
@needs_redis
def test_replicas_answer_in_the_order_of_arrival(url: str) -> None:
    """Messages that come to two replicas in turn, all at once."""

    async def scenario() -> None:
        room, name = Room(), next(NAMES)
        async with replica(url) as first, replica(url) as second:
            visits = []
            async with first.lock(name):
                for number in range(20):
                    locks = (first, second)[number % 2]
                    visits.append(asyncio.ensure_future(room.visit(locks, name, number)))
                    while len(tickets(url, name)) < len(visits) + 1:
                        await asyncio.sleep(0.001)
            await asyncio.gather(*visits)
        assert (room.came, room.overlaps) == (list(range(20)), 0)
        assert not tickets(url, name)

    asyncio.run(scenario())


def tickets(url: str, name: str) -> list[str]:
    """The queue, read on a connection that is not taken for an old replica's."""
    with redis.from_url(url, client_name="test") as client:
        return replicas.tickets(client, f"ratchet:lock:{name}")


@pytest.mark.e2e
@needs_redis
@settings(max_examples=50)
@given(st.lists(st.tuples(st.booleans(), st.integers(0, 3)), max_size=25))
def test_the_queue_is_a_queue(url: str, steps: list[tuple[bool, int]]) -> None:
    """Whoever asks and leaves in whatever order, twice or without a ticket: places are those of a plain list."""

    async def scenario() -> None:
        name, model = next(NAMES), []
        async with replica(url) as locks:
            for asks, who in steps:
                ticket = Ticket(name, 1000 + 17 * who, 60)
                if asks:
                    fresh = who not in model
                    model += [who] if fresh else []
                    assert await locks._ask(ticket) == (fresh, model.index(who))
                else:
                    await locks._leave(ticket)
                    model = [other for other in model if other != who]
        assert len(tickets(url, name)) == len(model)

    asyncio.run(scenario())


@pytest.mark.e2e
@needs_redis
def test_the_dead_do_not_block_those_behind_them(url: str) -> None:
    """Neither who held the lock nor who waited for it, as nobody renews their tickets."""

    async def scenario() -> None:
        name, room = next(NAMES), Room()
        async with replica(url) as locks:
            for number in (1, 2):
                await locks._ask(Ticket(name, number, 0.3))
            await asyncio.wait_for(room.visit(locks, name), 30)

    asyncio.run(scenario())


@pytest.mark.e2e
@needs_redis
def test_a_held_lock_outlives_its_lifetime(url: str) -> None:
    """Its owner renews it, and those who wait renew their places."""

    async def scenario() -> None:
        name, room, order = next(NAMES), Room(), []
        async with replica(url) as first, replica(url) as second:
            async with first.lock(name, lock_lifetime=0.4):
                waiting = asyncio.ensure_future(room.visit(second, name, lock_lifetime=0.4))
                await asyncio.sleep(1.2)  # what is under test: that time alone frees nothing
                order.append(list(room.came))
            await asyncio.wait_for(waiting, 30)
        assert order == [[]]

    asyncio.run(scenario())


@pytest.mark.e2e
@needs_redis
def test_a_turn_whose_lock_was_lost_is_given_up(url: str) -> None:
    """As another may have answered meanwhile; the channel then says 503, and the message comes again."""

    async def scenario() -> None:
        name, room = next(NAMES), Room(seconds=60)
        async with replica(url) as locks:
            turn = asyncio.ensure_future(room.visit(locks, name, lock_lifetime=0.4))
            while not room.came:
                await asyncio.sleep(0.001)
            await locks._redis.delete(f"ratchet:lock:{name}")
            with pytest.raises(LockError, match="lost"):
                await asyncio.wait_for(turn, 30)
            await Room().visit(locks, name)

    asyncio.run(scenario())


@pytest.mark.e2e
@needs_redis
def test_who_goes_away_leaves_the_queue(url: str) -> None:
    """A client that hangs up while its message waits holds nobody up."""

    async def scenario() -> None:
        name = next(NAMES)
        async with replica(url) as locks:
            async with locks.lock(name):
                waiting = asyncio.ensure_future(Room().visit(locks, name))
                await asyncio.to_thread(until, lambda: len(tickets(url, name)) == 2, "its ticket")
                waiting.cancel()
                with pytest.raises(asyncio.CancelledError):
                    await waiting
                assert len(tickets(url, name)) == 1
        assert not tickets(url, name)

    asyncio.run(scenario())


@pytest.mark.e2e
@needs_redis
def test_only_a_bounded_time_is_waited(url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Then the message is refused, and its place is free."""
    monkeypatch.setattr("ratchet_bot.channel.locks.MOST_WAIT_SECONDS", 0.1)

    async def scenario() -> None:
        name = next(NAMES)
        async with replica(url) as locks, locks.lock(name):
            with pytest.raises(LockError, match="1 messages"):
                await Room().visit(locks, name)
            assert len(tickets(url, name)) == 1

    asyncio.run(scenario())


def test_without_redis_a_lock_is_an_error() -> None:
    """One that the channel answers with 503."""

    async def scenario() -> None:
        async with replica("redis://127.0.0.1:1/0", patience=0) as locks:
            with pytest.raises(RedisError):
                await Room().visit(locks, "anna")

    asyncio.run(scenario())


class Halting(RedisLockStore):
    """An old replica that stops between reading the queue and writing it, at its n-th writing."""

    def __init__(self, **settings: object) -> None:
        super().__init__(**settings)
        self.halt_at, self.writings = 0, 0
        self.halted, self.go_on = threading.Event(), threading.Event()

    def save_lock(self, lock: object) -> None:
        self._halt()
        super().save_lock(lock)

    def delete_lock(self, conversation_id: str) -> None:
        self._halt()
        super().delete_lock(conversation_id)

    def _halt(self) -> None:
        self.writings += 1
        if self.writings == self.halt_at:
            self.halted.set()
            assert self.go_on.wait(timeout=30)


@pytest.mark.e2e
@needs_redis
@pytest.mark.parametrize(
    "halt_at", [1, 2, 3], ids=["taking its ticket", "giving it back", "deleting the queue"]
)
def test_what_an_old_replica_wipes_out_is_taken_again(
    url: str, halt_at: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A new replica comes while an old one has read the queue and not yet written it: still only one is in."""
    monkeypatch.setattr(old_replicas, "SETTLE_SECONDS", 30.0)
    old, room, name = replicas.old_locks(url, Halting), Room(), next(NAMES)
    old.halt_at = halt_at

    async def new() -> None:
        async with replica(url) as locks:
            await room.visit(locks, name, "new")

    with ThreadPoolExecutor(2) as pool:
        slow = pool.submit(asyncio.run, room.visit(old, name, "old"))
        assert old.halted.wait(timeout=30)
        before = len(tickets(url, name))
        quick = pool.submit(asyncio.run, new())
        until(lambda: len(tickets(url, name)) == before + 1, "the new replica's ticket")
        old.go_on.set()
        for visit in (slow, quick):
            visit.result(timeout=60)
    assert (room.came, room.overlaps) == (["old", "new"], 0)


@pytest.mark.e2e
@needs_redis
def test_a_ticket_that_an_old_replica_writes_again_is_taken_out(
    url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An old replica waits, reads the queue, and writes it when the new one before it is gone."""
    monkeypatch.setattr(old_replicas, "SETTLE_SECONDS", 2.0)
    old, room, name = replicas.old_locks(url, Halting), Room(), next(NAMES)
    old.halt_at = 2

    async def new() -> None:
        async with replica(url) as locks:
            async with locks.lock(name, lock_lifetime=60):
                visit = pool.submit(asyncio.run, room.visit(old, name, "old", wait_time_in_seconds=0.05))
                assert await asyncio.to_thread(old.halted.wait, 30)
                locks._old.seen = True  # an old replica was about when this one came
            assert locks._sweeping
            old.go_on.set()
            await asyncio.to_thread(visit.result, 30)

    with ThreadPoolExecutor(2) as pool:
        asyncio.run(new())
    assert room.came == ["old"]


@pytest.mark.e2e
@needs_redis
@pytest.mark.parametrize("allowed", [True, False], ids=["CLIENT LIST allowed", "forbidden"])
def test_old_and_new_replicas_exclude_each_other(
    url: str, allowed: bool, caplog: pytest.LogCaptureFixture
) -> None:
    """One of each, always at the same conversation."""
    if not allowed:
        with redis.from_url(url) as admin:
            admin.execute_command("ACL", "SETUSER", "few", "on", ">secret", "~*", "+@all", "-client|list")
    room, name, rounds = Room(), next(NAMES), 40 if allowed else 10
    caplog.set_level(logging.WARNING)

    async def new() -> None:
        async with replica(url if allowed else url.replace("//", "//few:secret@")) as locks:
            for _ in range(rounds):
                await room.visit(locks, name)

    async def old() -> None:
        locks = replicas.old_locks(url)
        for _ in range(rounds):
            await room.visit(locks, name, wait_time_in_seconds=0.02)

    runs: list[Callable[[], object]] = [lambda: asyncio.run(new()), lambda: asyncio.run(old())]
    with ThreadPoolExecutor(2) as pool:
        for run in [pool.submit(run) for run in runs]:
            run.result(timeout=120)
    assert (len(room.came), room.overlaps) == (2 * rounds, 0)
    assert ("allow this user CLIENT LIST" in caplog.text) is not allowed
