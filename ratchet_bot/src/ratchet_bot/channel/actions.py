"""The custom actions of a bot: where they run, and whether their server answers."""

from __future__ import annotations

import asyncio
import logging
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import aiohttp
from rasa.utils.endpoints import EndpointConfig

from ratchet_bot.channel import naming
from ratchet_bot.channel.checks import is_check
from ratchet_bot.channel.readiness import FRESH_SECONDS, LIMIT_SECONDS, Condition

logger = logging.getLogger(__name__)

AGAIN_SECONDS = 1.0
"""How long after the end of an action server its successor is started."""
STOP_SECONDS = 2.0


class Actions(EndpointConfig):
    """Runs custom actions at a URL, those of checks excepted: they are logged, and change and say nothing.

    Rasa reads that as "all is valid" where it asks for a form's validation, so a check can fill a form. A platform's
    person is called by the actions as the platform calls them.
    """

    async def request(self, *arguments: Any, **options: Any) -> Any:
        """See Rasa's endpoint."""
        asked = options.get("json") or {}
        if is_check(str(asked.get("sender_id", ""))):
            logger.info("%r is a check: %s was not run", asked["sender_id"], asked.get("next_action"))
            return {"events": [], "responses": []}
        return await super().request(*arguments, **{**options, "json": as_the_platform_says(asked)})


def as_the_platform_says(asked: Mapping[str, Any]) -> dict[str, Any]:
    """Return what an action is told, with the person's name of the platform in place of the conversation's."""
    person = naming.person(str(asked.get("sender_id", "")))
    if person is None:
        return dict(asked)
    tracker = asked.get("tracker")
    known = {"tracker": {**tracker, "sender_id": person}} if isinstance(tracker, dict) else {}
    return {**asked, "sender_id": person, **known}


class Answers:
    """Whether an action server answers, asked once at a time; the answer is `FRESH_SECONDS` old at most."""

    def __init__(self, url: str) -> None:
        self._url = url
        self._asking: asyncio.Task[str] | None = None
        self._fault, self._at = "", float("-inf")

    def condition(self) -> Condition:
        """What the readiness check asks."""
        return Condition("actions", self.fault)

    async def fault(self) -> str:
        """Return why it does not answer, "" where it does."""
        if self._asking is None and time.monotonic() - self._at < FRESH_SECONDS:
            return self._fault
        self._asking = self._asking or asyncio.ensure_future(self._ask())
        fault = await asyncio.shield(self._asking)
        self._asking, self._fault, self._at = None, fault, time.monotonic()
        return fault

    async def _ask(self) -> str:
        try:
            async with aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=LIMIT_SECONDS)) as session:
                async with session.get(f"{self._url}/health") as answer:
                    problem = "" if answer.status == 200 else f"status {answer.status}"
        except TimeoutError:
            problem = f"no answer within {LIMIT_SECONDS:g} s"
        except (aiohttp.ClientError, OSError) as error:
            problem = str(error) or type(error).__name__
        return problem and f"{problem} ({self._url})"


class OwnServer:
    """The action server of this replica, as a process beside it; one that ends is started again."""

    def __init__(self) -> None:
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self.port = int(probe.getsockname()[1])
        self.url = f"http://127.0.0.1:{self.port}"
        self._process: subprocess.Popen[bytes] | None = None
        self._watching: asyncio.Task[None] | None = None

    def start(self) -> None:
        """Start it; its lines come among this process's."""
        argv = [sys.executable, "-m", "ratchet_bot.tools.actions", "--port", str(self.port)]
        self._process = subprocess.Popen([*argv, "--parent", str(os.getpid())], stdin=subprocess.DEVNULL)

    def watch(self) -> None:
        """Start it again whenever it has ended, until `stop`; to be called in the event loop."""
        self._watching = asyncio.ensure_future(self._watch())

    async def _watch(self) -> None:
        while self._process is not None:
            if (code := self._process.poll()) is not None:
                logger.error("the action server ended with %s; starting it again", code)
                await asyncio.sleep(AGAIN_SECONDS)
                self.start()
            await asyncio.sleep(AGAIN_SECONDS / 4)

    def stop(self, seconds: float) -> None:
        """End it, after what it is running."""
        if self._watching is not None:
            self._watching.cancel()
        if self._process is not None and self._process.poll() is None:
            self._process.send_signal(signal.SIGTERM)
            try:
                self._process.wait(timeout=seconds)
            except subprocess.TimeoutExpired:
                self._process.kill()


@dataclass(frozen=True)
class Place:
    """Where a replica's custom actions run: at a `url` (None: nowhere), and what readiness asks of it.

    `server` is the replica's own, None where they run elsewhere.
    """

    url: str | None = None
    conditions: Sequence[Condition] = ()
    server: OwnServer | None = None

    def watch(self) -> None:
        """Keep the replica's own server running; to be called in the event loop."""
        if self.server:
            self.server.watch()

    def stop(self) -> None:
        """End it."""
        if self.server:
            self.server.stop(STOP_SECONDS)


def place(url: str | None, service: str | None, folder: Path) -> Place:
    """Return where the actions of a bot's folder run; its own server is started.

    `url` is a server of the team's, which readiness does not ask; `service` the release's own, as http://HOST:PORT.
    """
    if url:
        return Place(url)
    if service:
        return Place(f"{service}/webhook", [Answers(service).condition()])
    if not has_own(folder):
        return Place()
    server = OwnServer()
    server.start()
    return Place(f"{server.url}/webhook", [Answers(server.url).condition()], server)


def has_own(folder: Path) -> bool:
    """Say whether a bot's folder has custom actions: a package `actions`, or a module."""
    package = folder / "actions"
    return (folder / "actions.py").is_file() or (package.is_dir() and any(package.rglob("*.py")))
