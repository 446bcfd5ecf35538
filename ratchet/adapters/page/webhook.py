"""The webhook: a labelling tool says that something was labelled, and what it says is collected at once."""

from __future__ import annotations

import hmac
import json
from typing import Any

from fastapi import FastAPI, Request
from fastapi.concurrency import run_in_threadpool
from fastapi.responses import JSONResponse, Response

from ratchet.adapters.page import jobs, label_files, record
from ratchet.adapters.page.door import Refused, read_body
from ratchet.adapters.page.site import Site
from ratchet.adapters.readers.reading import Columns
from ratchet.adapters.settings import Settings
from ratchet.domain.errors import RatchetError, UsageError

PATH = "/webhook/collect"
MOST_BYTES = 1_000_000
REST_SECONDS = 10.0
"""How long after a look at the inbox another one is not started: a tool may send an event for each message."""
TOOL = "Label Studio"
WEBHOOK = "webhook"


class Webhook:
    """What is called; `looked` is when the inbox was looked at last, in seconds since 1970."""

    def __init__(self, site: Site) -> None:
        self.site = site
        self.looked = 0.0

    async def answer(self, request: Request) -> Response:
        """Check the token before anything of the body is read, and then collect."""
        try:
            settings = await run_in_threadpool(lambda: self.site.settings)
            require_token(settings, request.headers.get("authorization", ""))
            body = await read_body(request, MOST_BYTES)
            said = await run_in_threadpool(self.collect, settings, body)
        except RatchetError as error:
            status = error.status if isinstance(error, Refused) else 400
            return JSONResponse({"error": f"{error.fact} {error.remedy}".strip()}, status)
        return JSONResponse({"done": said})

    def collect(self, settings: Settings, body: bytes) -> str:
        """Do what a call asks for, and record it, refused or done; returns it in words."""
        who = (settings, WEBHOOK, "", PATH)
        try:
            said = self.done(settings, content_of(body))
        except RatchetError as error:
            record.note(*who, "", error.fact)
            raise
        record.note(*who, said)
        return said

    def done(self, settings: Settings, content: dict[str, Any]) -> str:
        """Take the label of an annotation that is sent along; without one, look at the inbox."""
        task, annotation = content.get("task"), content.get("annotation")
        if isinstance(task, dict) and isinstance(annotation, dict):
            written = json.dumps([{**task, "annotations": [annotation]}]).encode()
            rows = label_files.read(settings, "webhook.json", written, Columns())
            return label_files.label(settings, rows, TOOL).sentence
        if not settings.inbox:
            raise UsageError(
                "The call has no annotation, and there is no inbox to look at.",
                "Let the tool send its payload, or set RATCHET_INBOX.",
            )
        now = self.site.clock()
        if 0 <= now - self.looked < REST_SECONDS:
            return "the inbox is being looked at already"
        self.looked = now
        jobs.start(settings, "A look at the inbox", ["watch", "--once"], WEBHOOK)
        return "the inbox is looked at; what lies there is collected"


def add_to(app: FastAPI, site: Site) -> None:
    """Add the route, which is behind a token of its own."""
    app.add_api_route(PATH, Webhook(site).answer, methods=["POST"], response_model=None)


def require_token(settings: Settings, given: str) -> None:
    """Raise `Refused` unless a call has the token."""
    token = settings.webhook_token
    if token is None:
        raise Refused(404, "There is no webhook here.", "Set RATCHET_WEBHOOK_TOKEN.")
    scheme, _, value = given.partition(" ")
    right = hmac.compare_digest(value.strip().encode("utf-8", "replace"), token.get_secret_value().encode())
    if scheme.lower() not in ("bearer", "token") or not right:
        raise Refused(401, "The token is wrong or missing.", "Send `Authorization: Bearer TOKEN`.")


def content_of(body: bytes) -> dict[str, Any]:
    """Return what a body says in JSON, {} for an empty one; raises `UsageError` for anything else."""
    if not body.strip():
        return {}
    try:
        found = json.loads(body)
    except (ValueError, RecursionError) as error:
        raise UsageError("The call is not JSON.", "Send a JSON object, or nothing.") from error
    if not isinstance(found, dict):
        raise UsageError("The call is not a JSON object.", "Send one, or nothing.")
    return found
