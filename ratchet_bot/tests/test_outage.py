"""A real Redis is killed, frozen, demoted or late: messages wait for it, each turn runs once, and none is lost."""

from __future__ import annotations

import asyncio
import shutil
import signal
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
import redis
import requests
from rasa.shared.core.domain import Domain

from ratchet_bot.channel import memory, redis_trackers, trackers
from tests import replicas
from tests.conftest import Trained
from tests.replicas import CLEAR, SLOW, UNKNOWN, Answer, Fleet, RedisServer, until
from tests.test_serve import Server, launch
from tests.test_trackers import conversation, turn

pytestmark = [
    pytest.mark.e2e,
    pytest.mark.skipif(shutil.which("redis-server") is None, reason="redis-server is not installed"),
]

NEW = "ratchet_bot.tools.serve"
PATIENT = {"RATCHET_STORE_PATIENCE": "60"}
"""Longer than a loaded machine takes to start a Redis."""


@pytest.fixture(scope="module")
def with_action(tmp_path_factory: pytest.TempPathFactory) -> Trained:
    return replicas.train(tmp_path_factory.mktemp("with-action"))


@pytest.fixture
def store(tmp_path: Path) -> Iterator[RedisServer]:
    """A Redis that keeps its data over a crash, as the fleet's does."""
    server = RedisServer(tmp_path, keeps=True)
    server.start()
    yield server
    server.kill()


@pytest.fixture(scope="module", params=[True, False], ids=["keeps its data", "forgets its data"])
def two(
    request: pytest.FixtureRequest, with_action: Trained, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[tuple[Fleet, RedisServer]]:
    """Two replicas on a Redis, which keeps its data over a crash or forgets all of it."""
    yield from replicated(with_action, tmp_path_factory.mktemp("two"), request.param, NEW, NEW)


@pytest.fixture(scope="module")
def one(
    with_action: Trained, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[tuple[Fleet, RedisServer]]:
    """A replica and its Redis."""
    yield from replicated(with_action, tmp_path_factory.mktemp("one"), True, NEW)


def replicated(
    trained: Trained, folder: Path, keeps: bool, *modules: str
) -> Iterator[tuple[Fleet, RedisServer]]:
    server = RedisServer(folder, keeps)
    server.start()
    try:
        with replicas.fleet(trained, server.url, *modules, lifetime=4, **PATIENT) as fleet:
            yield fleet, server
    finally:
        server.kill()


@pytest.fixture
def pool() -> Iterator[ThreadPoolExecutor]:
    with ThreadPoolExecutor(16) as pool:
        yield pool


def status(server: Server) -> requests.Response:
    return requests.get(f"{server.url}/status", timeout=30)


def await_ready(server: Server, ready: bool = True) -> dict[str, Any]:
    """Wait until a replica is ready, or is not; its status."""
    code = 200 if ready else 503
    until(lambda: status(server).status_code == code, f"status {code}")
    return status(server).json()


def held(fleet: Fleet, pool: ThreadPoolExecutor, sender: str) -> Future[Answer]:
    """A message whose turn is in its action until the actions are freed."""
    fleet.actions.free.clear()
    answer = pool.submit(fleet.ask, 0, sender, SLOW)
    until(lambda: fleet.actions.begun[sender] == 1, "the turn")
    return answer


def test_messages_that_meet_a_restart_of_redis_are_answered(
    two: tuple[Fleet, RedisServer], pool: ThreadPoolExecutor
) -> None:
    """kill -9, messages of one person and of many, and Redis again at its address: every answer is 200, each turn
    runs once and is kept, and two messages of one person do not run at once."""
    fleet, server = two
    fleet.ask(0, "anna", CLEAR)
    inside = held(fleet, pool, "anna")
    server.kill()
    for replica in fleet.servers:
        await_ready(replica, ready=False)
    behind = pool.submit(fleet.ask, 1, "anna", f"please {SLOW}")
    others = [pool.submit(fleet.ask, i % 2, f"other-{i}", CLEAR, message_id="m") for i in range(8)]
    fleet.actions.free.set()
    server.start()
    assert inside.result(timeout=60).said["messages"] == [{"text": "note 1"}]
    assert behind.result(timeout=60).said["messages"] == [{"text": "note 2"}]
    assert fleet.actions.begun["anna"] == 2
    assert not fleet.actions.overlaps
    for number, answer in enumerate(others):
        assert answer.result(timeout=60).said["intent"]["name"] == "book_room"
        assert fleet.kept(f"other-{number}") == [CLEAR]
    assert fleet.kept("anna") == [CLEAR, SLOW, f"please {SLOW}"]
    for replica in fleet.servers:
        assert await_ready(replica)["ready"] is True


def test_a_turn_that_outlasts_a_restart_keeps_its_lock(
    two: tuple[Fleet, RedisServer], pool: ThreadPoolExecutor
) -> None:
    """Also where Redis forgot the tickets: what is answered takes its place again before others come first."""
    fleet, server = two
    inside = held(fleet, pool, "dora")
    behind = pool.submit(fleet.ask, 1, "dora", f"please {SLOW}")
    fleet.await_tickets("dora", 2)
    server.kill()
    for replica in fleet.servers:
        await_ready(replica, ready=False)
    server.start()
    fleet.await_tickets("dora", 2)
    assert fleet.actions.begun["dora"] == 1
    fleet.actions.free.set()
    assert inside.result(timeout=60).said["messages"] == [{"text": "note 1"}]
    assert behind.result(timeout=60).said["messages"] == [{"text": "note 2"}]
    assert not fleet.actions.overlaps


def test_where_patience_ends_the_conversation_is_whole(
    with_action: Trained, store: RedisServer, pool: ThreadPoolExecutor
) -> None:
    """A turn that cannot be saved is refused with 503, and nothing is written over what was said before."""
    with replicas.fleet(with_action, store.url, NEW, RATCHET_STORE_PATIENCE="0.2") as fleet:
        assert fleet.ask(0, "anna", UNKNOWN).said["intent"]["name"] == "nlu_fallback"
        fleet.ask(0, "bert", CLEAR)
        fleet.actions.free.clear()
        body = {"sender": "bert", "message": SLOW}
        inside = pool.submit(fleet.servers[0].post, "/chat", body, None)
        until(lambda: fleet.actions.begun["bert"] == 1, "the turn")
        store.kill()
        fleet.actions.free.set()
        assert inside.result(timeout=60).status_code == 503
        refused = fleet.servers[0].post("/chat", {"sender": "anna", "message": UNKNOWN}, None)
        assert refused.status_code == 503
        assert "try again" in refused.json()["error"]
        store.start()
        await_ready(fleet.servers[0])
        assert fleet.ask(0, "anna", UNKNOWN).said["intent"]["name"] == "nlu_handoff"
        fleet.ask(0, "bert", f"please {CLEAR}")
        assert fleet.kept("bert")[0] == CLEAR
        assert fleet.kept("bert")[-1] == f"please {CLEAR}"


def test_a_replica_starts_without_its_redis_and_becomes_ready_with_it(
    trained: Trained, tmp_path: Path
) -> None:
    """It lives and says what it lacks; then Redis appears."""
    store = RedisServer(tmp_path)
    server = launch(trained, RATCHET_REDIS_URL=store.url.replace("//", "//:secret@"), **PATIENT)
    try:
        server.await_ready("/alive")
        said = status(server)
        assert said.status_code == 503
        assert said.json()["ready"] is False
        assert said.json()["why"].startswith("conversation store: ")
        assert "refused" in said.json()["why"]
        assert "secret" not in said.text
        alive = requests.get(f"{server.url}/alive", timeout=30)
        assert alive.status_code == 200
        named = {key: value for key, value in said.json().items() if key not in ("ready", "why", "events")}
        assert alive.json() == {"alive": True, **named}
        assert named["release"] == "r7"
        store.start()
        with store.client() as client:
            client.config_set("requirepass", "secret")
        ready = await_ready(server)
        assert "why" not in ready
        assert server.say(CLEAR, "anna", None)["intent"]["name"] == "book_room"
    finally:
        server.process.terminate()
        server.process.wait(timeout=15)
        store.kill()


def test_a_frozen_redis_makes_replicas_not_ready_and_messages_late(
    one: tuple[Fleet, RedisServer], pool: ThreadPoolExecutor
) -> None:
    """Its connections stay open and it says nothing; the replica lives, and others are served."""
    fleet, server = one
    fleet.ask(0, "anna", CLEAR)
    server.process.send_signal(signal.SIGSTOP)
    late = pool.submit(fleet.ask, 0, "anna", f"please {CLEAR}")
    why = await_ready(fleet.servers[0], ready=False)["why"]
    assert why.startswith("conversation store: ")
    assert requests.get(f"{fleet.servers[0].url}/alive", timeout=30).status_code == 200
    assert fleet.servers[0].post("/parse", {"messages": [{"text": CLEAR}]}, None).status_code == 200
    server.process.send_signal(signal.SIGCONT)
    assert late.result(timeout=60).said["intent"]["name"] == "book_room"
    assert fleet.kept("anna") == [CLEAR, f"please {CLEAR}"]
    await_ready(fleet.servers[0])


def test_a_redis_that_only_reads_is_waited_for(
    one: tuple[Fleet, RedisServer], pool: ThreadPoolExecutor
) -> None:
    """As in a change of masters: it answers, but takes no conversation."""
    fleet, server = one
    inside = held(fleet, pool, "carl")
    with server.client() as client:
        client.execute_command("REPLICAOF", "127.0.0.1", "1")
        assert "read only" in await_ready(fleet.servers[0], ready=False)["why"]
        late = pool.submit(fleet.ask, 0, "bert", CLEAR)
        fleet.actions.free.set()
        client.execute_command("REPLICAOF", "NO", "ONE")
    assert inside.result(timeout=60).said["messages"] == [{"text": "note 1"}]
    assert late.result(timeout=60).said["intent"]["name"] == "book_room"
    assert fleet.kept("carl") == [SLOW]


def test_a_reply_is_given_also_where_it_cannot_be_remembered(one: tuple[Fleet, RedisServer]) -> None:
    """The turn is over and saved: a 503 would make its person write again."""
    fleet, server = one
    with server.client() as client:
        try:
            # All may be written but a reply.
            few = [f"~ratchet:{kind}*" for kind in ("tracker:", "earlier:", "lock:", "nothing")]
            client.execute_command("ACL", "SETUSER", "default", "resetkeys", "%R~*", *few)
            answer = fleet.ask(0, "emil", CLEAR, message_id="m")
        finally:
            client.execute_command("ACL", "SETUSER", "default", "allkeys")
        assert answer.said["intent"]["name"] == "book_room"
        assert fleet.kept("emil") == [CLEAR]
        assert not client.keys("ratchet:reply:*")


class Deaf:
    """Redis's pipelines, whose first answer is lost after the work was done."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        from redis.asyncio.client import Pipeline

        self.lost = 0
        execute = Pipeline.execute

        async def lose(pipeline: Pipeline, *arguments: Any, **options: Any) -> Any:
            answer = await execute(pipeline, *arguments, **options)
            if not self.lost:
                self.lost += 1
                raise redis.ConnectionError("Connection closed by server.")
            return answer

        monkeypatch.setattr(Pipeline, "execute", lose)


def test_a_save_whose_answer_is_lost_is_done_once(
    store: RedisServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What was said before a conversation's kept end is not there twice."""

    async def scenario() -> None:
        made = memory.make(store.url)
        made.trackers.domain = Domain.empty()
        whole = conversation([event for number in range(1, 41) for event in turn(number)])
        deaf = Deaf(monkeypatch)
        await made.trackers.save(whole)
        assert deaf.lost == 1
        before = [one["text"] for one in await made.trackers.said_before("anna")]
        assert before == [text for n in range(1, 31) for text in (f"message {n}", f"answer {n}")]
        kept = await made.trackers.retrieve("anna")
        assert next(one["text"] for one in trackers.said(kept.events)) == "message 31"
        assert list(await made.trackers.keys()) == ["anna"]
        await made.store.redis.close()

    asyncio.run(scenario())


def test_another_replicas_turn_is_kept(store: RedisServer) -> None:
    """A replica that stood still for longer than its lock lives writes last: both turns are kept."""

    async def scenario() -> None:
        made = memory.make(store.url)
        made.trackers.domain = Domain.empty()
        other = redis_trackers.RedisTrackers(made.store, 60)
        await made.trackers.save(conversation(turn(1)))
        with trackers.turn("anna"):
            slow = await made.trackers.retrieve("anna")
            await asyncio.create_task(_write(other, conversation([*turn(1), *turn(2)])))
            slow.update_with_events(turn(3), None, override_timestamp=False)
            await made.trackers.save(slow)
        kept = await made.trackers.retrieve("anna")
        said = [one["text"] for one in trackers.said(kept.events) if one["from"] == "person"]
        assert sorted(said) == ["message 1", "message 2", "message 3"]
        await made.store.redis.close()

    asyncio.run(scenario())


async def _write(other: redis_trackers.RedisTrackers, whole: Any) -> None:
    trackers._turn.set(None)  # another replica's turn is not this one
    await other.save(whole)
