"""The HTTP routes: `/chat`, `/chat/rating`, `/parse`, `/status`, `/alive` and `/checks`."""

from __future__ import annotations

import time
from collections.abc import Awaitable, Callable, Sequence
from typing import Any

from rasa.core.channels.channel import InputChannel, UserMessage
from sanic import Blueprint, response
from sanic.request import Request
from sanic.response import HTTPResponse

from ratchet_bot.channel.access import CHAT, CHECKS, CLAIM_CONTEXT, PARSE, Access, Client
from ratchet_bot.channel.asked import BadRequest, answer_refusals, authorised, content, text
from ratchet_bot.channel.conversation import Conversations, Turn
from ratchet_bot.channel.directory import Directory
from ratchet_bot.channel.limits import LONGEST_ID, MOST_CHARACTERS
from ratchet_bot.channel.memory import Memory
from ratchet_bot.channel.ratings import DOWN, UP, Rating
from ratchet_bot.channel.readiness import Condition, why_not
from ratchet_bot.components.context import clean_context
from ratchet_bot.tools._model import Model

MOST_MESSAGES = 1000


class ChatInput(InputChannel):
    """Rasa's input channel for client applications.

    - `POST /chat` {"sender", "message", "user"?, "message_id"?, "context"?}: the bot's reply. The person is `user`,
      else `sender`; their context comes from the directory. `context` counts only from a client that may claim it.
    - `POST /chat/rating` {"sender", "message_id", "rating", "text"?}: what the user thinks of the answer to that
      message, `up` or `down`.
    - `POST /parse` {"messages": [{"text", "context"?}]}: predictions, in order, for clients with that right.
    - `GET /status`: which release answers, and whether it can: 200, or 503 with the reason as `why`.
    - `GET /alive`: the same release, 200 for as long as the process answers, whatever it lacks.
    - `DELETE /checks`: deletes the conversations of checks; for the staging token only.

    `/status` and `/alive` tell no secret and need no token, because load balancers ask for them.
    """

    def __init__(self, access: Access, directory: Directory) -> None:
        self._access = access
        self._directory = directory
        # Set before the server listens:
        self.conversations: Conversations
        self.memory: Memory
        self.conditions: Sequence[Condition] = ()

    @classmethod
    def name(cls) -> str:
        """The channel's name in trackers."""
        return "chat"

    def url_prefix(self) -> str:
        """The routes are at the root."""
        return ""

    def blueprint(self, on_new_message: Callable[[UserMessage], Awaitable[None]]) -> Blueprint:
        """The routes, with one place where refusals become answers."""
        routes = Blueprint("chat")

        @routes.post("/chat")
        async def chat(request: Request) -> HTTPResponse:
            return await self._chat(request)

        @routes.post("/chat/rating")
        async def rating(request: Request) -> HTTPResponse:
            return await self._rate(request)

        @routes.post("/parse")
        async def parse(request: Request) -> HTTPResponse:
            return await self._parse(request)

        @routes.get("/status")
        async def status(request: Request) -> HTTPResponse:
            return await self._status()

        @routes.get("/alive")
        async def alive(request: Request) -> HTTPResponse:
            return response.json({"alive": True, **self._named()})

        @routes.delete("/checks")
        async def checks(request: Request) -> HTTPResponse:
            self._authorised(request, CHECKS)
            return response.json({"deleted": await self.memory.forget_checks()})

        answer_refusals(routes)
        return routes

    async def _chat(self, request: Request) -> HTTPResponse:
        at = time.time()
        client = self._authorised(request, CHAT)
        body = content(request)
        sender = text(body, "sender", LONGEST_ID)
        person = text(body, "user", LONGEST_ID) if "user" in body else sender
        turn = Turn(
            # No one can read or continue a conversation of another client application.
            conversation=f"{client.name}/{sender}",
            text=text(body, "message", MOST_CHARACTERS),
            context=self._context(client, person, body),
            message_id=text(body, "message_id", LONGEST_ID) if body.get("message_id") else None,
            at=at,
        )
        return response.json(await self.conversations.reply(turn))

    async def _rate(self, request: Request) -> HTTPResponse:
        client = self._authorised(request, CHAT)
        body = content(request)
        if body.get("rating") not in (UP, DOWN):
            raise BadRequest(400, f"`rating` must be {UP} or {DOWN}.")
        rating = Rating(
            at=time.time(),
            conversation=f"{client.name}/{text(body, 'sender', LONGEST_ID)}",
            message_id=text(body, "message_id", LONGEST_ID),
            rating=body["rating"],
            text=text(body, "text", MOST_CHARACTERS) if body.get("text") else "",
        )
        return response.json({"recorded": self.conversations.events.put(rating)})

    async def _parse(self, request: Request) -> HTTPResponse:
        self._authorised(request, PARSE)
        messages = content(request).get("messages")
        if not isinstance(messages, list) or not all(isinstance(m, dict) for m in messages):
            raise BadRequest(400, "`messages` must be a list of objects with `text`.")
        if len(messages) > MOST_MESSAGES:
            raise BadRequest(413, f"At most {MOST_MESSAGES} messages are parsed at once.")
        texts = [text(message, "text", MOST_CHARACTERS) for message in messages]
        processor = self.conversations.agent.processor
        model = Model(processor.graph_runner, processor.model_metadata)
        predictions = model.predict(texts, [clean_context(m.get("context")) for m in messages])
        return response.json(
            {
                "results": [
                    {
                        "intent": p.intent,
                        "confidence": p.confidence,
                        "ranking": p.ranking,
                        "entities": list(p.entities),
                    }
                    for p in predictions
                ]
            }
        )

    async def _status(self) -> HTTPResponse:
        why, events = await why_not(self.conditions), self.conversations.events
        body = {
            "ready": not why,
            **({"why": why} if why else {}),
            **self._named(),
            "events": {"written": events.written, "dropped": events.dropped},
        }
        return response.json(body, status=503 if why else 200)

    def _named(self) -> dict[str, Any]:
        service = self.conversations.service
        return {
            "release": service.release,
            "model_version": service.model_version,
            "model_id": self.conversations.agent.model_id,
            "sha256": service.sha256,
            "started_at": service.started_at,
        }

    def _authorised(self, request: Request, right: str) -> Client:
        return authorised(self._access, request, right)

    def _context(self, client: Client, person: str, body: dict[str, Any]) -> dict[str, str]:
        if "context" in body and client.may(CLAIM_CONTEXT):
            return clean_context(body["context"])
        return self._directory.context(person)
