"""An open-loop load on the bot's channel, with its own count.

Requests leave at a fixed rate whether or not earlier ones were answered, as people write; a closed loop would slow
down with the server and hide what it lost. Run as a program it prints its count as JSON when it is told to stop:
`python -m tests.e2e.fleet.load URL TOKEN_FILE RATE`.
"""

from __future__ import annotations

import asyncio
import itertools
import json
import signal
import sys
import time
import uuid
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path

import aiohttp

TIMEOUT_SECONDS = 30.0
MESSAGES = (
    "hello",
    "how do I get a laptop",
    "I want to report my expenses",
    "who can give me access",
    "thanks",
)


@dataclass
class Count:
    """What was sent and what became of it; latencies in milliseconds of the answered ones."""

    sent: int = 0
    answered: int = 0
    failures: list[str] = field(default_factory=list)
    latencies: list[float] = field(default_factory=list)
    releases: Counter[str] = field(default_factory=Counter)
    intents: Counter[str] = field(default_factory=Counter)
    spans: list[tuple[float, float, str]] = field(default_factory=list)
    """For each answer: when it was asked for, when it came (both in seconds since 1970), and by which release."""

    @property
    def mixed(self) -> int:
        """Answers of a release that were asked for after another one, which came later, had answered already."""
        first: dict[str, float] = {}
        for _, came, release in self.spans:
            first[release] = min(came, first.get(release, came))
        order = sorted(first, key=lambda release: first[release])
        later = {
            release: min([first[one] for one in order[place + 1 :]], default=None)
            for place, release in enumerate(order)
        }
        return sum(
            1 for asked, _, release in self.spans if (end := later[release]) is not None and asked > end
        )

    def last_of(self, release: str) -> float:
        """When the last answer of a release came, in seconds since 1970."""
        return max(came for _, came, one in self.spans if one == release)

    @property
    def failed(self) -> int:
        """Requests without a right answer."""
        return len(self.failures)

    def percentile(self, share: float) -> float:
        """A percentile of the latencies."""
        ordered = sorted(self.latencies)
        return ordered[min(int(len(ordered) * share), len(ordered) - 1)] if ordered else 0.0


async def ask(session: aiohttp.ClientSession, url: str, token: str, number: int, count: Count) -> None:
    """Send one message and note what came back."""
    body = {
        "sender": f"load-{number % 200}-{uuid.uuid4().hex[:6]}",
        "message": MESSAGES[number % len(MESSAGES)],
        "message_id": uuid.uuid4().hex,
    }
    started, asked = time.perf_counter(), time.time()
    try:
        headers = {"Authorization": f"Bearer {token}"} if token else {}
        async with session.post(f"{url}/chat", json=body, headers=headers) as answer:
            if answer.status != 200:
                raise ValueError(f"{answer.status} {(await answer.text())[:120]}")
            reply = await answer.json()
            if not reply["messages"]:
                raise ValueError("an empty reply")
    except (TimeoutError, aiohttp.ClientError, ValueError, KeyError) as error:
        count.failures.append(f"{time.strftime('%H:%M:%S')} {error!r}")
        return
    count.answered += 1
    count.latencies.append(1000 * (time.perf_counter() - started))
    count.releases[reply["release"]] += 1
    count.spans.append((asked, time.time(), reply["release"]))
    count.intents[str((reply.get("intent") or {}).get("name"))] += 1


async def run(url: str, token: str, rate: float, done: asyncio.Event) -> Count:
    """Send `rate` requests a second until `done`, then wait for those under way."""
    count = Count()
    under_way: set[asyncio.Task[None]] = set()
    timeout = aiohttp.ClientTimeout(total=TIMEOUT_SECONDS)
    connector = aiohttp.TCPConnector(limit=0)
    async with aiohttp.ClientSession(timeout=timeout, connector=connector, trust_env=False) as session:
        started = time.perf_counter()
        for number in itertools.count():
            await asyncio.sleep(max(0.0, started + number / rate - time.perf_counter()))
            if done.is_set():
                break
            task = asyncio.create_task(ask(session, url, token, number, count))
            count.sent += 1
            under_way.add(task)
            task.add_done_callback(under_way.discard)
        await asyncio.gather(*under_way)
    return count


async def main(url: str, token_file: str, rate: float) -> None:
    """Run until SIGTERM or SIGINT, and print the count."""
    done = asyncio.Event()
    loop = asyncio.get_running_loop()
    for sign in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(sign, done.set)
    print("started", flush=True)
    count = await run(url, Path(token_file).read_text().strip(), rate, done)
    print(json.dumps(vars(count)), flush=True)


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1], sys.argv[2], float(sys.argv[3])))
