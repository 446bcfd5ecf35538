"""Replicas as processes on one real Redis, with those who watch them: a server of custom actions, and Redis itself."""

from __future__ import annotations

import contextlib
import json
import os
import re
import subprocess
import threading
import time
from collections import Counter, defaultdict
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from itertools import groupby
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import redis
from rasa.core.lock_store import RedisLockStore

from tests import corpus
from tests.conftest import DOMAIN, Trained, train_in
from tests.test_serve import Server, free_port, launch

CLEAR, UNKNOWN, SLOW = "book a meeting room", "zyzzyva qwerty", "i forgot my password"
RULES = (
    'version: "3.1"\nrules:\n- rule: note\n  steps:\n  - intent: reset_password\n  - action: action_note\n'
)
LIFETIME = 1.0
"""Seconds that the lock of a dead replica lives. Old replicas ask once a second, and need the fleet's four."""
MARK = "test:mark"


class RedisServer:
    """A Redis of its own, to be killed and started again at its address; it `keeps` its data as the fleet's does."""

    def __init__(self, folder: Path, keeps: bool = False) -> None:
        self.port = free_port()
        self.url = f"redis://127.0.0.1:{self.port}/0"
        self._argv = ["redis-server", "--port", str(self.port), "--bind", "127.0.0.1", "--save", ""]
        self._argv += ["--dir", str(folder), "--appendonly", "yes" if keeps else "no"]
        self.process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Start it, and wait until it answers."""
        self.process = subprocess.Popen(self._argv, stdout=subprocess.DEVNULL)
        with self.client() as client:
            until(lambda: _answers(client), "an answer of Redis")

    def kill(self) -> None:
        """End it as a crash does."""
        if self.process is not None:
            self.process.kill()
            self.process.wait(timeout=15)

    def client(self) -> redis.Redis:
        """A connection that is not taken for a replica's."""
        return redis.Redis(port=self.port, client_name="test", decode_responses=True)


def _answers(client: redis.Redis) -> bool:
    with contextlib.suppress(redis.ConnectionError):
        return bool(client.ping())
    return False


@contextmanager
def redis_server(folder: Path) -> Iterator[str]:
    """A Redis of its own; gives its address."""
    server = RedisServer(folder)
    server.start()
    try:
        yield server.url
    finally:
        server.kill()


def old_locks(url: str, kind: type[RedisLockStore] = RedisLockStore) -> RedisLockStore:
    """The lock store of an old replica."""
    return kind(host="127.0.0.1", port=urlsplit(url).port, db=0, key_prefix="ratchet")


def train(folder: Path) -> Trained:
    """The small corpus, where forgotten passwords are a custom action's."""
    domain, rules = folder / "with-action.yml", folder / "rules.yml"
    domain.write_text(DOMAIN + "actions: [action_note]\n", encoding="utf-8")
    rules.write_text(RULES, encoding="utf-8")
    data = corpus.write(folder / "train.jsonl")
    return train_in(folder, "--domain", str(domain), "--rules", str(rules), data=data)


class Actions:
    """A server of custom actions, which it holds until `free` is set. It knows which turns were in it at once."""

    def __init__(self) -> None:
        self.free = threading.Event()
        self.free.set()
        self.begun: Counter[str] = Counter()
        self.overlaps: list[str] = []
        self._inside: Counter[str] = Counter()
        self._guard = threading.Lock()
        actions = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                sender = json.loads(self.rfile.read(int(self.headers["Content-Length"])))["sender_id"]
                answer = json.dumps({"events": [], "responses": [{"text": actions.run(sender)}]}).encode()
                self.send_response(200)
                self.send_header("Content-Type", "application/json")
                self.end_headers()
                self.wfile.write(answer)

            def log_message(self, *arguments: Any) -> None:
                pass

        class Patient(ThreadingHTTPServer):
            daemon_threads = True

            def handle_error(self, *arguments: Any) -> None:
                """A replica that was killed has hung up."""

        self.server = Patient(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_port}/"
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def run(self, sender: str) -> str:
        """Be in a turn; the answer is its number in the conversation."""
        sender = sender.partition("/")[2]
        with self._guard:
            self.begun[sender] += 1
            number = self.begun[sender]
            if self._inside[sender]:
                self.overlaps.append(sender)
            self._inside[sender] += 1
        self.free.wait(timeout=60)
        with self._guard:
            self._inside[sender] -= 1
        return f"note {number}"


class Watch:
    """What Redis was asked about each conversation's lock and tracker, in order, and by which port."""

    ABOUT = re.compile(r"ratchet:(lock|tracker):local/([\w-]+)")

    def __init__(self, url: str) -> None:
        self.asked: dict[str, list[tuple[str, int]]] = defaultdict(list)
        self._client = redis.from_url(url, client_name="test")
        self._marked = threading.Event()
        self._reading = threading.Event()
        threading.Thread(target=self._read, daemon=True).start()
        assert self._reading.wait(timeout=30)

    def complete(self) -> None:
        """Wait until all that was asked before is here."""
        self._marked.clear()
        self._client.get(MARK)
        assert self._marked.wait(timeout=30)

    def served(self, sender: str, servers: list[Server]) -> tuple[list[int], list[int]]:
        """The replicas in the order in which they came for the lock, and in which they touched the tracker.

        Who comes a second time is in the list again, so that an overlap shows as 0, 1, 0.
        """
        of = {port: number for number, server in enumerate(servers) for port in ports(server.process.pid)}
        asked = [(kind, of[port]) for kind, port in self.asked[sender] if port in of]  # not the test's own
        came = [number for kind, number in asked if kind == "lock"]
        touched = [number for kind, number in asked if kind == "tracker"]
        return list(dict.fromkeys(came)), [number for number, _ in groupby(touched)]

    def _read(self) -> None:
        with (
            contextlib.suppress(redis.ConnectionError, redis.TimeoutError),
            self._client.monitor() as monitor,
        ):
            monitor.monitor_re = re.compile(r"\[(\d+) (.*?)\] (.*)")  # a script's text has brackets too
            self._reading.set()
            for entry in monitor.listen():
                if entry["client_type"] == "lua":
                    continue
                about = self.ABOUT.search(entry["command"])
                if about:
                    self.asked[about[2]].append((about[1], int(entry["client_port"])))
                elif MARK in entry["command"]:
                    self._marked.set()


def ports(pid: int) -> set[int]:
    """The local ports of a process's connections."""
    inodes = set()
    for file in Path(f"/proc/{pid}/fd").iterdir():
        with contextlib.suppress(OSError):
            inodes.add(os.readlink(file).removeprefix("socket:[").removesuffix("]"))
    table = [line.split() for line in Path("/proc/net/tcp").read_text().splitlines()[1:]]
    return {int(row[1].partition(":")[2], 16) for row in table if row[9] in inodes}


@dataclass
class Answer:
    """What a replica said, and when it was there."""

    said: dict[str, Any]
    at: float


@dataclass
class Fleet:
    """Two replicas and those who watch them."""

    servers: list[Server]
    redis: redis.Redis
    actions: Actions
    watch: Watch

    def ask(self, server: int, sender: str, message: str, **more: Any) -> Answer:
        """Write to one of the replicas."""
        said = self.servers[server].say(message, sender, None, **more)
        return Answer(said, time.monotonic())

    def pair(self, pool: ThreadPoolExecutor, sender: str, *messages: str, **more: Any) -> list[Answer]:
        """Write two messages of one person at the same time, one to each replica; the answers as they came."""
        start = threading.Barrier(2)

        def write(server: int) -> Answer:
            start.wait(timeout=30)
            return self.ask(server, sender, messages[server], **more)

        return sorted(pool.map(write, (0, 1)), key=lambda answer: answer.at)

    def kept(self, sender: str) -> list[str]:
        """What the person has written, as the conversation in Redis has it."""
        tracker = json.loads(self.redis.get(f"ratchet:tracker:local/{sender}") or '{"events": []}')
        return [event["text"] for event in tracker["events"] if event["event"] == "user"]

    def await_tickets(self, sender: str, number: int) -> None:
        """Wait until so many messages hold or await the conversation's lock."""
        key = f"ratchet:lock:local/{sender}"
        until(lambda: len(tickets(self.redis, key)) == number, f"{number} tickets")


def tickets(client: redis.Redis, key: str) -> list[str]:
    """The messages that hold or await a lock."""
    stored = client.get(key)
    return json.loads(stored)["tickets"] if stored else []


@contextmanager
def fleet(
    trained: Trained, url: str, *modules: str, lifetime: float = LIFETIME, **more: str
) -> Iterator[Fleet]:
    """Start a replica for each module (`ratchet_bot.tools.serve`, `tests.old_replica`) on the Redis at `url`.

    `more` is added to their environment.
    """
    actions = Actions()
    environment = {
        "RATCHET_REDIS_URL": url,
        "RATCHET_ACTIONS_URL": actions.url,
        "TICKET_LOCK_LIFETIME": f"{lifetime:g}",
        **more,
    }
    servers = [launch(trained, module=module, **environment) for module in modules]
    try:
        for server in servers:
            server.await_ready()
        yield Fleet(servers, redis.from_url(url, client_name="test"), actions, Watch(url))
    finally:
        actions.free.set()
        for server in servers:
            server.process.terminate()
        for server in servers:
            server.process.wait(timeout=15)
        actions.server.shutdown()


def until(true: Any, what: str) -> None:
    """Wait for a condition, half a minute at most."""
    for _ in range(1500):
        if true():
            return
        time.sleep(0.02)
    raise AssertionError(f"{what} did not come about within 30 s")
