"""Long conversations: what message 500 costs beside message 5, and what it costs other people."""

from __future__ import annotations

import statistics
import threading
import time
from collections.abc import Sequence

import httpx

from benchmarks.release.bench import Bench, Row
from tests.e2e.fleet.load import MESSAGES

LONG = 500
TALKERS = 10


class Talk:
    """One person who writes again and again, as fast as answers come; `seconds` are those of each answer."""

    def __init__(self, bench: Bench, name: str) -> None:
        self.seconds: list[float] = []
        self._name = name
        self._url = f"{bench.url}/chat"
        self._client = httpx.Client(
            headers={"Authorization": f"Bearer {bench.flock.fleet.token}"}, timeout=30, trust_env=False
        )

    def write(self) -> None:
        """Write one message."""
        number = len(self.seconds)
        body = {"sender": self._name, "message": MESSAGES[number % len(MESSAGES)], "message_id": str(number)}
        started = time.perf_counter()
        self._client.post(self._url, json=body).raise_for_status()
        self.seconds.append(time.perf_counter() - started)

    def write_until(self, over: threading.Event) -> None:
        """Write until it is over."""
        while not over.is_set():
            self.write()


def side_by_side(bench: Bench) -> str:
    """Measure messages 1–5 of new conversations and 496–500 of a long one, by turns."""
    old = Talk(bench, f"long-{time.time_ns()}")
    while len(old.seconds) < LONG - 5:
        old.write()
    first: list[float] = []
    for _ in range(5):
        new = Talk(bench, f"new-{time.time_ns()}")
        for _ in range(5):
            new.write()
        first += new.seconds
        old.write()
    last = old.seconds[LONG - 5 :]
    return (
        f"messages 1–5: median {spread(first)}; messages {LONG - 4}–{LONG}: median {spread(last)}; "
        f"{statistics.median(last) / statistics.median(first):.1f} times"
    )


def spread(seconds: Sequence[float]) -> str:
    """Median and range in ms."""
    ms = sorted(1000 * one for one in seconds)
    return f"{statistics.median(ms):.0f} ms ({ms[0]:.0f} to {ms[-1]:.0f})"


def long(bench: Bench) -> Row:
    """Side by side, and then the load of others while no one and while ten people have such a conversation."""
    said = side_by_side(bench)
    with bench.load() as alone:
        time.sleep(15)
    talks = [Talk(bench, f"talker-{number}-{time.time_ns()}") for number in range(TALKERS)]
    threads = [threading.Thread(target=fill, args=(talk,)) for talk in talks]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    over = threading.Event()
    threads = [threading.Thread(target=slowly, args=(talk, over)) for talk in talks]
    with bench.load() as count:
        for thread in threads:
            thread.start()
        time.sleep(20)
        over.set()
        for thread in threads:
            thread.join()
    outcome = (
        f"{said}; p95 of others {count.percentile(0.95):.0f} ms beside {alone.percentile(0.95):.0f} ms alone"
    )
    return Row("long conversation", count, None, outcome)


def fill(talk: Talk) -> None:
    """Make a conversation long."""
    while len(talk.seconds) < LONG:
        talk.write()


def slowly(talk: Talk, over: threading.Event) -> None:
    """Write once a second, as a person does."""
    while not over.wait(1.0):
        talk.write()
