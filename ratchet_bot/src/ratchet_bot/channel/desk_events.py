"""Tells another desk what happens in hand-offs: signed posts, in order, from an outbox that is written with the change.

A post is sent again until it is answered with a status below 300. An event that the desk refuses is given up after
`MOST_REFUSALS`, so that it does not hold up the others; one that the desk cannot take now, after a day. Events carry
ids: a replica that dies between a post and noting it sends that one again.
"""

from __future__ import annotations

import asyncio
import hashlib
import hmac
import json
import logging
import time
from typing import Any

import aiohttp
from rasa.core.lock_store import LockError, LockStore
from redis.exceptions import RedisError

from ratchet_bot.channel.desk import Desk
from ratchet_bot.tools._errors import ToolError

logger = logging.getLogger(__name__)

LOOK_SECONDS = 0.3
"""How often the outbox is looked into; what fills it may be another replica."""
FIRST_WAIT_SECONDS, MOST_WAIT_SECONDS = 0.5, 60.0
GIVE_UP_SECONDS = 24 * 3600
MOST_REFUSALS = 5
LATER = (401, 403, 404, 408, 425, 429)
"""Refusals that are about the desk and not about the event: its token, its address, its load."""
LOCK = "#handoff-events"
TIMEOUT = aiohttp.ClientTimeout(total=10)
LEAST_SECRET = 16


class DeskEvents:
    """Posts events to `url`; `secret` signs them. One replica at a time does."""

    def __init__(self, desk: Desk, locks: LockStore, url: str, secret: str) -> None:
        self._desk, self._locks, self._url, self._secret = desk, locks, url, secret
        self._looking: asyncio.Task[None] | None = None
        self._stopping = False

    def start(self) -> None:
        """Begin to deliver."""
        self._looking = asyncio.ensure_future(self._look())

    async def drain(self, seconds: float) -> None:
        """End after the post under way; the rest is in the outbox."""
        self._stopping = True
        if self._looking is not None:
            await asyncio.wait({self._looking}, timeout=seconds)
            self._looking.cancel()

    async def _look(self) -> None:
        wait = LOOK_SECONDS
        while not self._stopping:
            try:
                longer = min(max(2 * wait, FIRST_WAIT_SECONDS), MOST_WAIT_SECONDS)
                wait = LOOK_SECONDS if await self.deliver() else longer
            except (RedisError, LockError) as error:
                logger.warning("events of hand-offs are not delivered now: %s", error)
            await self._sleep(wait)

    async def _sleep(self, seconds: float) -> None:
        until = time.monotonic() + seconds
        while not self._stopping and time.monotonic() < until:
            await asyncio.sleep(min(LOOK_SECONDS, max(until - time.monotonic(), 0)))

    async def deliver(self) -> bool:
        """Post what is in the outbox; returns whether nothing is left that the desk cannot take now."""
        if not await self._desk.told(1):
            return True
        refusals = 0
        async with self._locks.lock(LOCK):
            while not self._stopping and (waiting := await self._desk.told(1)):
                [stored] = waiting
                event = json.loads(stored)
                status = await self._post(event)
                refused = 400 <= status < 500 and status not in LATER
                refusals = refusals + 1 if refused else 0
                old = event["at"] < time.time() - GIVE_UP_SECONDS
                if status < 300 or refusals >= MOST_REFUSALS or old:
                    if status >= 300:
                        logger.error("an event of a hand-off is given up: %s", event["id"])
                    await self._desk.heard(stored)
                    refusals = 0
                elif not refused:
                    return False
        return True

    async def _post(self, event: dict[str, Any]) -> int:
        """The status of the answer, 599 without one."""
        body = json.dumps(event, ensure_ascii=False).encode()
        headers = {
            "Content-Type": "application/json",
            "X-Ratchet-Event": event["type"],
            "X-Ratchet-Delivery": event["id"],
            "X-Ratchet-Signature": signature(self._secret, body, int(time.time())),
        }
        try:
            async with aiohttp.ClientSession(timeout=TIMEOUT) as session:
                async with session.post(
                    self._url, data=body, headers=headers, allow_redirects=False
                ) as answer:
                    status = int(answer.status)
        except (TimeoutError, aiohttp.ClientError, OSError) as error:
            logger.warning("the desk did not take event %s: %s", event["id"], error or type(error).__name__)
            return 599
        if status >= 300:
            logger.warning("the desk did not take event %s: status %d", event["id"], status)
        return status


def signature(secret: str, body: bytes, at: int) -> str:
    """Return the header that says when a body was sent, and by whom: `t=SECONDS,v1=HMAC-SHA256 of "SECONDS.BODY"`."""
    signed = hmac.new(secret.encode(), f"{at}.".encode() + body, hashlib.sha256).hexdigest()
    return f"t={at},v1={signed}"


def address(url: str | None, secret: str | None) -> tuple[str, str] | None:
    """Return where events go, and the secret that signs them; None where they go nowhere.

    Raises ToolError for an address without a secret, or with one that is too short.
    """
    if not url:
        return None
    if not secret or len(secret) < LEAST_SECRET:
        raise ToolError(
            "RATCHET_HANDOFF_EVENTS_URL is set, and there is no secret that signs the events.",
            f"Set RATCHET_HANDOFF_EVENTS_SECRET to {LEAST_SECRET} characters or more.",
        )
    return url, secret


def made(desk: Desk, locks: LockStore, to: tuple[str, str] | None) -> DeskEvents | None:
    """Return what delivers events to an address, None without one."""
    return DeskEvents(desk, locks, *to) if to else None
