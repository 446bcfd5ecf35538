"""Many conversations at once, half of them handed over: users who write and fetch replies, and people who answer them.

A user of a handed-over conversation writes two messages that the bot does not understand, two that a person answers
each, and, given back, one that the bot understands. Whoever gets no answer sends the same again under the same id. What
was acknowledged and is not there in the end is lost; what is there more often than it was written came twice.

The names of a talk's conversations begin with its `series`, which no other talk on the same fleet has: a conversation
keeps its replies, and the ids of its messages.
"""

from __future__ import annotations

import asyncio
import itertools
import time
from collections import Counter
from collections.abc import Callable, Sequence
from typing import Any

import aiohttp

from tests.e2e.fleet.desk_record import ANSWERED, KEPT, KNOWN, UNKNOWN, Record

TO_BOT, HANDS_OFF, IS_KEPT, AGAIN = "message to the bot", "hand-off", "message that is kept", "bot again"
REPLIES, TAKE, REPLY, RETURN = "replies", "take", "reply", "return"
STEPS = (TO_BOT, HANDS_OFF, TAKE, IS_KEPT, REPLY, REPLIES, RETURN, AGAIN)
"""What is asked in a conversation that is handed over, in order."""
SECONDS_BETWEEN = 2.0
PATIENCE_SECONDS = 60.0
LONGEST_SECONDS = 300.0
"""After that a conversation that is not over is one that no one has: its hand-off was lost."""
REFUSED = range(400, 500)


class Talk:
    """Conversations over `urls`, taken in turn; people answer at `desks` until all are given back.

    `token` is the users' ("": they need none), whose client is `client`; `people` is that of those who answer.
    """

    def __init__(
        self,
        urls: Sequence[str],
        desks: Sequence[str],
        token: str,
        people: str,
        series: str,
        client: str = "web",
    ) -> None:
        self.record = Record()
        self.series = series
        self.asking: Counter[str] = Counter()
        """How many requests of each step have no answer yet."""
        self.unanswered: dict[int, float] = {}
        """When those that have no answer yet were sent first, by the monotonic clock."""
        self._urls, self._desks = itertools.cycle(urls), itertools.cycle(desks)
        self._token, self._people, self._client = token, people, client
        self._sent: dict[tuple[str, str], float] = {}
        self._open: set[str] = set()
        self._beginning, self._numbers = True, itertools.count()
        self._session: aiohttp.ClientSession

    async def run(
        self, conversations: int, rate: float, more: Callable[[], bool] = lambda: False, persons: int = 3
    ) -> Record:
        """Let conversations begin so that `rate` messages a second are written, and return what came of them.

        They are `conversations` at least, and as many as begin while there shall be `more`.
        """
        timeout = aiohttp.ClientTimeout(total=30)
        connector = aiohttp.TCPConnector(limit=0)
        async with aiohttp.ClientSession(timeout=timeout, connector=connector, trust_env=False) as session:
            self._session = session
            answering = [
                asyncio.ensure_future(self._person(f"person{n}", n, persons)) for n in range(persons)
            ]
            started, users = time.monotonic(), []
            for number in itertools.count():
                await asyncio.sleep(max(started + number * ANSWERED / rate - time.monotonic(), 0))
                if number >= conversations and not more():
                    break
                await asyncio.gather(
                    *(one for one in (*users, *answering) if one.done())
                )  # raises what they met
                users.append(asyncio.ensure_future(self._begin(number)))
            self.record.lasted = time.monotonic() - started
            self._beginning = False
            _, late = await asyncio.wait({*users, *answering}, timeout=LONGEST_SECONDS)
            assert not late, f"not given back, or not received: {sorted(self._open) or self.asking}"
            await asyncio.gather(*users, *answering)
        return self.record

    async def _begin(self, number: int) -> None:
        name = f"{self.series}-{number:04}"
        if number % 2:
            await self._answered(name)
        else:
            self.record.handed.append(name)
            self._open.add(name)
            await self._handed_over(name)

    async def _answered(self, name: str) -> None:
        for number in range(ANSWERED):
            self.record.answers[name].append(await self._say(TO_BOT, name, KNOWN, number))
            await asyncio.sleep(SECONDS_BETWEEN)

    async def _handed_over(self, name: str) -> None:
        for number, step in enumerate((TO_BOT, HANDS_OFF)):
            self.record.answers[name].append(await self._say(step, name, UNKNOWN, number))
            await asyncio.sleep(SECONDS_BETWEEN)
        listening = asyncio.ensure_future(self._listen(name))
        for number, text in enumerate(KEPT, start=2):
            self.record.answers[name].append(await self._say(IS_KEPT, name, text, number))
            await asyncio.sleep(SECONDS_BETWEEN)
        await listening
        self.record.answers[name].append(await self._say(AGAIN, name, KNOWN, 4))

    async def _listen(self, name: str) -> None:
        """Fetch replies until the bot has the conversation again and each was received."""
        after = 0
        while True:
            asked = {"sender": name, "after": str(after), "wait": "5"}
            found = await self._ask(REPLIES, "GET", self._urls, "/chat/replies", self._token, params=asked)
            for reply in found["replies"]:
                after = reply["id"]
                self.record.received[name].append(reply["text"])
                self.record.seconds.append(time.monotonic() - self._sent[name, reply["text"]])
            if not found["handed_off"] and not found["replies"]:
                return

    async def _say(self, step: str, name: str, text: str, number: int) -> dict[str, Any]:
        body = {"sender": name, "message": text, "message_id": f"{name}-{number}"}
        return await self._ask(step, "POST", self._urls, "/chat", self._token, json=body)

    async def _person(self, who: str, number: int, persons: int) -> None:
        """Take what waits, answer each message once, and give a conversation back after the last one."""
        mark = f"{self._client}/{self.series}-"
        while self._beginning or self._open:
            found = await self._ask("list", "GET", self._desks, "/handoff", self._people)
            rows = [row for row in found["conversations"] if row["conversation"].startswith(mark)]
            mine = [row for row in rows if int(row["conversation"][-4:]) // 2 % persons == number]
            for row in mine:
                await self._serve(who, row["conversation"].removeprefix(f"{self._client}/"))
            await asyncio.sleep(0.2)

    async def _serve(self, who: str, name: str) -> None:
        if name not in self.record.took:
            await self._change(TAKE, name, by=who)
            self.record.took[name] = who
        said = await self._read(name)
        answered = len(self.record.replied[name])
        for text in said[answered:]:
            reply = f"{who} to {name}: {text}"
            self._sent.setdefault((name, reply), time.monotonic())
            await self._change(REPLY, name, by=who, text=reply, id=f"{name}-{len(self.record.replied[name])}")
            self.record.replied[name].append(reply)
        if len(self.record.replied[name]) == len(KEPT):
            await self._change(RETURN, name, by=who)
            self.record.kept[name] = await self._read(name)
            self._open.discard(name)

    async def _read(self, name: str) -> list[str]:
        asked = {"conversation": f"{self._client}/{name}"}
        found = await self._ask(
            "read", "GET", self._desks, "/handoff/conversation", self._people, params=asked
        )
        self.record.before[name] = [line["text"] for line in found["before"] if line["from"] == "person"]
        return [line["text"] for line in found["lines"] if line["said_by"] == "person"]

    async def _change(self, what: str, name: str, **more: str) -> None:
        body = {"conversation": f"{self._client}/{name}", **more}
        await self._ask(what, "POST", self._desks, f"/handoff/{what}", self._people, json=body)

    async def _ask(
        self, step: str, method: str, urls: Any, path: str, token: str, **asked: Any
    ) -> dict[str, Any]:
        """Ask until there is an answer; a refusal is none of the faults that are waited out."""
        headers = {"Authorization": f"Bearer {token}"} if token else {}
        until, number = time.monotonic() + PATIENCE_SECONDS, next(self._numbers)
        self.unanswered[number] = time.monotonic()
        while True:
            self.asking[step] += 1
            try:
                async with self._session.request(
                    method, f"{next(urls)}{path}", headers=headers, **asked
                ) as answer:
                    if answer.status == 200:
                        found = dict(await answer.json())
                        del self.unanswered[number]
                        return found
                    said = f"{answer.status} {(await answer.text())[:200]}"
                    if answer.status in REFUSED or time.monotonic() > until:
                        raise AssertionError(f"{method} {path}: {said}")
            except (aiohttp.ClientError, TimeoutError) as error:
                if time.monotonic() > until:
                    raise AssertionError(f"{method} {path}: {error!r}") from error
            finally:
                self.asking[step] -= 1
            self.record.repeated += 1
            await asyncio.sleep(0.2)


def await_step(talk: Talk, step: str) -> None:
    """Return at once when a request of this step has no answer yet."""
    end = time.monotonic() + 120
    while not talk.asking[step]:
        assert time.monotonic() < end, f"no {step} was under way"
        time.sleep(0.0005)
