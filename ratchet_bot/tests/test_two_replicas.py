"""Two replicas on one real Redis answer one person: one message after the other, each once, whoever dies."""

from __future__ import annotations

import json
import shutil
import socket
import threading
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from urllib.parse import urlsplit

import pytest

from tests import replicas
from tests.conftest import Trained
from tests.replicas import CLEAR, SLOW, UNKNOWN, Answer, Fleet, until

pytestmark = [
    pytest.mark.e2e,
    pytest.mark.skipif(shutil.which("redis-server") is None, reason="redis-server is not installed"),
]

NEW, OLD = "ratchet_bot.tools.serve", "tests.old_replica"


@pytest.fixture(scope="module")
def with_action(tmp_path_factory: pytest.TempPathFactory) -> Trained:
    return replicas.train(tmp_path_factory.mktemp("with-action"))


@pytest.fixture(scope="module")
def url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    with replicas.redis_server(tmp_path_factory.mktemp("redis")) as url:
        yield url


@pytest.fixture(scope="module")
def new(with_action: Trained, url: str) -> Iterator[Fleet]:
    with replicas.fleet(with_action, url, NEW, NEW) as fleet:
        yield fleet


@pytest.fixture(scope="module")
def mixed(with_action: Trained, url: str) -> Iterator[Fleet]:
    with replicas.fleet(with_action, url, NEW, OLD, lifetime=4) as fleet:
        yield fleet


@pytest.fixture(scope="module")
def pool() -> Iterator[ThreadPoolExecutor]:
    with ThreadPoolExecutor(16) as pool:
        yield pool


def two_at_once(fleet: Fleet, pool: ThreadPoolExecutor, sender: str) -> float:
    """Both are kept, one after the other, in the order in which they came; returns the seconds between the answers."""
    first, second = fleet.pair(pool, sender, CLEAR, f"please {CLEAR}")
    assert sorted(fleet.kept(sender)) == [CLEAR, f"please {CLEAR}"]
    return second.at - first.at


def two_not_understood(fleet: Fleet, pool: ThreadPoolExecutor, sender: str) -> None:
    """One is asked back, the other handed over to a person."""
    answers = fleet.pair(pool, sender, UNKNOWN, f"{UNKNOWN} x")
    assert {a.said["intent"]["name"] for a in answers} == {"nlu_fallback", "nlu_handoff"}


def one_twice(fleet: Fleet, pool: ThreadPoolExecutor, sender: str) -> None:
    """The same message id at once: it runs once, and both get its answer."""
    first, second = fleet.pair(pool, sender, CLEAR, CLEAR, message_id="m-1")
    assert first.said == second.said
    assert fleet.kept(sender) == [CLEAR]


def pairs(fleet: Fleet, pool: ThreadPoolExecutor, name: str, number: int) -> list[float]:
    """So many pairs of each kind; returns the sorted seconds from one answer to the other."""
    between = []
    for i in range(number):
        between.append(two_at_once(fleet, pool, f"{name}-two-{i}"))
        two_not_understood(fleet, pool, f"{name}-unknown-{i}")
        one_twice(fleet, pool, f"{name}-twice-{i}")
    fleet.watch.complete()
    for i in range(number):
        for kind in ("two", "unknown", "twice"):
            came, touched = fleet.watch.served(f"{name}-{kind}-{i}", fleet.servers)
            assert touched == (came[:1] if kind == "twice" else came)
    return sorted(between)


def test_pairs_at_once(new: Fleet, pool: ThreadPoolExecutor) -> None:
    """No turn is lost, none overlaps another, each person is handed over, and each message id runs once."""
    pairs(new, pool, "some", 35)


@pytest.mark.long
@pytest.mark.timeout(3600)
def test_a_thousand_pairs_of_each_kind_at_once(new: Fleet, pool: ThreadPoolExecutor) -> None:
    """The same, a thousand times; prints the time from one answer to that which waited for it."""
    between = pairs(new, pool, "many", 1000)
    p50, p95 = 1000 * between[500], 1000 * between[950]
    print(f"1,000 pairs of each kind: from one answer to the next p50 {p50:.0f} ms, p95 {p95:.0f} ms")


def mixed_pairs(fleet: Fleet, pool: ThreadPoolExecutor, name: str, number: int) -> None:
    """Eight pairs at a time, so that the old replica is always at something. Its waiting takes a second each."""
    senders = [f"{name}-{i}" for i in range(number)]
    with ThreadPoolExecutor(16) as writers, ThreadPoolExecutor(8) as rounds:
        done = rounds.map(lambda sender: fleet.pair(writers, sender, CLEAR, f"please {CLEAR}"), senders)
        assert len(list(done)) == number
    fleet.watch.complete()
    for sender in senders:
        assert sorted(fleet.kept(sender)) == [CLEAR, f"please {CLEAR}"]
        _, touched = fleet.watch.served(sender, fleet.servers)
        assert len(touched) == 2, touched


def test_an_old_and_a_new_replica_exclude_each_other(mixed: Fleet, pool: ThreadPoolExecutor) -> None:
    """During a release and a rollback: no turn is lost, none overlaps one of the other kind."""
    mixed_pairs(mixed, pool, "both", 60)


@pytest.mark.long
@pytest.mark.timeout(3600)
def test_an_old_and_a_new_replica_exclude_each_other_a_thousand_times(
    mixed: Fleet, pool: ThreadPoolExecutor
) -> None:
    """The same, a thousand times."""
    mixed_pairs(mixed, pool, "both-long", 1000)


def in_order(fleet: Fleet, pool: ThreadPoolExecutor, sender: str, number: int) -> None:
    """Lead messages in one after the other while the first is held; they are answered in that order."""
    fleet.actions.free.clear()
    messages = [f"{SLOW} {'please ' * i}".strip() for i in range(number)]
    answers: list[Future[Answer]] = []
    for i, message in enumerate(messages):
        answers.append(pool.submit(fleet.ask, i % 2, sender, message))
        fleet.await_tickets(sender, len(answers))
    fleet.actions.free.set()
    said = [answer.result(timeout=60).said["messages"][0]["text"] for answer in answers]
    assert said == [f"note {i + 1}" for i in range(number)]
    assert fleet.kept(sender) == messages


def test_answers_come_in_the_order_of_arrival(new: Fleet, pool: ThreadPoolExecutor) -> None:
    """Over both replicas, and although each waits by itself."""
    in_order(new, pool, "train", 6)
    assert not new.actions.overlaps


def test_a_slow_action_keeps_its_lock(new: Fleet, pool: ThreadPoolExecutor) -> None:
    """For longer than the lock's lifetime: the replica renews it as long as it lives."""
    new.actions.free.clear()
    first = pool.submit(new.ask, 0, "slow", SLOW)
    until(lambda: new.actions.begun["slow"] == 1, "the first turn")
    second = pool.submit(new.ask, 1, "slow", f"please {SLOW}")
    threading.Event().wait(3 * replicas.LIFETIME)  # what is under test: that time alone frees nothing
    assert new.actions.begun["slow"] == 1
    new.actions.free.set()
    assert first.result(timeout=30).said["messages"] == [{"text": "note 1"}]
    assert second.result(timeout=30).said["messages"] == [{"text": "note 2"}]
    assert not new.actions.overlaps


def test_who_hangs_up_does_not_end_the_turn(new: Fleet) -> None:
    """As a proxy does that dies: the turn is finished, and who sends the message again gets its answer."""
    new.actions.free.clear()
    address = urlsplit(new.servers[0].url)
    body = json.dumps({"sender": "gone", "message": SLOW, "message_id": "m1"})
    with socket.create_connection((address.hostname, address.port)) as client:
        head = f"POST /chat HTTP/1.1\r\nHost: test\r\nContent-Length: {len(body)}\r\n\r\n"
        client.sendall((head + body).encode())
        until(lambda: new.actions.begun["gone"] == 1, "the turn")
    new.ask(0, "else", CLEAR)  # what came after the hanging up is over, and so is what that led to
    new.actions.free.set()
    said = new.ask(1, "gone", SLOW, message_id="m1").said
    assert (said["messages"], new.actions.begun["gone"]) == ([{"text": "note 1"}], 1)
    assert new.kept("gone") == [SLOW]


def test_a_replica_that_dies_frees_its_conversations(
    with_action: Trained, url: str, pool: ThreadPoolExecutor
) -> None:
    """kill -9 in mid-turn, with another message waiting there: who waits at the other replica is answered."""
    with replicas.fleet(with_action, url, NEW, NEW) as fleet:
        fleet.actions.free.clear()
        for number in range(2):
            pool.submit(fleet.ask, 0, "orphan", SLOW)
            fleet.await_tickets("orphan", number + 1)
        until(lambda: fleet.actions.begun["orphan"] == 1, "the first turn")
        heir = pool.submit(fleet.ask, 1, "orphan", CLEAR)
        fleet.await_tickets("orphan", 3)
        fleet.servers[0].process.kill()
        assert heir.result(timeout=30).said["intent"]["name"] == "book_room"
        assert fleet.kept("orphan") == [CLEAR]
