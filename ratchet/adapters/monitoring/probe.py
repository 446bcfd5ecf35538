"""A message to the bot through its public address, as people send theirs, with the token of Ratchet's own checks.

The bot keeps what comes with that token out of its figures, events and hand-offs, and does not carry out actions.
"""

from __future__ import annotations

import json
import re
import time
from collections.abc import Callable, Hashable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import httpx

from ratchet.adapters.bot import channel
from ratchet.adapters.corpus import data_revisions
from ratchet.adapters.settings import Settings
from ratchet.adapters.targets.process import ProcessTarget
from ratchet.adapters.targets.swarm import haproxy
from ratchet.domain.corpus.corpus import plain
from ratchet.domain.errors import RatchetError
from ratchet.domain.operations import probe
from ratchet.domain.operations.fleet import Fleet
from ratchet.domain.operations.probe import Probe, Question, Reply, Serving

PATIENCE = httpx.Timeout(12.0, connect=2.0)
"""A little longer than the proxy waits for a replica, 10 s, before it asks another one."""
SENDER, SENDERS = "monitor", 97
"""Conversations take turns: none continues from the last look, and there are only a few of them."""
STOCK = "hello"
CANDIDATES = 20
REFUSED = (httpx.codes.UNAUTHORIZED, httpx.codes.FORBIDDEN)


@dataclass
class FrontDoor:
    """The bot's public address; counts what was asked there, and what of it ended with a server error."""

    settings: Settings
    now: float
    asked: int = 0
    errors: int = 0
    url: str = field(init=False)

    def __post_init__(self) -> None:
        """Without the engine's word: it may be the very thing that does not answer."""
        swarm = self.settings.target == "swarm"
        self.url = haproxy.entry(self.settings) if swarm else ProcessTarget(self.settings).url()

    def say(self, text: str, context: dict[str, str]) -> Reply:
        """Send a message, in a conversation of its own; raises `RatchetError` where the token is refused."""
        turn = int(self.now / self.settings.params.monitor.every_seconds) % SENDERS
        body = {"sender": f"{SENDER}-{turn}", "message": text, "context": context}
        token = channel.staging_token(self.settings).read_text(encoding="utf-8").strip()
        headers = {"Authorization": f"Bearer {token}"}
        return self._reply(
            f"a message to {self.url}",
            lambda: httpx.post(f"{self.url}/chat", json=body, headers=headers, **OPTIONS),
        )

    def status(self) -> Reply:
        """Ask for the bot's status, which touches no conversation."""
        return self._reply(f"a look at {self.url}/status", lambda: httpx.get(f"{self.url}/status", **OPTIONS))

    def _reply(self, asked: str, ask: Callable[[], httpx.Response]) -> Reply:
        started = time.monotonic()
        try:
            answer = ask()
        except httpx.HTTPError as error:
            return Reply(asked, time.monotonic() - started, reason(error))
        seconds = time.monotonic() - started
        self.asked += 1
        self.errors += answer.status_code >= 500
        if answer.status_code in REFUSED:
            raise RatchetError(
                f"{self.url} refuses the token of Ratchet's own checks ({answer.status_code}).",
                "Look from the machine that made the release, or run `ratchet stop`, then `ratchet serve` there.",
            )
        said = parsed(answer)
        if answer.status_code != 200 or said is None:
            return Reply(asked, seconds, refusal(answer, said))
        named = said.get("intent")
        intent = str(named.get("name") or "") if isinstance(named, dict) else None
        release, model_id = str(said.get("release") or ""), str(said.get("model_id") or "")
        return Reply(asked, seconds, "", release, model_id, intent)


OPTIONS: dict[str, Any] = {"timeout": PATIENCE, "trust_env": False}


def knock(
    door: FrontDoor, serving: Sequence[Serving], fleet: Fleet | None, question: Question | None
) -> tuple[Probe | None, Question | None]:
    """Ask the bot something whose answer is known; return how that went and what to ask the next time.

    Where nothing has to serve, nothing is asked.
    A release gets its question at the first look at it. While a rollout is in progress, and of a bot that does not know
    checks, only the status is asked for: an old one would hand a message over to people, or act on it.
    """
    if not serving:
        return None, question
    release = serving[0][0]
    if question is not None and question.release == release:
        reply = door.say(question.text, question.context)
    elif len(serving) > 1 or not knows_checks(fleet):
        question, reply = None, door.status()
    else:
        question, reply = choose(door, candidates(door.settings), serving[0])
    return probe.judge(reply, serving, question), question


def choose(door: FrontDoor, offered: Sequence[Question], serving: Serving) -> tuple[Question | None, Reply]:
    """Find a message that the release answers as the corpus says; else one that it understands; else any.

    None where the release that serves did not answer.
    """
    best: Question | None = None
    for offer in offered:
        reply = door.say(offer.text, offer.context)
        if reply.why or (reply.release, reply.model_id) != serving:
            return None, reply
        known = Question(serving[0], offer.text, offer.context, reply.intent or "")
        if probe.fits(offer.intent, reply.intent):
            return known, reply
        best = best or (known if probe.understood(reply.intent) else None)
    return best or Question(serving[0], STOCK, {}, ""), reply


def candidates(settings: Settings) -> list[Question]:
    """Return messages of the corpus with their intents, always the same ones; a stock phrase where there is none."""
    policy = settings.params.corpus
    try:
        frame = data_revisions.read_revision(settings, None).frame
    except Exception:  # whatever keeps the corpus away must not keep the bot from being watched
        return [Question("", STOCK, {}, "")]
    frame = frame[(frame["intent"] != policy.out_of_scope) & ~frame["text"].str.startswith("/")]
    rows = frame.sample(min(CANDIDATES, len(frame)), random_state=1).to_dict("records")
    found = [Question("", plain(row["text"]), context(row, policy.context), row["intent"]) for row in rows]
    return found or [Question("", STOCK, {}, "")]


def context(row: Mapping[Hashable, str], fields: Iterable[str]) -> dict[str, str]:
    """Return what the corpus says of the person who wrote a message."""
    return {name: row[name] for name in fields if row[name]}


def knows_checks(fleet: Fleet | None) -> bool:
    """Say whether the replicas are of a framework that keeps checks apart: such a one answers `/alive`."""
    return any(alive(one.url) for one in (fleet.ready if fleet else ()) if one.url)


def alive(url: str) -> bool:
    """Say whether a replica answers `/alive`."""
    try:
        return httpx.get(f"{url}/alive", **OPTIONS).status_code == 200
    except httpx.HTTPError:
        return False


def parsed(answer: httpx.Response) -> dict[str, Any] | None:
    """Return the JSON object of an answer; None where there is none."""
    try:
        said = answer.json()
    except (json.JSONDecodeError, UnicodeDecodeError):
        return None
    return said if isinstance(said, dict) else None


def refusal(answer: httpx.Response, said: dict[str, Any] | None) -> str:
    """Say in a clause what came in place of an answer."""
    if answer.status_code == 200:
        return "what came is not from the bot"
    named = (said or {}).get("error") or (said or {}).get("why")
    what = f"{answer.status_code} {answer.reason_phrase}".strip()
    return f"{what}, {str(named).splitlines()[0].rstrip('.')[:200]}" if named else what


def reason(error: httpx.HTTPError) -> str:
    """Say in a clause why nothing came."""
    if isinstance(error, httpx.TimeoutException):
        limit = PATIENCE.connect if isinstance(error, httpx.ConnectTimeout) else PATIENCE.read
        return f"nothing came within {limit:g} s"
    first = next(iter(str(error).splitlines()), "") or type(error).__name__
    return re.sub(r"^\[Errno -?\d+\] ", "", first).rstrip(".")[:200]
