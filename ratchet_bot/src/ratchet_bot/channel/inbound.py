"""Messages of platforms become turns: each event one, however often it is sent, and each that was begun is finished."""

from __future__ import annotations

import asyncio
import functools
import inspect
import logging
import time
from collections.abc import Awaitable, Callable, Coroutine
from contextvars import ContextVar
from dataclasses import dataclass, field
from typing import Any

from rasa.core.channels.channel import CollectingOutputChannel, UserMessage
from rasa.core.lock_store import LockError
from redis.exceptions import RedisError
from sanic import response
from sanic.exceptions import SanicException
from sanic.request import Request
from sanic.response import HTTPResponse

from ratchet_bot.channel import event_ids, naming
from ratchet_bot.channel.conversation import Conversations, Turn
from ratchet_bot.channel.directory import Directory
from ratchet_bot.channel.limits import LONGEST_ID, MOST_CHARACTERS
from ratchet_bot.channel.relay import Relay

logger = logging.getLogger(__name__)

ANSWER_SECONDS = 2.0
"""How long an answer waits for turns that its channel answers in the background, as Slack's does, which allows 3 s.

Until then a replica that dies has not said that it has the message, and the proxy or the platform sends it again.
"""


@dataclass
class Arrival:
    """What came with one request, or one event of a socket: the event's id, and the turns that were begun for it.

    `unsaid` says that a turn sent nothing on its way: the message was answered before, maybe by another replica.
    """

    event: str | None = None
    turns: list[asyncio.Task[None]] = field(default_factory=list)
    refused: str = ""
    unsaid: bool = False
    before: int = 0

    def begin(self, event: str | None) -> None:
        """Begin the next event, where a request holds several: it has an id of its own, `before` it were turns."""
        self.event, self.before = event, len(self.turns)

    def next_id(self) -> str | None:
        """Return the id of the next message in it; an event may hold several."""
        return f"{self.event}#{len(self.turns) - self.before}" if self.event else None


arrival: ContextVar[Arrival | None] = ContextVar("arrival", default=None)


class Inbound:
    """Takes the messages of all channels but Ratchet's own."""

    def __init__(self, directory: Directory) -> None:
        self._directory = directory
        self._running: set[asyncio.Task[None]] = set()
        self.conversations: Conversations  # set before the server listens

    def taker(
        self, path: str, prepare: Callable[[UserMessage], None] | None = None
    ) -> Callable[[UserMessage], Awaitable[None]]:
        """Return what a channel calls with each message; `path` is the channel's, as in `slack/sales`.

        `prepare` may change the message before.
        """

        def take(message: UserMessage) -> Coroutine[Any, Any, None]:
            came = arrival.get() or Arrival()
            if prepare:
                prepare(message)
            if len(message.sender_id) > LONGEST_ID:
                came.refused = f"The sender's name is longer than {LONGEST_ID} characters."
                return _nothing()
            task = asyncio.ensure_future(self._turn(path, message, came, came.next_id()))
            came.turns.append(task)
            self._running.add(task)
            task.add_done_callback(self._ended)
            return _until(task)

        return take

    async def drain(self, seconds: float) -> None:
        """Wait for the turns under way, and log those that are given up."""
        if self._running:
            _, late = await asyncio.wait(self._running, timeout=seconds)
            if late:
                logger.error("%d messages of platforms were not answered before the stop", len(late))

    def _ended(self, task: asyncio.Task[None]) -> None:
        self._running.discard(task)
        if not task.cancelled() and (error := task.exception()):
            logger.error("a message was not answered: %s", error, exc_info=error)

    async def _turn(self, path: str, message: UserMessage, came: Arrival, event: str | None) -> None:
        at, inner = time.time(), message.output_channel
        relay = Relay(inner, message.sender_id)
        text = message.text or ""
        if len(text) > MOST_CHARACTERS:
            logger.warning("a message of %d characters through %s is cut", len(text), path)
        reply = await self.conversations.reply(
            Turn(
                conversation=naming.conversation(path, message.sender_id),
                text=text[:MOST_CHARACTERS].encode(errors="replace").decode(),  # no half of a character
                context=self._directory.context(message.sender_id),
                message_id=event or message.message_id,
                at=at,
                channel=message.input_channel or path,
                output=relay,
                metadata=message.metadata if isinstance(message.metadata, dict) else {},
                parsed=message.parse_data,
            )
        )
        came.unsaid = came.unsaid or not relay.messages
        if not relay.messages and isinstance(inner, CollectingOutputChannel):
            await relay.again(
                reply["messages"]
            )  # a client that asks again, and gets its reply in the answer, gets it again


async def _nothing() -> None:
    pass


async def _until(task: asyncio.Task[None]) -> None:
    """Wait for a turn. A client that disconnects does not end it: half of it may be done."""
    await asyncio.shield(task)


def guarded(handler: Callable[..., Any], channel: Any, kind: str) -> Callable[..., Awaitable[Any]]:
    """Return a channel's handler of requests, whose answer says whether the message was taken.

    Rasa's handlers answer 200 whatever becomes of a message; then no one would send it again.
    """

    @functools.wraps(handler)
    async def receive(request: Request, *arguments: Any, **options: Any) -> Any:
        came = Arrival(event_ids.of(channel, kind, request))
        arrival.set(came)
        if event_ids.says_nothing(kind, request):
            return response.text("success")
        try:
            answer = handler(request, *arguments, **options)
            if inspect.isawaitable(answer):
                answer = await answer
        except SanicException:
            raise
        except Exception as error:
            if not came.turns:
                logger.warning("a request to %s cannot be read: %r", request.path, error)
                return response.json({"error": "The request cannot be read."}, status=400)
            logger.warning("a request to %s was handled in part: %r", request.path, error)
            answer = again(500)
        return await _settled(came) or answer

    return receive


async def _settled(came: Arrival) -> HTTPResponse | None:
    """Wait a moment for the turns of a request; return the answer where one of them failed."""
    if came.refused:
        return response.json({"error": came.refused}, status=413)
    if not came.turns:
        return None
    done, _ = await asyncio.wait(came.turns, timeout=ANSWER_SECONDS)
    failed = [task.exception() for task in done if not task.cancelled() and task.exception()]
    if not failed:
        return None
    away = isinstance(failed[0], (RedisError, LockError))
    return again(503 if away else 500)


def again(status: int) -> HTTPResponse:
    """Return the answer upon which a platform sends its request again."""
    return response.json({"error": "The message could not be answered; send it again."}, status=status)
