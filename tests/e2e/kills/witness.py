"""Somebody who writes to the bot all the time and remembers who answered."""

from __future__ import annotations

import threading
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

import httpx

EVERY_SECONDS = 0.5
PATIENCE_SECONDS = 30.0


@dataclass
class Heard:
    """How often was asked, which releases answered how often, and what went wrong."""

    asked: int = 0
    releases: Counter[str] = field(default_factory=Counter)
    failures: list[str] = field(default_factory=list)


@contextmanager
def witness(url: str) -> Iterator[Heard]:
    """Write to the bot for the time of the block."""
    heard, done = Heard(), threading.Event()

    def write() -> None:
        while not done.wait(EVERY_SECONDS):
            heard.asked += 1
            try:
                heard.releases[ask(url)["release"]] += 1
            except (httpx.HTTPError, ValueError, KeyError) as error:
                heard.failures.append(f"{time.strftime('%H:%M:%S')} {error!r}")

    thread = threading.Thread(target=write)
    thread.start()
    try:
        yield heard
    finally:
        done.set()
        thread.join()


def ask(url: str, message: str = "order a notebook") -> dict[str, str]:
    """Write one message and return the release and the first text of the reply."""
    answer = httpx.post(
        f"{url}/chat",
        json={"sender": f"witness-{time.monotonic_ns()}", "message": message},
        timeout=PATIENCE_SECONDS,
        trust_env=False,
    )
    answer.raise_for_status()
    reply = answer.json()
    return {"release": str(reply["release"]), "text": str(reply["messages"][0]["text"])}
