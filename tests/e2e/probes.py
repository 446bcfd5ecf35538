"""Requests that nobody should send: what of a bot's server can be reached from outside, whatever way it is asked."""

from __future__ import annotations

import contextlib
import json
import socket
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

METHODS = ("GET", "POST", "PUT", "DELETE", "PATCH", "OPTIONS", "HEAD", "TRACE", "CONNECT", "get", "NONSENSE")
DESK = (
    ("GET", "/handoff"),
    ("GET", "/handoff/conversation?conversation=web/anna"),
    ("GET", "/handoff/figures"),
    *(("POST", f"/handoff/{what}") for what in ("take", "reply", "note", "close", "return")),
    ("GET", "/pause"),
    ("PUT", "/pause"),
    ("DELETE", "/pause"),
)
"""The routes of people who answer in the bot's place, for which a token has to have a right of its own."""
API = (
    *dict.fromkeys(path for _, path in DESK),
    "/chat/replies",
    "/chat/rating",
    "/",
    "/version",
    "/model",
    "/model/train",
    "/model/test",
    "/model/test/intents",
    "/model/test/stories",
    "/model/predict",
    "/model/parse",
    "/domain",
    "/conversations",
    "/conversations/anna/tracker",
    "/conversations/anna/tracker/events",
    "/conversations/anna/story",
    "/conversations/anna/execute",
    "/conversations/anna/trigger_intent",
    "/conversations/anna/predict",
    "/conversations/anna/messages",
    "/webhooks/rest/webhook",
    "/webhooks/chat/webhook",
    "/webhooks/callback/webhook",
    "/socket.io/",
    "/metrics",
    "/replica/127.0.0.1/status",
    "/replica/127.0.0.1/metrics",
    "/docs",
    "/openapi.json",
    "/static/x",
)
TRICKS = (
    "//model",
    "/./model",
    "/chat/../model",
    "/chat/..//model/train",
    "/chat/%2e%2e/model",
    "/chat/%2e%2e%2fmodel",
    "/chat/..%5cmodel",
    "/chat;/../model",
    "/%6dodel",
    "/%2fmodel",
    "/MODEL",
    "/Model/Train",
    "/model/",
    "/handoff/",
    "//handoff",
    "/HANDOFF",
    "/chat/../handoff",
    "/chat/replies/../../handoff",
    "/chat/replies%2f..%2f..%2fhandoff",
    "/chat/rating/../../pause",
    "/handoff%2fconversation",
    "/model%00",
    "/model%20",
    "/model?x=/status",
    "/model#/status",
    "/status/../model",
    "/status/model",
    "/status%2f..%2fmodel",
    "/chat/model",
    "/chat%2f..%2fdomain",
    "/..%2fconversations/anna/tracker",
    "model",
    "*",
    "?",
    "http://127.0.0.1/model",
    "http://127.0.0.1:5005/model/train",
    "http://elsewhere.invalid/domain",
    "https://user:password@bot:5005/model",
    "//bot:5005/model",
)
HEADERS = (
    "Host: bot:5005",
    "Host: ",
    "Host: 127.0.0.1/model",
    "Host: a\r\nHost: b",
    "Host: a\r\nX-Original-URL: /status",
    "Host: a\r\nX-Rewrite-URL: /status",
    "Host: a\r\nX-HTTP-Method-Override: GET",
    "Host: a\r\nX-Forwarded-For: 127.0.0.1\r\nX-Forwarded-Host: localhost",
    "Host: a\r\nAuthorization: Basic YWRtaW46YWRtaW4=",
    "Host: a\r\nUpgrade: h2c\r\nConnection: Upgrade, HTTP2-Settings\r\nHTTP2-Settings: AAMAAABkAAQAAP__",
)
SMUGGLED = "GET /model HTTP/1.1\r\nHost: a\r\n\r\n"
REFUSED = {400, 401, 403, 404, 405, 411, 413, 414, 421, 431, 501, 505}


@dataclass(frozen=True)
class Answer:
    """What came back: the statuses of all answers on the connection (none where it was just closed), and all bytes."""

    statuses: tuple[int, ...]
    content: bytes


def send(port: int, request: str, seconds: float = 2.0) -> Answer:
    """Send text on a connection of its own, and read until the other side ends it or falls silent."""
    content = b""
    with socket.create_connection(("127.0.0.1", port), timeout=10) as connection:
        with contextlib.suppress(ConnectionError, TimeoutError):
            connection.sendall(request.encode("latin-1"))
            connection.settimeout(seconds)
            while piece := connection.recv(65536):
                content += piece
    found = [
        line.split(b" ")[1]
        for line in content.split(b"\r\n")
        if line.startswith((b"HTTP/1.1 ", b"HTTP/1.0 "))
    ]
    return Answer(tuple(int(status) for status in found if status != b"100"), content)


def ask(port: int, method: str, path: str, headers: str = "Host: a", body: str = "") -> Answer:
    """Send one request that asks for the connection's end."""
    lines = f"{method} {path} HTTP/1.1\r\n{headers}\r\nConnection: close\r\nContent-Length: {len(body)}\r\n\r\n{body}"
    return send(port, lines)


def wrong(port: int, methods: Sequence[str] = METHODS) -> Iterator[str]:
    """Yield each request that got anything but a refusal; none is what there should be."""
    body = json.dumps({"text": "x", "model_file": "/tmp/x", "config": "pipeline: []"})
    asked = [(method, path, "Host: a") for method in methods for path in (*API, *TRICKS)]
    asked += [
        (method, path, extra)
        for method in ("GET", "PUT")
        for path in ("/model", "/domain")
        for extra in HEADERS
    ]
    for method, path, headers in asked:
        answer = ask(port, method, path, headers, body if method in ("POST", "PUT", "PATCH") else "")
        leaks = b"rasa" in answer.content.lower() or b"fingerprint" in answer.content
        if leaks or not set(answer.statuses) <= REFUSED:
            yield f"{method} {path} ({headers!r}): {answer.statuses} {answer.content[:200]!r}"
    for request in smuggling():
        answer = send(port, request)
        if not set(answer.statuses) <= REFUSED or b"rasa" in answer.content.lower():
            yield f"{request!r}: {answer.statuses} {answer.content[:200]!r}"


def smuggling() -> Iterator[str]:
    """Yield requests that two parsers could cut at different places, with one for the model behind the cut."""
    head = "POST /chat HTTP/1.1\r\nHost: a\r\n"
    size = len(SMUGGLED)
    yield f"{head}Content-Length: {size + 5}\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n{SMUGGLED}"
    yield f"{head}Transfer-Encoding: chunked\r\nContent-Length: 4\r\n\r\n{size:x}\r\n{SMUGGLED}\r\n0\r\n\r\n"
    yield f"{head}Transfer-Encoding: xchunked\r\nContent-Length: 0\r\n\r\n{SMUGGLED}"
    yield f"{head}Content-Length: 0\r\nContent-Length: {size}\r\n\r\n{SMUGGLED}"
    yield f"{head}Content-Length: -1\r\n\r\n{SMUGGLED}"
    yield f"{head}Content-Length: 0\r\n\r\n{SMUGGLED}"  # an honest second request: refused like any other
