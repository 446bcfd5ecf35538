"""Rasa's Socket.IO channel, whose replies are sent again until the client has them.

A reply counts as received when the client has answered a ping that was sent right after it, as every Engine.IO client
does by itself: what came before the ping on the same connection was received then. What was not comes again as soon
as the client asks for its session on another connection, to whichever replica (`session_persistence: true`).
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import Awaitable, Callable
from typing import Any

from rasa.core.channels.channel import UserMessage
from rasa.core.channels.socketio import SocketIOInput
from rasa.core.lock_store import LockError, LockStore
from redis.exceptions import RedisError
from sanic.request import Request

from ratchet_bot.channel import naming
from ratchet_bot.channel.inbound import Arrival, arrival
from ratchet_bot.channel.limits import LONGEST_ID
from ratchet_bot.channel.outbox import Outbox
from ratchet_bot.channel.socket import NO_SOCKET, Socket

logger = logging.getLogger(__name__)

CLOSE_SECONDS = 1.0
COOKIE = "io"
"""It tells the proxy which replica a client polls; see haproxy.cfg."""


class Sockets:
    """What is done beside Rasa's own channel; its handlers stay as they are."""

    def __init__(self, channel: SocketIOInput, path: str, outbox: Outbox, locks: LockStore) -> None:
        self._channel, self.path = channel, path
        self._outbox, self._locks = outbox, locks
        self._namespace = channel.namespace or "/"
        self._open: dict[str, Socket] = {}
        self._flushing: set[asyncio.Task[None]] = set()
        self._connections: set[Any] = set()

    def attach(self) -> None:
        """Put this around the handlers that the channel has registered."""
        server = self._channel.sio
        server.eio.cookie = COOKIE
        server.enter_room = self._enter  # a coroutine by now, which Rasa does not await: no one would enter
        server.eio.handle_request = self._handling(server.eio.handle_request)
        handlers = server.handlers[self._namespace]
        message = self._channel.user_message_evt
        handlers["connect"] = self._connecting(handlers["connect"])
        handlers["disconnect"] = self._disconnecting(handlers["disconnect"])
        handlers["session_request"] = self._requesting(handlers["session_request"])
        handlers[message] = self._taking(handlers[message])

    def prepare(self, message: UserMessage) -> None:
        """Let the reply to a message of this channel go through the outbox."""
        message.output_channel.sio = Sender(self, message.sender_id)

    async def close(self) -> None:
        """Close all connections, so that clients go to another replica; those of clients that are gone are cut."""
        for one in list(self._open.values()):
            await one.end()
        for _ in range(round(CLOSE_SECONDS / 0.05)):
            if not self._open:
                return
            await asyncio.sleep(0.05)
        for connection in [one for one in self._connections if getattr(one, "websocket", None)]:
            connection.abort()

    async def send(self, session: str, event: str, data: Any, room: str) -> None:
        """Send a reply to a session's connections, and keep it until one of them has it."""
        number = await self._outbox.put(self._conversation(session), data) if self._persistent else None
        await self._emit(session, event, data, room, number)

    async def tell(
        self, session: str, number: int, data: dict[str, Any], received: Callable[[], Awaitable[None]]
    ) -> None:
        """Send a person's reply to those of a session's connections here that it did not go out on, in order.

        `received` is called once one of them has it.
        """
        server, event = self._channel.sio, self._channel.bot_message_evt
        with contextlib.suppress(*NO_SOCKET):
            for sid, eio in list(server.manager.get_participants(self._namespace, session)):
                one = self._open.get(eio)
                if one and one.told.get(session, 0) < number:
                    one.told[session] = number
                    await server.emit(event, data, room=sid, namespace=self._namespace)
                    await one.ask(received)

    async def again(self, session: str) -> None:
        """Send what a session's client does not have, once the turns are over that are before this."""
        name = self._conversation(session)
        try:
            async with self._locks.lock(name):
                for number, data in await self._outbox.waiting(name):
                    await self._emit(session, self._channel.bot_message_evt, data, session, number)
        except (RedisError, LockError) as error:
            logger.warning("what %r has not received is not sent again now: %s", name, error)

    async def _emit(self, session: str, event: str, data: Any, room: str, number: str | None) -> None:
        server, name = self._channel.sio, self._conversation(session)

        if number is None:
            await server.emit(event, data, room=room, namespace=self._namespace)
            return
        for sid, eio in list(server.manager.get_participants(self._namespace, room)):
            one = self._open.get(eio)
            if one is None or number in one.sent:
                continue
            one.sent.add(number)
            await server.emit(event, data, room=sid, namespace=self._namespace)
            await one.ask(self._received(one, name, number))

    def _received(self, one: Socket, name: str, number: str) -> Callable[[], Awaitable[None]]:
        async def received() -> None:
            with contextlib.suppress(RedisError):  # then it is delivered twice
                await self._outbox.drop(name, number)
                one.sent.discard(number)

        return received

    def _enter(self, sid: str, room: str, namespace: str | None = None) -> None:
        self._channel.sio.manager.basic_enter_room(sid, namespace or self._namespace, room)

    @property
    def _persistent(self) -> bool:
        return bool(self._channel.session_persistence)

    def _conversation(self, session: str) -> str:
        return naming.conversation(self.path, session)

    def _handling(self, handler: Callable[..., Awaitable[Any]]) -> Callable[..., Awaitable[Any]]:
        async def handle_request(request: Request) -> Any:
            if protocol := _protocol(request):
                self._connections = protocol.connections
            answer = await handler(request)
            # The library answers `OK` over a WebSocket that has ended: that has nowhere to go.
            protocol = _protocol(request)
            return answer if protocol and not getattr(protocol, "websocket", None) else None

        handle_request.is_websocket = True  # type: ignore[attr-defined]  # Sanic: no answer is no fault
        return handle_request

    def _connecting(self, handler: Callable[..., Awaitable[Any]]) -> Callable[..., Awaitable[Any]]:
        async def connect(sid: str, environ: dict[str, Any], auth: Any = None) -> Any:
            allowed = await handler(sid, environ, auth if isinstance(auth, dict) else None)
            if allowed is not False:
                server = self._channel.sio
                eio = server.manager.eio_sid_from_sid(sid, self._namespace)
                self._open[eio] = Socket(server.eio.sockets[eio])
            return allowed

        return connect

    def _disconnecting(self, handler: Callable[..., Awaitable[Any]]) -> Callable[..., Awaitable[Any]]:
        async def disconnect(sid: str, *reason: Any) -> None:
            eio = self._channel.sio.manager.eio_sid_from_sid(sid, self._namespace)
            one = self._open.pop(eio, None)
            await handler(sid)
            if one:
                await one.end()  # a client that polls waits for the answer to its last poll before it is gone

        return disconnect

    def _requesting(self, handler: Callable[..., Awaitable[Any]]) -> Callable[..., Awaitable[Any]]:
        async def session_request(sid: str, data: Any = None) -> None:
            data = data if isinstance(data, dict) else {}
            session = data.get("session_id")
            if session is not None and not _is_id(session):
                logger.warning("a session id that is no text of at most %d characters is refused", LONGEST_ID)
                return
            await handler(sid, data)
            self._flush(session)

        return session_request

    def _flush(self, session: Any) -> None:
        """Send what the client of a session does not have."""
        if self._persistent and session:
            task = asyncio.ensure_future(self.again(session))
            self._flushing.add(task)
            task.add_done_callback(self._flushing.discard)

    def _taking(self, handler: Callable[..., Awaitable[Any]]) -> Callable[..., Awaitable[Any]]:
        async def user_message(sid: str, data: Any = None) -> None:
            if not isinstance(data, dict) or not isinstance(data.get("message", ""), str):
                logger.warning("an event that is no message is left out")
                return
            if self._persistent and not _is_id(data.get("session_id")):
                logger.warning("a message without a valid session_id is left out")
                return
            given = data.get("message_id")
            came = Arrival(str(given)[:LONGEST_ID] if given else None)
            arrival.set(came)
            await handler(sid, data)  # its end is the acknowledgement that a client may ask for
            if (
                came.unsaid
            ):  # the replica that this client was with may have answered after the client left it
                self._flush(data.get("session_id"))

        return user_message


class Sender:
    """What a reply's output calls in place of the server."""

    def __init__(self, sockets: Sockets, session: str) -> None:
        self._sockets, self._session = sockets, session

    async def emit(self, event: str, data: Any = None, room: str = "", **options: Any) -> None:
        """Send an event, as the server's own `emit` does."""
        await self._sockets.send(self._session, event, data, room or self._session)


def _protocol(request: Request) -> Any:
    """Return what holds the connection of a request; None where it has ended."""
    return request.transport.get_protocol() if request.transport else None


def _is_id(value: Any) -> bool:
    return isinstance(value, str) and 0 < len(value) <= LONGEST_ID
