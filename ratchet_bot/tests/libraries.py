"""Talk with Telegram, Facebook and Twilio as they do, each through its own library: `python -m tests.libraries`.

The libraries speak with a platform on this machine in place of their own.
"""

from __future__ import annotations

import asyncio
import hashlib
import hmac
import json
import threading
import urllib.parse
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, ClassVar

import aiohttp
import fbmessenger
from aiogram.bot.api import TELEGRAM_PRODUCTION
from sanic import Sanic
from twilio.http.http_client import TwilioHttpClient

import ratchet_bot.tools  # noqa: F401  before anything of Rasa
from ratchet_bot.channel import platforms
from ratchet_bot.channel.credentials import Entry
from ratchet_bot.channel.directory import NoDirectory
from ratchet_bot.channel.inbound import Inbound

SECRET = "facebook-secret"
OPTIONS = {
    "telegram": {
        "access_token": "1:abc",
        "verify": "the_bot",
        "webhook_url": "https://b.example/webhooks/telegram/webhook",
    },
    "facebook": {"verify": "v", "secret": SECRET, "page-access-token": "page"},
    "twilio": {"account_sid": "AC1", "auth_token": "t", "twilio_number": "+100"},
}
ANSWERS = {
    "getMe": {"id": 1, "is_bot": True, "first_name": "bot", "username": "the_bot"},
    "sendMessage": {"message_id": 1, "date": 1, "chat": {"id": 42, "type": "private"}, "text": "x"},
}


class Elsewhere(BaseHTTPRequestHandler):
    """The platform: it keeps what it gets."""

    got: ClassVar[list[tuple[str, dict[str, Any]]]] = []

    def do_POST(self) -> None:
        text = self.rfile.read(int(self.headers.get("Content-Length") or 0)).decode()
        try:
            body = json.loads(text)
        except ValueError:
            body = {name: found[0] for name, found in urllib.parse.parse_qs(text).items()}
        name = self.path.partition("?")[0].rpartition("/")[2]
        Elsewhere.got.append((name, body))
        answer = json.dumps({"ok": True, "result": ANSWERS.get(name, True), "sid": "SM9"}).encode()
        self.send_response(201 if name == "Messages.json" else 200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(answer)))
        self.end_headers()
        self.wfile.write(answer)

    do_GET = do_POST

    def log_message(self, *arguments: Any) -> None:
        pass


def said(name: str) -> list[dict[str, Any]]:
    """What the platform got under a name."""
    return [body for found, body in Elsewhere.got if found == name]


class Echo:
    """Conversations that say what they are told; `turns` are those that were begun."""

    def __init__(self) -> None:
        self.turns: list[tuple[str, str, str | None]] = []

    async def reply(self, turn: Any) -> dict[str, Any]:
        self.turns.append((turn.conversation, turn.text, turn.message_id))
        await turn.output.send_response(turn.conversation, {"text": f"You said {turn.text}."})
        return {"messages": turn.output.messages}


def elsewhere(url: str) -> None:
    """Let the libraries speak with that address."""
    object.__setattr__(TELEGRAM_PRODUCTION, "base", f"{url}/bot{{token}}/{{method}}")
    made, send = fbmessenger.MessengerClient.__init__, TwilioHttpClient.request

    def client(self: Any, *arguments: Any, **options: Any) -> None:
        made(self, *arguments, **options)
        self.graph_url = f"{url}/graph"

    def request(self: Any, method: str, address: str, *arguments: Any, **options: Any) -> Any:
        return send(self, method, address.replace("https://api.twilio.com", url), *arguments, **options)

    fbmessenger.MessengerClient.__init__, TwilioHttpClient.request = client, request


def event(mid: str, text: str, person: str) -> dict[str, Any]:
    """An event of Facebook's."""
    return {"sender": {"id": person}, "timestamp": 1, "message": {"mid": mid, "text": text}}


async def post(url: str, body: Any = None, **options: Any) -> int:
    """Send a request; returns the answer's status."""
    async with aiohttp.ClientSession() as session:
        async with session.post(url, json=body, **options) as answer:
            return answer.status


async def facebook(url: str, secret: str, *entries: list[dict[str, Any]]) -> int:
    """Send a request as Facebook does, signed."""
    body = json.dumps({"object": "page", "entry": [{"messaging": one} for one in entries]}).encode()
    signed = f"sha1={hmac.new(secret.encode(), body, hashlib.sha1).hexdigest()}"
    headers = {"X-Hub-Signature": signed, "Content-Type": "application/json"}
    return await post(f"{url}/webhooks/facebook/webhook", data=body, headers=headers)


async def talk(app: Sanic, echo: Echo) -> None:
    """Each platform says something, and gets the answer through its library."""
    server = await app.create_server("127.0.0.1", 0, return_asyncio_server=True)
    await server.startup()
    url = f"http://127.0.0.1:{server.server.sockets[0].getsockname()[1]}"

    assert said("setWebhook")[0]["url"] == OPTIONS["telegram"]["webhook_url"]
    update = {"message_id": 1, "date": 1, "chat": {"id": 42, "type": "private"}, "text": "hello"}
    there = f"{url}/webhooks/telegram/webhook"
    assert await post(there, {"update_id": 7, "message": update}) == 200
    assert [(one["chat_id"], one["text"]) for one in said("sendMessage")] == [("42", "You said hello.")]
    assert await post(there, {"update_id": 8, "my_chat_member": {"chat": update["chat"]}}) == 200
    assert await post(f"{url}/webhooks/telegram/set_webhook") == 404
    assert echo.turns == [("webhooks/telegram/42", "hello", "7#0")]

    echo.turns.clear()
    batch = [[event("m1", "one", "7"), event("m2", "two", "7")], [event("m3", "three", "8")]]
    assert await facebook(url, SECRET, *batch) == 200
    assert [turn[1:] for turn in echo.turns] == [("one", "m1#0"), ("two", "m2#0"), ("three", "m3#0")]
    sent = [(one["recipient"]["id"], one["message"]["text"]) for one in said("messages") if "message" in one]
    assert sent == [("7", "You said one."), ("7", "You said two."), ("8", "You said three.")]
    await facebook(url, "another secret", *batch)
    assert len(echo.turns) == 3

    echo.turns.clear()
    form = {"From": "+49", "Body": "hello", "MessageSid": "SM1"}
    assert await post(f"{url}/webhooks/twilio/webhook", data=form) == 204
    assert echo.turns == [("webhooks/twilio/+49", "hello", "SM1#0")]
    assert [(one["To"], one["Body"]) for one in said("Messages.json")] == [("+49", "You said hello.")]


def main() -> None:
    """Serve the three, and talk with them."""
    fake = ThreadingHTTPServer(("127.0.0.1", 0), Elsewhere)
    threading.Thread(target=fake.serve_forever, daemon=True).start()
    elsewhere(f"http://127.0.0.1:{fake.server_port}")
    app, inbound, echo = Sanic("libraries"), Inbound(NoDirectory()), Echo()
    inbound.conversations = echo  # type: ignore[assignment]
    found = platforms.load([Entry(name, options, "here") for name, options in OPTIONS.items()])
    platforms.mount(app, found, inbound, None, None)  # type: ignore[arg-type]  no sockets
    asyncio.run(talk(app, echo))
    print("all three answered")


if __name__ == "__main__":
    main()
