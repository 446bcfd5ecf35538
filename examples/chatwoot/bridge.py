"""Joins a Ratchet bot and Chatwoot: the bot answers in Chatwoot as its agent bot, and people take over there.

    python bridge.py        # needs Python alone; the README.md beside it says what to set

- Chatwoot posts what users and agents write to /chatwoot/SECRET. A user's message goes to the bot, and the bot's answer
  into the conversation. What an agent writes Chatwoot shows by itself; the bot is told of it.
- The bot posts the events of hand-offs to /ratchet, signed. A hand-off opens the conversation for agents.
- An agent who resolves the conversation, or sets it to pending, gives it back to the bot.
"""

from __future__ import annotations

import hashlib
import hmac
import json
import os
import time
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Mapping
from dataclasses import dataclass, fields
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

OLDEST_SECONDS = 300
"""A signed event that is older is refused: it may have been recorded."""
MOST_BYTES = 1_000_000
PREFIX = "chatwoot-"


@dataclass(frozen=True)
class Settings:
    """Where both are, and the secrets between them; from environment variables of the same names in capitals."""

    bot_url: str
    handoff_url: str
    client: str
    chat_token: str
    people_token: str
    events_secret: str
    chatwoot_url: str
    chatwoot_account: str
    chatwoot_token: str
    webhook_secret: str


class Bridge:
    """Carries messages and states from one to the other. What comes twice has the same id, and changes nothing."""

    def __init__(self, settings: Settings) -> None:
        self.settings = settings

    def from_chatwoot(self, event: Mapping[str, Any]) -> None:
        """Take an event of Chatwoot's agent bot; what is nothing of ours is passed over."""
        what, text = event.get("event"), str(event.get("content") or "")[:4000]
        if what == "message_created" and text.strip() and not event.get("private"):
            conversation, id = event["conversation"], str(event["id"])
            sender = event.get("sender") or {}
            if event["message_type"] == "incoming":
                self._user(conversation["id"], conversation.get("status", "pending"), id, text)
            elif event["message_type"] == "outgoing" and sender.get("type") == "user":
                self._agent(conversation["id"], id, str(sender.get("name") or "agent"), text)
        elif what in ("conversation_resolved", "conversation_status_changed"):
            how = {"resolved": "close", "pending": "return"}.get(str(event.get("status")))
            if how:
                self._people(how, event["id"])

    def from_ratchet(self, event: Mapping[str, Any]) -> None:
        """Take an event of a hand-off: what is handed off is opened for agents, what is given back is the bot's."""
        client, _, sender = str(event["conversation"]).partition("/")
        status = {"handoff.opened": "open", "handoff.closed": "pending"}.get(event["type"])
        ours = client == self.settings.client and sender.startswith(PREFIX)
        if (
            ours and status and event.get("how") != "closed"
        ):  # closed is resolved, as it is in Chatwoot already
            self._chatwoot(int(sender.removeprefix(PREFIX)), "toggle_status", {"status": status})

    def signed(self, body: bytes, header: str) -> bool:
        """Whether the bot sent this, and not long ago."""
        at, _, said = header.removeprefix("t=").partition(",v1=")
        secret = self.settings.events_secret.encode()
        right = hmac.new(secret, f"{at}.".encode() + body, hashlib.sha256).hexdigest()
        new = at.isdecimal() and abs(time.time() - int(at)) < OLDEST_SECONDS
        return hmac.compare_digest(right.encode(), said.encode()) and new

    def _user(self, conversation: int, status: str, id: str, text: str) -> None:
        """Let the bot answer, or keep the message for the agent; a conversation that an agent opened is theirs."""
        sender = f"{PREFIX}{conversation}"
        if status != "pending" and not self._replies(sender)["handed_off"]:
            return
        body = {"sender": sender, "message": text, "message_id": id}
        answer = self._ask(f"{self.settings.bot_url}/chat", self.settings.chat_token, body)
        for said in answer["messages"]:
            if said.get("text"):
                self._chatwoot(
                    conversation, "messages", {"content": said["text"], "message_type": "outgoing"}
                )

    def _agent(self, conversation: int, id: str, name: str, text: str) -> None:
        """Tell the bot what an agent wrote; the user has it already."""
        if self._people("take", conversation, by=name):
            made = self._people("reply", conversation, by=name, text=text, id=id)
            if made:
                self._replies(f"{PREFIX}{conversation}", after=made["id"])

    def _people(self, what: str, conversation: int, **more: Any) -> dict[str, Any] | None:
        """Change a hand-off; None where that cannot be: the bot has the conversation, or another agent."""
        body = {"conversation": f"{self.settings.client}/{PREFIX}{int(conversation)}", **more}
        try:
            return self._ask(f"{self.settings.handoff_url}/handoff/{what}", self.settings.people_token, body)
        except urllib.error.HTTPError as error:
            if error.code == 409:
                return None
            raise

    def _replies(self, sender: str, **more: Any) -> dict[str, Any]:
        query = urllib.parse.urlencode({"sender": sender, **more})
        return self._ask(f"{self.settings.bot_url}/chat/replies?{query}", self.settings.chat_token)

    def _ask(self, url: str, token: str, body: Mapping[str, Any] | None = None) -> dict[str, Any]:
        return send(url, {"Authorization": f"Bearer {token}"}, body)

    def _chatwoot(self, conversation: int, what: str, body: Mapping[str, Any]) -> None:
        account = f"{self.settings.chatwoot_url}/api/v1/accounts/{int(self.settings.chatwoot_account)}"
        send(
            f"{account}/conversations/{int(conversation)}/{what}",
            {"api_access_token": self.settings.chatwoot_token},
            body,
        )


def send(url: str, token: Mapping[str, str], body: Mapping[str, Any] | None = None) -> dict[str, Any]:
    """Post JSON, or get where there is no body, and return the answer. Raises urllib's errors."""
    data = None if body is None else json.dumps(body).encode()
    asked = urllib.request.Request(url, data, {"Content-Type": "application/json", **token})  # noqa: S310  a setting
    with urllib.request.urlopen(asked, timeout=15) as answer:  # noqa: S310
        return dict(json.loads(answer.read() or b"{}"))


def handler(bridge: Bridge) -> type[BaseHTTPRequestHandler]:
    """Return what answers both; an event that could not be carried over is 502, and Ratchet sends its own again."""

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            length = self.headers.get("Content-Length") or "0"
            body = self.rfile.read(int(length)) if length.isdecimal() and int(length) <= MOST_BYTES else b""
            self.send_response(self.taken(body))
            self.send_header("Content-Length", "0")
            self.end_headers()

        def taken(self, body: bytes) -> int:
            secret = f"/chatwoot/{bridge.settings.webhook_secret}"
            if hmac.compare_digest(self.path.encode(), secret.encode()):
                take = bridge.from_chatwoot
            elif self.path == "/ratchet" and bridge.signed(
                body, self.headers.get("X-Ratchet-Signature") or ""
            ):
                take = bridge.from_ratchet
            else:
                return 401 if self.path == "/ratchet" else 404
            try:
                take(json.loads(body))
            except (ValueError, KeyError, TypeError, AttributeError):
                return 400
            except OSError as error:  # urllib's too
                print(f"not carried over: {error}", flush=True)
                return 502
            return 200

        def log_message(self, *arguments: Any) -> None:
            pass  # paths hold the secret

    return Handler


def main() -> None:
    """Answer until the process is ended."""
    bridge = Bridge(Settings(**{field.name: os.environ[field.name.upper()] for field in fields(Settings)}))
    address = (os.environ.get("HOST", "127.0.0.1"), int(os.environ.get("PORT", "8090")))
    ThreadingHTTPServer(address, handler(bridge)).serve_forever()


if __name__ == "__main__":
    main()
