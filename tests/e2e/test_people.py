"""People answer in the bot's place while replicas, connections and Redis are killed; processes, without an engine."""

from __future__ import annotations

import asyncio
import contextlib
import itertools
import json
import os
import shutil
import subprocess
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import httpx
import pytest
import redis
import yaml

from ratchet.adapters.bot import rasa
from ratchet.adapters.settings import load_settings
from ratchet.adapters.system import commands
from ratchet.adapters.system.files import sha256
from ratchet.adapters.system.processes import free_port
from tests.e2e.fleet import small_bot
from tests.e2e.fleet.desk_record import check, written
from tests.e2e.fleet.desk_talk import STEPS, Talk, await_step

pytestmark = [
    pytest.mark.e2e,
    pytest.mark.long,
    pytest.mark.timeout(1200),
    pytest.mark.skipif(shutil.which("redis-server") is None, reason="redis-server is not installed"),
]
WEB, PEOPLE = "w" * 24, "p" * 24


class Entry:
    """A way to a replica whose connections can be cut, as those of a proxy are that is killed."""

    def __init__(self, port: int) -> None:
        self.port, self._to = free_port(), port
        self._loop = asyncio.new_event_loop()
        self._open: set[asyncio.StreamWriter] = set()
        self._listening = threading.Event()
        threading.Thread(target=self._run, daemon=True).start()
        assert self._listening.wait(30)

    def cut(self) -> None:
        """End every connection, in the middle of whatever is under way."""
        done = threading.Event()

        def end() -> None:
            for writer in list(self._open):
                writer.transport.abort()
            done.set()

        self._loop.call_soon_threadsafe(end)
        assert done.wait(30)

    def _run(self) -> None:
        async def serve() -> None:
            server = await asyncio.start_server(self._join, "127.0.0.1", self.port)
            self._listening.set()
            await server.serve_forever()

        self._loop.run_until_complete(serve())

    async def _join(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            there, back = await asyncio.open_connection("127.0.0.1", self._to)
        except OSError:
            writer.transport.abort()
            return
        ends = {writer, back}
        self._open |= ends
        await asyncio.gather(_pass_on(reader, back), _pass_on(there, writer))
        self._open -= ends


async def _pass_on(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    with contextlib.suppress(OSError):
        while data := await reader.read(65536):
            writer.write(data)
            await writer.drain()
    writer.close()


class Parts:
    """Two replicas of the small bot, the ways to them, and a Redis that keeps its data; each can be killed."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        settings = load_settings(small_bot.write_workspace(folder / "ws"), target="process")
        self._bot, archive = settings.bot, folder / "model.tar.gz"
        data = small_bot.write_rows(folder / "rows.jsonl")
        argv = rasa.tool(settings, self._bot, "train", "--data", data, "--out", archive, "--seed", "1")
        argv += ["--report", str(folder / "report.json")]
        commands.run(argv, cwd=self._bot, env=rasa.environment(self._bot), timeout=300)
        clients = [
            {"name": "web", "token": WEB},
            {"name": "people", "token": PEOPLE, "rights": ["handoff"]},
        ]
        (folder / "clients.yml").write_text(yaml.safe_dump(clients))
        self._argv = rasa.tool(settings, self._bot, "serve", "--model", archive, "--release", "r1")
        self._argv += ["--model-version", "1", "--sha256", sha256(archive), "--port"]
        self.ports = [free_port(), free_port()]
        self.entries = [Entry(port) for port in self.ports]
        self._redis_port = free_port()
        self._running: dict[str, subprocess.Popen[bytes]] = {}
        self._turn = itertools.cycle(self.ports)
        self.start_redis()
        for port in self.ports:
            self.start_replica(port)

    def start_redis(self) -> None:
        """Start it on what it kept, and wait for it."""
        argv = ["redis-server", "--port", str(self._redis_port), "--bind", "127.0.0.1", "--save", ""]
        argv += ["--dir", str(self.folder), "--appendonly", "yes"]
        self._running["redis"] = subprocess.Popen(argv, stdout=subprocess.DEVNULL)
        until(lambda: answers_ping(self.client()), "Redis answers")

    def start_replica(self, port: int) -> None:
        """Start it, and wait until it is ready."""
        environment = {
            **os.environ,
            **rasa.environment(self._bot),
            "RATCHET_CLIENT_TOKENS_FILE": str(self.folder / "clients.yml"),
            "RATCHET_REDIS_URL": f"redis://127.0.0.1:{self._redis_port}/0",
            "TICKET_LOCK_LIFETIME": "4",
        }
        with (self.folder / "replicas.log").open("ab") as log:
            self._running[str(port)] = subprocess.Popen(
                [*self._argv, str(port)], cwd=self._bot, env=environment, stdout=log, stderr=log
            )
        until(lambda: ready(port), "a replica is ready")

    def client(self) -> redis.Redis:
        """A connection of the test's own."""
        return redis.Redis(port=self._redis_port, client_name="test", decode_responses=True)

    def end(self, *names: str) -> None:
        """End processes as a crash does."""
        for name in names:
            self._running[name].kill()
        for name in names:
            self._running[name].wait(15)

    def lose(self, part: str, talk: Talk, step: str) -> None:
        """Kill a part while a request of this step is under way, and start another."""
        chosen = list(map(str, self.ports)) if part == "every replica" else [str(next(self._turn))]
        await_step(talk, step)
        if part == "redis":
            self.end("redis")
            self.start_redis()
        elif part == "connections":
            for entry in self.entries:
                entry.cut()
        else:
            self.end(*chosen)
            for name in chosen:
                self.start_replica(int(name))

    def stop(self) -> None:
        """End what runs."""
        self.end(*self._running)


def answers_ping(client: redis.Redis) -> bool:
    """Whether Redis answers, and has read its file."""
    with contextlib.suppress(redis.RedisError):
        return bool(client.ping())
    return False


def ready(port: int) -> bool:
    """Whether a replica says that it is."""
    with contextlib.suppress(httpx.HTTPError):
        return httpx.get(f"http://127.0.0.1:{port}/status", trust_env=False, timeout=5).status_code == 200
    return False


def until(true: Callable[[], bool], what: str) -> None:
    """Wait for a condition, two minutes at most."""
    end = time.monotonic() + 120
    while not true():
        assert time.monotonic() < end, f"{what}: it did not come about"
        time.sleep(0.05)


@pytest.fixture(scope="module")
def parts(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Parts]:
    """What is killed."""
    made = Parts(tmp_path_factory.mktemp("people"))
    yield made
    made.stop()


@pytest.mark.parametrize(
    ("part", "rounds"), [("replica", 1), ("every replica", 1), ("connections", 4), ("redis", 2)]
)
def test_what_was_acknowledged_is_there_once_whatever_is_killed(parts: Parts, part: str, rounds: int) -> None:
    """Once or oftener while a request of each step is under way, of many conversations, half of them handed over."""
    urls = [f"http://127.0.0.1:{entry.port}" for entry in parts.entries]
    talk = Talk(urls, urls, WEB, PEOPLE, part.replace(" ", "-"))
    failed: list[BaseException] = []

    def lose() -> None:
        try:
            for step in STEPS * rounds:
                parts.lose(part, talk, step)
        except BaseException as error:
            failed.append(error)

    thread = threading.Thread(target=lose)
    thread.start()
    record = asyncio.run(talk.run(40, 10.0, more=thread.is_alive))
    thread.join()
    if failed:
        raise failed[0]
    load = f"load average {os.getloadavg()[0]:.1f} on {os.cpu_count()} cores"
    print(f"{part} killed {len(STEPS) * rounds} times: {record.line()}; {load}")
    check(record)
    expected = written(record)
    stored = parts.client().mget([f"ratchet:tracker:web/{name}" for name in expected])
    events = [json.loads(one or "{}")["events"] for one in stored]
    said = [[event["text"] for event in one if event["event"] == "user"] for one in events]
    assert dict(zip(expected, said, strict=True)) == expected
