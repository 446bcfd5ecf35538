"""Two replicas that share their memory in a real Redis."""

from __future__ import annotations

import asyncio
import json
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from ratchet_bot.channel.store import MOST_CONNECTIONS, Store
from tests.conftest import Trained
from tests.test_serve import Server, free_port, launch

pytestmark = [
    pytest.mark.e2e,
    pytest.mark.skipif(shutil.which("redis-server") is None, reason="redis-server is not installed"),
]


@pytest.fixture(scope="module")
def replicas(
    trained: Trained, redis: tuple[subprocess.Popen[bytes], Path]
) -> Iterator[tuple[Server, Server]]:
    settings = {"RATCHET_REDIS_URL_FILE": str(redis[1]), "RATCHET_STORE_PATIENCE": "1"}
    first, second = (launch(trained, **settings) for _ in range(2))
    for server in (first, second):
        server.await_ready()
    yield first, second
    for server in (first, second):
        server.process.terminate()
        server.process.wait(timeout=15)


@pytest.fixture(scope="module")
def redis(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[subprocess.Popen[bytes], Path]]:
    port, folder = free_port(), tmp_path_factory.mktemp("redis")
    argv = ["redis-server", "--port", str(port), "--bind", "127.0.0.1", "--save", "", "--dir", str(folder)]
    process = subprocess.Popen(argv, stdout=subprocess.DEVNULL)
    url = folder / "url"
    url.write_text(f"redis://127.0.0.1:{port}/1\n")
    yield process, url
    process.terminate()
    process.wait(timeout=15)


def test_more_may_ask_at_once_than_there_are_connections(redis: tuple[subprocess.Popen[bytes], Path]) -> None:
    """As those do who wait for a person's reply: each waits for a connection, and Redis does not count as away."""

    async def scenario() -> None:
        store = Store(redis[1].read_text().strip())
        await store.patiently(store.redis.ping)  # it may still be starting
        before = store.lost_at
        asked = [store.patiently(lambda: store.redis.get("nothing")) for _ in range(5 * MOST_CONNECTIONS)]
        assert await asyncio.gather(*asked) == [None] * len(asked)
        assert store.lost_at == before
        await store.redis.aclose()

    asyncio.run(scenario())


def test_a_conversation_goes_on_at_another_replica(replicas: tuple[Server, Server]) -> None:
    """The clarifying question was asked by one, so the other hands over."""
    first, second = replicas
    assert first.say("zyzzyva qwerty", "anna", None)["intent"]["name"] == "nlu_fallback"
    assert second.say("zyzzyva qwerty", "anna", None)["intent"]["name"] == "nlu_handoff"


def test_a_long_conversation_goes_on_at_another_replica(
    replicas: tuple[Server, Server], redis: tuple[subprocess.Popen[bytes], Path]
) -> None:
    """What is stored stays short, Rasa's own store reads it, and what was said before is kept as long."""
    from rasa.core.tracker_store import RedisTrackerStore
    from rasa.shared.core.domain import Domain
    from rasa.shared.core.events import UserUttered

    for number in range(25):
        assert replicas[number % 2].say("what is for lunch", "dora", None)["intent"]["name"] == "cafeteria"
    address = urlsplit(redis[1].read_text().strip())
    kept = RedisTrackerStore(Domain.empty(), host="127.0.0.1", port=address.port, db=1, key_prefix="ratchet")
    [name] = [key for key in kept.red.keys("ratchet:tracker:*") if key.endswith("/dora")]
    conversation = name.removeprefix("ratchet:tracker:")
    tracker = asyncio.run(kept.retrieve(conversation))
    messages = [event for event in tracker.events if isinstance(event, UserUttered)]
    assert len(messages) < 20
    before = kept.red.lrange(f"ratchet:earlier:{conversation}", 0, -1)
    assert sum(json.loads(one)["from"] == "person" for one in before) + len(messages) == 25
    assert 0 < kept.red.ttl(f"ratchet:earlier:{conversation}") <= kept.red.ttl(name) + 1
    assert replicas[0].say("zyzzyva qwerty", "dora", None)["intent"]["name"] == "nlu_fallback"
    assert replicas[1].say("zyzzyva qwerty", "dora", None)["intent"]["name"] == "nlu_handoff"


def test_a_message_sent_again_to_another_replica_is_processed_once(replicas: tuple[Server, Server]) -> None:
    """A proxy retries at the next server, which gives the reply of the first."""
    first, second = replicas
    reply = first.say("zyzzyva qwerty", "bert", None, message_id="m1")
    assert second.say("zyzzyva qwerty", "bert", None, message_id="m1") == reply
    assert second.say("zyzzyva qwerty", "bert", None, message_id="m2")["intent"]["name"] == "nlu_handoff"


def test_without_its_memory_a_replica_says_so(
    replicas: tuple[Server, Server], redis: tuple[subprocess.Popen[bytes], Path]
) -> None:
    """Last, as it ends Redis: 503, which a proxy may retry, and the server lives on."""
    redis[0].terminate()
    redis[0].wait(timeout=15)
    answer = replicas[0].post("/chat", {"sender": "carl", "message": "days off"}, None)
    assert answer.status_code == 503
    assert "memory of conversations" in answer.json()["error"]
    assert replicas[0].post("/parse", {"messages": [{"text": "days off"}]}, None).status_code == 200
