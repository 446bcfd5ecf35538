"""Hands a conversation over to people: posts it to a webhook in the background, and tries again when that fails."""

from __future__ import annotations

import asyncio
import logging
from typing import Any

import aiohttp

from ratchet_bot.channel.checks import is_check

logger = logging.getLogger(__name__)

ATTEMPTS = 6
FIRST_WAIT_SECONDS = 0.5
TIMEOUT = aiohttp.ClientTimeout(total=10)


class Handoff:
    """Posts JSON to `url` (None: nowhere, which is logged). A reply never waits for it.

    `others` says that people are told of hand-offs by another way, so that one that is posted nowhere is no fault.
    """

    def __init__(self, url: str | None, first_wait: float = FIRST_WAIT_SECONDS, others: bool = False) -> None:
        self.url = url
        self._others = others
        self._first_wait = first_wait
        self._posts: set[asyncio.Task[None]] = set()

    def post(self, conversation: dict[str, Any]) -> None:
        """Start to deliver a conversation. That of a check is only logged: no person is to answer it."""
        if is_check(conversation["sender"]):
            logger.info("%r is a check: it was not handed off", conversation["sender"])
        elif self.url is None and self._others:
            logger.info("conversation %r was handed off", conversation["sender"])
        elif self.url is None:
            logger.error("conversation %r needs a person, and no hand-off URL is set", conversation["sender"])
        else:
            task = asyncio.ensure_future(self._deliver(conversation))
            self._posts.add(task)  # asyncio itself keeps no reference
            task.add_done_callback(self._posts.discard)

    async def drain(self, seconds: float) -> None:
        """Wait for deliveries under way, and log those that are given up."""
        if self._posts:
            _, late = await asyncio.wait(self._posts, timeout=seconds)
            for task in late:
                task.cancel()
            if late:
                logger.error("%d conversations were not handed off before the stop", len(late))

    async def _deliver(self, conversation: dict[str, Any]) -> None:
        for attempt in range(ATTEMPTS):
            if attempt:
                await asyncio.sleep(self._first_wait * 2 ** (attempt - 1))
            try:
                async with aiohttp.ClientSession(timeout=TIMEOUT) as session:
                    async with session.post(self.url, json=conversation) as answer:
                        if answer.status < 400:
                            return
                        problem: object = f"status {answer.status}"
            except (TimeoutError, aiohttp.ClientError) as error:
                problem = error or type(error).__name__
            logger.warning("hand-off of %r, attempt %d: %s", conversation["sender"], attempt + 1, problem)
        logger.error("conversation %r could not be handed off", conversation["sender"])
