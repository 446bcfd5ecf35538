"""The HTTP routes of people who answer in the bot's place, of the pause, and of replies to users."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable
from dataclasses import asdict
from functools import partial
from typing import Any

from sanic import Blueprint, response
from sanic.request import Request
from sanic.response import HTTPResponse

from ratchet_bot.channel import figures, handed
from ratchet_bot.channel.access import CHAT, HANDOFF, PAUSE, Access
from ratchet_bot.channel.asked import BadRequest, answer_refusals, authorised, content, text
from ratchet_bot.channel.conversation import Conversations
from ratchet_bot.channel.desk import KEPT_SECONDS, Pause
from ratchet_bot.channel.handed import Handed, NotPossible
from ratchet_bot.channel.limits import LONGEST_ID, MOST_CHARACTERS
from ratchet_bot.channel.masking import mask
from ratchet_bot.channel.silence import Silence

ASK_SECONDS = 0.3
"""How often a user who waits for a reply is looked up; the reply may have been given at another replica."""
MOST_WAIT_SECONDS = 5.0
"""How long a request waits for a reply at most: half of what the proxy allows."""
MINUTES, MOST_MINUTES = 15.0, 24 * 60.0
"""How long a colleague has a conversation without a word, normally and at most."""
HOURS, MOST_HOURS, MOST_ENDED = 24.0, KEPT_SECONDS / 3600, 200
"""Over how long figures are, normally and at most; and how many conversations that ended are listed."""
LONGEST_NAME = 2 * LONGEST_ID + 1
NO_STORE = {"Cache-Control": "no-store"}

Handler = Callable[[Request], Awaitable[HTTPResponse]]


class DeskRoutes:
    """Routes for tokens with the right `handoff`, behind the operation port of a fleet.

    - `GET /handoff`: the conversations that are handed off, the one that waits for longest first.
    - `GET /handoff/ended?hours=H`: those whose hand-off ended in the last hours, the latest first.
    - `GET /handoff/conversation?conversation=C&mask=true`: what was said in it, with personal data masked.
    - `POST /handoff/take` {"conversation", "minutes"?}, `/handoff/reply` and `/handoff/note` {"conversation", "text",
      "id"}, `/handoff/close` and `/handoff/return` {"conversation"}. `by` names who of the client's people it is. A
      change that the state does not allow is 409 with the reason; a request that is sent again changes nothing.
    - `GET /handoff/figures?hours=H`: how many wait, and how fast people were in the last hours; as for `/pause`.
    - `GET /pause`, `PUT /pause` {"say", "handoff"?, "by"?}, `DELETE /pause`: for the staging token and `handoff`.

    And for client applications: `GET /chat/replies?sender=S&after=N&wait=T`, the replies after number N, which says
    that the user has those up to N; it waits at most T seconds for one.
    """

    def __init__(self, access: Access, silence: Silence) -> None:
        self._access = access
        self._silence, self._desk = silence, silence.desk
        self._stopping = False
        self.conversations: Conversations  # set before the server listens

    def close(self) -> None:
        """End the requests that wait for a reply: their clients ask the next replica."""
        self._stopping = True

    def blueprint(self) -> Blueprint:
        """Return the routes."""
        routes = Blueprint("desk")
        for method, path, handler in (
            ("GET", "/chat/replies", self._replies),
            ("GET", "/handoff", self._list),
            ("GET", "/handoff/ended", self._ended),
            ("GET", "/handoff/conversation", self._read),
            ("GET", "/handoff/figures", self._figures),
            ("POST", "/handoff/take", self._take),
            ("POST", "/handoff/reply", self._reply),
            ("POST", "/handoff/note", self._note),
            ("POST", "/handoff/close", self._close),
            ("POST", "/handoff/return", self._return),
            ("GET", "/pause", self._paused),
            ("PUT", "/pause", self._pause),
            ("DELETE", "/pause", self._resume),
        ):
            # Sanic writes on a handler, and nothing can be written on a method.
            routes.add_route(partial(handler), path, methods=[method], name=path.strip("/") + method)
        answer_refusals(routes)
        routes.exception(NotPossible)(_not_possible)
        return routes

    async def _replies(self, request: Request) -> HTTPResponse:
        client = authorised(self._access, request, CHAT)
        asked = {name: request.args.get(name) for name in ("sender", "after", "wait")}
        conversation = f"{client.name}/{text(asked, 'sender', LONGEST_ID)}"
        said = int(_number(asked["after"], "after", 10**12)) if asked["after"] else None
        wait = _number(asked["wait"] or 0, "wait", MOST_WAIT_SECONDS)
        state = await self._desk.change(conversation, lambda state: handed.received(state, said or 0))
        after = None if said is None else min(said, state.last)
        state = await self._until_a_reply(conversation, after, wait)
        found = [{"id": line.number, "text": line.text, "at": line.at} for line in state.unreceived(after)]
        return response.json({"replies": found, "handed_off": state.silent}, headers=NO_STORE)

    async def _until_a_reply(self, conversation: str, after: int | None, seconds: float) -> Handed:
        until, known = time.monotonic() + seconds, None
        while True:
            version = await self._desk.version(conversation)
            if version != known:
                known, state = version, await self._desk.read(conversation)
            if state.unreceived(after) or time.monotonic() >= until or self._stopping:
                return state
            await asyncio.sleep(min(ASK_SECONDS, max(until - time.monotonic(), 0)))

    async def _list(self, request: Request) -> HTTPResponse:
        authorised(self._access, request, HANDOFF)
        now, found = time.time(), await self._desk.open()
        return response.json({"conversations": [_row(name, state, now) for name, state in found.items()]})

    async def _ended(self, request: Request) -> HTTPResponse:
        authorised(self._access, request, HANDOFF)
        hours = _number(request.args.get("hours") or HOURS, "hours", MOST_HOURS)
        found, now = await self._desk.ended(time.time() - 3600 * hours, MOST_ENDED), time.time()
        return response.json({"conversations": [_row(name, state, now) for name, state in found.items()]})

    async def _read(self, request: Request) -> HTTPResponse:
        authorised(self._access, request, HANDOFF)
        name = text({"conversation": request.args.get("conversation")}, "conversation", LONGEST_NAME)
        state = await self._desk.read(name)
        if not (state.silent or state.lines):  # a token for hand-offs reads no other conversation
            raise BadRequest(404, f"No conversation {name!r} was handed off.")
        lines = [{**asdict(line), "received": line.number <= state.received} for line in state.lines]
        before = await self.conversations.said(name)
        if _truth(request.args.get("mask"), "mask"):
            lines, before = (
                [{**one, "text": mask(one.get("text") or "")} for one in said] for said in (lines, before)
            )
        return response.json({**_row(name, state, time.time()), "before": before, "lines": lines})

    async def _figures(self, request: Request) -> HTTPResponse:
        authorised(self._access, request, PAUSE)
        hours = _number(request.args.get("hours") or HOURS, "hours", MOST_HOURS)
        return response.json(await figures.of(self._desk, self._silence.open, hours, time.time()))

    async def _take(self, request: Request) -> HTTPResponse:
        who, body = self._who(request)
        seconds = 60 * _number(body.get("minutes", MINUTES), "minutes", MOST_MINUTES)
        return await self._change(body, lambda state, now: handed.taken(state, who, seconds, now))

    async def _reply(self, request: Request) -> HTTPResponse:
        who, body = self._who(request)
        said, name = text(body, "text", MOST_CHARACTERS), text(body, "id", LONGEST_ID)
        return await self._change(
            body,
            lambda state, now: handed.replied(state, who, said, name, 60 * MINUTES, now),
            (handed.COLLEAGUE, name),
        )

    async def _note(self, request: Request) -> HTTPResponse:
        who, body = self._who(request)
        said, name = text(body, "text", MOST_CHARACTERS), text(body, "id", LONGEST_ID)
        return await self._change(
            body, lambda state, now: handed.noted(state, who, said, name, now), (handed.NOTE, name)
        )

    async def _close(self, request: Request) -> HTTPResponse:
        who, body = self._who(request)
        return await self._change(body, lambda state, now: handed.ended(state, who, handed.CLOSED, now))

    async def _return(self, request: Request) -> HTTPResponse:
        who, body = self._who(request)
        return await self._change(body, lambda state, now: handed.ended(state, who, handed.RETURNED, now))

    async def _change(
        self,
        body: dict[str, Any],
        change: Callable[[Handed, float], Handed],
        line: tuple[str, str] | None = None,
    ) -> HTTPResponse:
        conversation = text(body, "conversation", LONGEST_NAME)
        state = await self._desk.change(conversation, lambda state: change(state, time.time()))
        number = {"id": handed.number_of(state, *line)} if line else {}
        return response.json({**_row(conversation, state, time.time()), **number})

    def _who(self, request: Request) -> tuple[str, dict[str, Any]]:
        """Who asks, by the client's name and, where it says so, that of one of its people; and the request's body."""
        client, body = authorised(self._access, request, HANDOFF), content(request)
        by = f"/{text(body, 'by', LONGEST_ID)}" if "by" in body else ""
        return f"{client.name}{by}", body

    async def _paused(self, request: Request) -> HTTPResponse:
        authorised(self._access, request, PAUSE)
        pause = await self._desk.paused()
        return response.json({"paused": asdict(pause) if pause else None})

    async def _pause(self, request: Request) -> HTTPResponse:
        client, body = authorised(self._access, request, PAUSE), content(request)
        handoff = body.get("handoff", False)
        if not isinstance(handoff, bool):
            raise BadRequest(400, "`handoff` must be true or false.")
        if handoff and not self._silence.silent:
            raise BadRequest(409, "No client has the right handoff: no one could answer in the bot's place.")
        by = text(body, "by", LONGEST_ID) if "by" in body else client.name
        pause = Pause(text(body, "say", MOST_CHARACTERS), handoff, time.time(), by)
        await self._desk.pause(pause)
        return response.json({"paused": asdict(pause)})

    async def _resume(self, request: Request) -> HTTPResponse:
        authorised(self._access, request, PAUSE)
        before = await self._desk.paused()
        await self._desk.pause(None)
        return response.json({"paused": None, "before": asdict(before) if before else None})


def _row(conversation: str, state: Handed, now: float) -> dict[str, Any]:
    """What a list says of a conversation; `unanswered` counts the user's messages since the last reply."""
    unanswered = 0
    for line in reversed(state.lines):
        if line.said_by == handed.COLLEAGUE or line.at < state.since:
            break
        unanswered += line.said_by == handed.PERSON
    holder = state.holder(now)
    return {
        "conversation": conversation,
        "status": handed.WAITING if state.silent and not holder else state.status,
        "since": state.since,
        "taken_by": holder or None,
        "taken_until": state.taken_until if holder else None,
        "ended": state.ended or None,
        "ended_at": state.ended_at or None,
        "unanswered": unanswered,
        "left_out": state.left_out,
    }


def _truth(said: str | None, name: str) -> bool:
    if said not in (None, "true", "false"):
        raise BadRequest(400, f"`{name}` must be true or false.")
    return said == "true"


def _number(value: Any, name: str, most: float) -> float:
    try:
        number = float(value)
    except (TypeError, ValueError):
        number = -1.0
    if not 0 <= number <= most or isinstance(value, bool):
        raise BadRequest(400, f"`{name}` must be a number from 0 to {most:g}.")
    return number


def _not_possible(request: Request, error: NotPossible) -> HTTPResponse:
    return response.json({"error": str(error)}, status=409)
