"""What a request is refused for, before anything is done: no right, no JSON, a text that is missing or too long."""

from __future__ import annotations

import json
import logging
from typing import Any

from rasa.core.lock_store import LockError
from redis.exceptions import RedisError
from sanic import Blueprint, response
from sanic.request import Request
from sanic.response import HTTPResponse

from ratchet_bot.channel.access import Access, Client

logger = logging.getLogger(__name__)


class BadRequest(Exception):
    """A request that is refused with `status` and a sentence that says why."""

    def __init__(self, status: int, sentence: str) -> None:
        super().__init__(sentence)
        self.status = status


def authorised(access: Access, request: Request, right: str) -> Client:
    """Return who asks. Raises BadRequest: 401 without a valid token, 403 without the right."""
    client = access.client(request.headers.get("authorization"))
    if client is None:
        raise BadRequest(401, "A valid bearer token is needed.")
    if not client.may(right):
        raise BadRequest(403, f"{client.name} has no right to {right}.")
    return client


def content(request: Request) -> dict[str, Any]:
    """Return the JSON object of a request. Raises BadRequest for anything else."""
    try:
        body = request.json
        # Half of a surrogate pair can be written in JSON, but in no database, log or message to others.
        json.dumps(body, ensure_ascii=False).encode()
    except UnicodeEncodeError as error:
        raise BadRequest(400, "The body has half of a character (\\ud800 to \\udfff).") from error
    except Exception as error:  # Sanic's own, which differ by what is wrong; endless nesting
        raise BadRequest(400, "The body is not JSON.") from error
    if not isinstance(body, dict):
        raise BadRequest(400, "The body must be a JSON object.")
    return body


def text(body: dict[str, Any], name: str, longest: int) -> str:
    """Return a text of the body that is not empty. Raises BadRequest for anything else, and for a longer one."""
    value = body.get(name)
    if not isinstance(value, str) or not value.strip():
        raise BadRequest(400, f"`{name}` must be a text that is not empty.")
    if len(value) > longest:
        raise BadRequest(413, f"`{name}` has {len(value)} characters; at most {longest} are taken.")
    return value


def answer_refusals(routes: Blueprint) -> None:
    """Let refusals, and a memory that is away, become answers of these routes."""
    routes.exception(BadRequest)(_refuse)
    routes.exception(RedisError, LockError)(_without_memory)


def _without_memory(request: Request, error: Exception) -> HTTPResponse:
    logger.error("the memory of conversations failed: %s", error)
    return response.json({"error": "The memory of conversations is not reachable; try again."}, status=503)


def _refuse(request: Request, error: BadRequest) -> HTTPResponse:
    return response.json({"error": str(error)}, status=error.status)
