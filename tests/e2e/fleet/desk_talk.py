"""Many conversations at once, half of them handed over: users who write and fetch replies, and people who answer them.

A user of a handed-over conversation writes two messages that the bot does not understand, two that a person answers
each, and, given back, one that the bot understands. Whoever gets no answer sends the same again under the same id. What
was acknowledged and is not there in the end is lost; what is there more often than it was written came twice.
"""

from __future__ import annotations

import asyncio
import itertools
import statistics
import time
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import aiohttp

KNOWN, UNKNOWN = "i cannot open the building door", "qwrtz vbnm xyzzy"
ANSWERED = 5
"""So many messages a user writes who talks to the bot alone; one who is handed over as many."""
KEPT = ("is anybody there <b>", "it is urgent")
SECONDS_BETWEEN = 2.0
PATIENCE_SECONDS = 60.0
REFUSED = range(400, 500)


@dataclass
class Record:
    """What users and people saw, by conversation."""

    answers: dict[str, list[dict[str, Any]]] = field(default_factory=lambda: defaultdict(list))
    received: dict[str, list[str]] = field(default_factory=lambda: defaultdict(list))
    replied: dict[str, list[str]] = field(default_factory=lambda: defaultdict(list))
    kept: dict[str, list[str]] = field(default_factory=dict)
    took: dict[str, str] = field(default_factory=dict)
    seconds: list[float] = field(default_factory=list)
    repeated: int = 0

    @property
    def median(self) -> float:
        """Median time from a person's reply to its user, in seconds."""
        return statistics.median(self.seconds)


class Talk:
    """Conversations over `urls`, taken in turn; people answer at `desks` until all are given back."""

    def __init__(
        self, urls: Sequence[str], desks: Sequence[str], token: str, people: str, client: str = "web"
    ) -> None:
        self.record = Record()
        self._urls, self._desks = itertools.cycle(urls), itertools.cycle(desks)
        self._token, self._people, self._client = token, people, client
        self._sent: dict[tuple[str, str], float] = {}
        self._open: set[str] = set()
        self._session: aiohttp.ClientSession

    async def run(self, conversations: int, rate: float, persons: int = 3) -> Record:
        """Let `conversations` begin so that `rate` messages a second are written, and return what came of them."""
        timeout = aiohttp.ClientTimeout(total=30)
        connector = aiohttp.TCPConnector(limit=0)
        async with aiohttp.ClientSession(timeout=timeout, connector=connector, trust_env=False) as session:
            self._session = session
            names = [f"talk-{number:04}" for number in range(conversations)]
            self._open = set(names[::2])
            answering = [
                asyncio.ensure_future(self._person(f"person{n}", n, persons)) for n in range(persons)
            ]
            started, users = time.monotonic(), []
            for number, name in enumerate(names):
                begin = started + number * ANSWERED / rate
                await asyncio.sleep(max(begin - time.monotonic(), 0))
                user = self._handed_over(name) if name in self._open else self._answered(name)
                users.append(asyncio.ensure_future(user))
            await asyncio.gather(*users)
            await asyncio.gather(*answering)
        return self.record

    async def _answered(self, name: str) -> None:
        for number in range(ANSWERED):
            self.record.answers[name].append(await self._say(name, KNOWN, number))
            await asyncio.sleep(SECONDS_BETWEEN)

    async def _handed_over(self, name: str) -> None:
        for number in range(2):
            self.record.answers[name].append(await self._say(name, UNKNOWN, number))
            await asyncio.sleep(SECONDS_BETWEEN)
        listening = asyncio.ensure_future(self._listen(name))
        for number, text in enumerate(KEPT, start=2):
            self.record.answers[name].append(await self._say(name, text, number))
            await asyncio.sleep(SECONDS_BETWEEN)
        await listening
        self.record.answers[name].append(await self._say(name, KNOWN, 4))

    async def _listen(self, name: str) -> None:
        """Fetch replies until the bot has the conversation again and each was received."""
        after = 0
        while True:
            asked = {"sender": name, "after": str(after), "wait": "5"}
            found = await self._ask("GET", self._urls, "/chat/replies", self._token, params=asked)
            for reply in found["replies"]:
                after = reply["id"]
                self.record.received[name].append(reply["text"])
                self.record.seconds.append(time.monotonic() - self._sent[name, reply["text"]])
            if not found["handed_off"] and not found["replies"]:
                return

    async def _say(self, name: str, text: str, number: int) -> dict[str, Any]:
        body = {"sender": name, "message": text, "message_id": f"{name}-{number}"}
        return await self._ask("POST", self._urls, "/chat", self._token, json=body)

    async def _person(self, who: str, number: int, persons: int) -> None:
        """Take what waits, answer each message once, and give a conversation back after the last one."""
        while self._open:
            found = await self._ask("GET", self._desks, "/handoff", self._people)
            rows = [
                row
                for row in found["conversations"]
                if row["conversation"].startswith(f"{self._client}/talk-")
            ]
            mine = [row for row in rows if int(row["conversation"][-4:]) // 2 % persons == number]
            for row in mine:
                await self._serve(who, row["conversation"].removeprefix(f"{self._client}/"))
            await asyncio.sleep(0.2)

    async def _serve(self, who: str, name: str) -> None:
        if name not in self.record.took:
            await self._change("take", name, by=who)
            self.record.took[name] = who
        said = await self._read(name)
        answered = len(self.record.replied[name])
        for text in said[answered:]:
            reply = f"{who} to {name}: {text}"
            self._sent.setdefault((name, reply), time.monotonic())
            await self._change(
                "reply", name, by=who, text=reply, id=f"{name}-{len(self.record.replied[name])}"
            )
            self.record.replied[name].append(reply)
        if len(self.record.replied[name]) == len(KEPT):
            await self._change("return", name, by=who)
            self.record.kept[name] = await self._read(name)
            self._open.discard(name)

    async def _read(self, name: str) -> list[str]:
        asked = {"conversation": f"{self._client}/{name}"}
        found = await self._ask("GET", self._desks, "/handoff/conversation", self._people, params=asked)
        return [line["text"] for line in found["lines"] if line["said_by"] == "person"]

    async def _change(self, what: str, name: str, **more: str) -> None:
        body = {"conversation": f"{self._client}/{name}", **more}
        await self._ask("POST", self._desks, f"/handoff/{what}", self._people, json=body)

    async def _ask(self, method: str, urls: Any, path: str, token: str, **asked: Any) -> dict[str, Any]:
        """Ask until there is an answer; a refusal is none of the faults that are waited out."""
        headers, until = {"Authorization": f"Bearer {token}"}, time.monotonic() + PATIENCE_SECONDS
        while True:
            try:
                async with self._session.request(
                    method, f"{next(urls)}{path}", headers=headers, **asked
                ) as answer:
                    if answer.status == 200:
                        return dict(await answer.json())
                    said = f"{answer.status} {(await answer.text())[:200]}"
                    if answer.status in REFUSED or time.monotonic() > until:
                        raise AssertionError(f"{method} {path}: {said}")
            except (aiohttp.ClientError, TimeoutError) as error:
                if time.monotonic() > until:
                    raise AssertionError(f"{method} {path}: {error!r}") from error
            self.record.repeated += 1
            await asyncio.sleep(0.2)


def check(record: Record, conversations: int) -> None:
    """Fail where anything was lost, came twice or in another order, or where the bot was not silent."""
    handed = {f"talk-{number:04}" for number in range(0, conversations, 2)}
    assert len(record.answers) == conversations
    assert set(record.took) == handed == set(record.kept)
    for name, answers in record.answers.items():
        said = [[one["text"] for one in answer["messages"]] for answer in answers]
        assert len(said) == ANSWERED, (name, said)
        if name not in handed:
            assert all(said), (name, said)
            assert not any(answer.get("handed_off") for answer in answers), name
            continue
        assert said[0], name
        assert answers[1]["handed_off"], name
        assert said[2:4] == [[], []], (name, said)
        assert [answer["kept"] > 0 for answer in answers[2:4]] == [True, True], name
        assert said[4], (name, said)
        assert record.kept[name] == list(KEPT), (name, record.kept[name])
        assert record.received[name] == record.replied[name], (name, record.received[name])
        assert len(record.replied[name]) == len(KEPT), name
