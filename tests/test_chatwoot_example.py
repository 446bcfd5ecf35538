"""The worked example of another desk: `examples/chatwoot/bridge.py` between a recorded Chatwoot and a bot."""

from __future__ import annotations

import hashlib
import hmac
import importlib.util
import json
import sys
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import httpx
import pytest

BRIDGE = Path(__file__).parents[1] / "examples/chatwoot/bridge.py"
SECRET, EVENTS = "w" * 16, "e" * 16

INCOMING = {
    "event": "message_created",
    "id": 71,
    "content": "my laptop is broken",
    "message_type": "incoming",
    "content_type": "text",
    "private": False,
    "sender": {"id": 3, "name": "Anna", "type": "contact"},
    "account": {"id": 1, "name": "Acme"},
    "inbox": {"id": 2, "name": "Website"},
    "conversation": {"id": 12, "inbox_id": 2, "status": "pending", "channel": "Channel::WebWidget"},
}
"""As Chatwoot 3 and 4 post it to an agent bot, shortened."""
FROM_AGENT = {
    **INCOMING,
    "id": 75,
    "content": "I am Mia <b>",
    "message_type": "outgoing",
    "sender": {"id": 9, "name": "Mia", "type": "user"},
    "conversation": {**INCOMING["conversation"], "status": "open"},  # type: ignore[dict-item]
}
FROM_BOT = {**FROM_AGENT, "id": 76, "sender": {"id": 4, "name": "Ratchet", "type": "agent_bot"}}
RESOLVED = {"event": "conversation_resolved", "id": 12, "inbox_id": 2, "status": "resolved", "messages": []}


@dataclass
class Recorded:
    """Both sides of the bridge: takes every request, and answers as Chatwoot and the bot do."""

    asked: list[tuple[str, str, Any]] = field(default_factory=list)
    tokens: set[tuple[str, str]] = field(default_factory=set)
    handed_off: bool = False
    status: int = 200

    def answer(self, method: str, path: str, headers: Any, body: Any) -> tuple[int, dict[str, Any]]:
        self.asked.append((method, path, body))
        side = (
            "chatwoot" if path.startswith("/api/v1") else "people" if path.startswith("/handoff") else "chat"
        )
        self.tokens.add((side, headers.get("api_access_token") or headers.get("Authorization") or ""))
        if self.status != 200:
            return self.status, {}
        if path == "/chat":
            said = [] if self.handed_off else [{"text": "Have you tried to restart it?"}, {"image": "x"}]
            return 200, {"messages": said, **({"handed_off": True} if self.handed_off else {})}
        if path.startswith("/chat/replies"):
            return 200, {"replies": [], "handed_off": self.handed_off}
        if path.startswith("/handoff") and not self.handed_off:
            return 409, {"error": "The bot has this conversation: it is not handed off."}
        return 200, {"id": 5}

    def paths(self) -> list[str]:
        found = [path for _, path, _ in self.asked]
        self.asked.clear()
        return found


def serve(made: type[BaseHTTPRequestHandler]) -> ThreadingHTTPServer:
    server = ThreadingHTTPServer(("127.0.0.1", 0), made)
    threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True).start()
    return server


@dataclass
class Place:
    sides: Recorded
    url: str

    def chatwoot(self, event: Any, path: str = f"/chatwoot/{SECRET}") -> int:
        return httpx.post(f"{self.url}{path}", json=event, trust_env=False).status_code

    def ratchet(self, event: Any, secret: str = EVENTS, at: float | None = None) -> int:
        body, when = json.dumps(event).encode(), int(time.time() if at is None else at)
        signed = hmac.new(secret.encode(), f"{when}.".encode() + body, hashlib.sha256).hexdigest()
        headers = {"X-Ratchet-Signature": f"t={when},v1={signed}"}
        return httpx.post(f"{self.url}/ratchet", content=body, headers=headers, trust_env=False).status_code


@pytest.fixture(scope="module")
def module() -> Iterator[Any]:
    spec = importlib.util.spec_from_file_location("chatwoot_bridge", BRIDGE)
    assert spec
    assert spec.loader
    found = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = found
    spec.loader.exec_module(found)
    yield found
    del sys.modules[spec.name]


@pytest.fixture
def place(module: Any) -> Iterator[Place]:
    sides = Recorded()

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            length = int(self.headers.get("Content-Length") or 0)
            body = json.loads(self.rfile.read(length)) if length else None
            status, said = sides.answer(self.command, self.path, self.headers, body)
            text = json.dumps(said).encode()
            self.send_response(status)
            self.send_header("Content-Length", str(len(text)))
            self.end_headers()
            self.wfile.write(text)

        do_POST = do_GET

        def log_message(self, *arguments: Any) -> None:
            """Keep quiet."""

    both = serve(Handler)
    url = f"http://127.0.0.1:{both.server_port}"
    settings = module.Settings(url, url, "desk", "c" * 16, "p" * 16, EVENTS, url, "1", "bot-token", SECRET)
    bridge = serve(module.handler(module.Bridge(settings)))
    yield Place(sides, f"http://127.0.0.1:{bridge.server_port}")
    for server in (bridge, both):
        server.shutdown()
        server.server_close()


def test_the_bot_answers_and_a_hand_off_opens_the_conversation(place: Place) -> None:
    """Under the message's own id, so that one which Chatwoot sends again is answered once."""
    assert place.chatwoot(INCOMING) == 200
    assert place.sides.asked == [
        ("POST", "/chat", {"sender": "chatwoot-12", "message": "my laptop is broken", "message_id": "71"}),
        (
            "POST",
            "/api/v1/accounts/1/conversations/12/messages",
            {"content": "Have you tried to restart it?", "message_type": "outgoing"},
        ),
    ]
    place.sides.asked.clear()
    assert (
        place.ratchet({"type": "handoff.opened", "conversation": "desk/chatwoot-12", "id": "x", "at": 1.0})
        == 200
    )
    assert place.sides.asked == [
        ("POST", "/api/v1/accounts/1/conversations/12/toggle_status", {"status": "open"})
    ]
    assert place.sides.tokens == {("chat", f"Bearer {'c' * 16}"), ("chatwoot", "bot-token")}


def test_an_agent_answers_and_gives_it_back(place: Place) -> None:
    """The bot is told who wrote what, and that the user has it; what the bot itself wrote is passed over."""
    place.sides.handed_off = True
    assert place.chatwoot(FROM_AGENT) == 200
    conversation = {"conversation": "desk/chatwoot-12"}
    assert place.sides.asked == [
        ("POST", "/handoff/take", {**conversation, "by": "Mia"}),
        ("POST", "/handoff/reply", {**conversation, "by": "Mia", "text": "I am Mia <b>", "id": "75"}),
        ("GET", "/chat/replies?sender=chatwoot-12&after=5", None),
    ]
    place.sides.asked.clear()
    opened = {**INCOMING, "id": 77, "conversation": {"id": 12, "status": "open"}}
    assert [place.chatwoot(one) for one in (FROM_BOT, opened, RESOLVED)] == [200] * 3
    assert place.sides.paths() == ["/chat/replies?sender=chatwoot-12", "/chat", "/handoff/close"]
    assert place.chatwoot({**RESOLVED, "event": "conversation_status_changed", "status": "pending"}) == 200
    assert place.sides.paths() == ["/handoff/return"]


def test_a_conversation_that_an_agent_opened_is_theirs(place: Place) -> None:
    """The bot says nothing in it, and what the agent writes is no hand-off's."""
    assert place.chatwoot({**INCOMING, "conversation": {"id": 12, "status": "open"}}) == 200
    assert place.sides.paths() == ["/chat/replies?sender=chatwoot-12"]
    assert place.chatwoot(FROM_AGENT) == 200
    assert place.sides.paths() == ["/handoff/take"]


def test_only_who_knows_the_secrets_is_believed(place: Place) -> None:
    """A wrong path, a wrong or old signature, and what is no event."""
    event = {"type": "handoff.opened", "conversation": "desk/chatwoot-12"}
    assert place.chatwoot(INCOMING, "/chatwoot/wrong") == 404
    assert place.ratchet(event, secret="x" * 16) == 401
    assert place.ratchet(event, at=time.time() - 3600) == 401
    for wrong in ([], "x", {"event": "message_created", "content": "x"}, {**RESOLVED, "id": "../1"}):
        assert place.chatwoot(wrong) == 400
    assert place.ratchet({**event, "conversation": "other/chatwoot-12"}) == 200
    assert place.ratchet({**event, "conversation": "desk/anna"}) == 200
    assert place.sides.asked == []


def test_what_could_not_be_carried_over_is_said(place: Place) -> None:
    """So that Ratchet sends it again."""
    place.sides.status = 503
    assert place.ratchet({"type": "handoff.opened", "conversation": "desk/chatwoot-12"}) == 502
