"""Whether a replica can answer: a list of conditions, each with a name and a reason where it does not hold."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass

from rasa.core.agent import Agent
from redis import Redis
from redis.backoff import NoBackoff
from redis.exceptions import RedisError
from redis.retry import Retry

from ratchet_bot.channel.store import CLIENT, NOTHING, Store

LIMIT_SECONDS = 1.0
FRESH_SECONDS = 0.5
"""Proxies and the engine ask each second or two: within this time they get the same answer."""


@dataclass(frozen=True)
class Condition:
    """Something without which a replica cannot answer; `fault` returns why it does not hold, "" when it holds.

    `fault` is asked several times a second: it must be cheap, must end within about a second and must not raise.
    """

    name: str
    fault: Callable[[], Awaitable[str]]


async def why_not(conditions: Sequence[Condition]) -> str:
    """Why a replica cannot answer, each failing condition with its reason; "" when it can."""
    faults = [(condition.name, await condition.fault()) for condition in conditions]
    return "; ".join(f"{name}: {fault}" for name, fault in faults if fault)


def conditions(agent: Agent, store: Store | None) -> list[Condition]:
    """What a replica needs before it can answer: the one list that decides readiness."""

    async def no_model() -> str:
        return "" if agent.is_ready() else "none is loaded"

    found = [Condition("model", no_model)]
    if store is not None:
        found.append(Condition("conversation store", Pulse(store.url, store.address).fault))
    return found


class Pulse:
    """Whether the Redis at `url` takes writes, asked on a connection of its own, once at a time.

    It asks in a thread, so that neither a silent Redis nor a slow name server holds the replica up, and a replica
    that is busy does not take its own delay for that of Redis. `address` is what a reason says instead of the URL.
    """

    def __init__(self, url: str, address: str) -> None:
        self._redis = Redis.from_url(
            url,
            client_name=CLIENT,
            socket_connect_timeout=LIMIT_SECONDS,
            socket_timeout=LIMIT_SECONDS,
            retry=Retry(NoBackoff(), 0),
        )
        self._address = address
        self._asking: asyncio.Future[None] | None = None
        self._answered = float("-inf")
        self._fault = ""

    async def fault(self) -> str:
        """Redis's own first line and its address, when it does not take writes; `FRESH_SECONDS` old at most."""
        if self._asking is not None and self._asking.done():
            self._asking = None
        if self._asking is None:
            if time.monotonic() - self._answered < FRESH_SECONDS:
                return self._fault
            self._asking = asyncio.get_running_loop().run_in_executor(None, self._ask)
        asking = self._asking
        await asyncio.wait({asking}, timeout=LIMIT_SECONDS)
        return self._fault if asking.done() else self._said(f"no answer within {LIMIT_SECONDS:g} s")

    def _ask(self) -> None:
        try:
            self._redis.delete(NOTHING)
            self._fault = ""
        except (RedisError, OSError) as error:
            self._fault = self._said(str(error).partition("\n")[0] or type(error).__name__)
        self._answered = time.monotonic()

    def _said(self, problem: str) -> str:
        return f"{problem.rstrip('.')} ({self._address})"
