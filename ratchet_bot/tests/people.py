"""What platforms and their people do: a fake platform that takes replies, signed requests, and a real socket client."""

from __future__ import annotations

import asyncio
import hashlib
import hmac
import json
import os
import shutil
import subprocess
import sys
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import requests
import socketio

from ratchet_bot.tools._model import verify
from tests.conftest import Trained
from tests.replicas import until
from tests.test_serve import Server, free_port

PROJECT = Path(__file__).parent / "project"
VARIABLES = {
    "SLACK_TOKEN": "xoxb-one",
    "SLACK_SIGNING_SECRET": "signed-one",
    "SALES_TOKEN": "xoxb-two",
    "SALES_SIGNING_SECRET": "signed-two",
    "CHATTER_TOKEN": "chatter-secret",
    "GREETING": "Good day",
}


class Platform:
    """Takes what a bot sends to its people; while it is `closed` it refuses that."""

    def __init__(self) -> None:
        self.got: list[dict[str, Any]] = []
        self.closed = False
        platform = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
                if not platform.closed:
                    platform.got.append(body)
                self.send_response(500 if platform.closed else 200)
                self.end_headers()

            def log_message(self, *arguments: Any) -> None:
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_port}/"
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def texts(self, to: str) -> list[str]:
        """What a person got."""
        return [one["text"] for one in self.got if one["to"] == to]


def serve(trained: Trained, project: Path, *extra: str, **environment: str) -> Server:
    """Start a server in a project's folder, as a bundle's is, and wait until it answers."""
    port = free_port()
    argv = [
        sys.executable,
        "-m",
        "ratchet_bot.tools.serve",
        "--model",
        str(trained.archive),
        "--port",
        str(port),
    ]
    argv += ["--release", "r7", "--model-version", "3", "--domain", str(trained.domain)]
    argv += ["--sha256", verify(trained.archive, None), *extra]
    process = subprocess.Popen(
        argv, cwd=project, env={**os.environ, **environment}, text=True, stderr=subprocess.PIPE
    )
    server = Server(process, f"http://127.0.0.1:{port}")
    server.await_ready()
    until(lambda: requests.get(f"{server.url}/status", timeout=5).json()["ready"], "a ready replica")
    return server


def copied(folder: Path) -> Path:
    """The project of these tests, and its variables as Ratchet hands them over."""
    shutil.copytree(PROJECT, folder / "bot")
    (folder / "variables.json").write_text(json.dumps(VARIABLES), encoding="utf-8")
    return folder / "bot"


def slack(
    url: str, text: str, event: str, secret: str = "signed-one", path: str = "slack", person: str = "U1"
) -> requests.Response:
    """Send a message as Slack does, signed."""
    said = {"type": "message", "channel_type": "im", "user": person, "channel": f"D-{person}", "text": text}
    body = json.dumps({"type": "event_callback", "event_id": event, "authed_users": [], "event": said})
    at = str(int(time.time()))
    signature = hmac.new(secret.encode(), f"v0:{at}:{body}".encode(), hashlib.sha256).hexdigest()
    headers = {"X-Slack-Signature": f"v0={signature}", "X-Slack-Request-Timestamp": at}
    headers["Content-Type"] = "application/json"
    return requests.post(f"{url}/webhooks/{path}/webhook", data=body, headers=headers, timeout=30)


def chatter(
    url: str, text: str, update: int, token: str = "chatter-secret", chat: str = "42"
) -> requests.Response:
    """Send an update to the project's own channel, as Telegram would."""
    body = {"update_id": update, "message": {"text": text, "chat": {"id": chat}}}
    return requests.post(f"{url}/webhooks/chatter/webhook", json=body, headers={"x-token": token}, timeout=30)


async def nothing(*arguments: Any) -> None:
    """What a client does with what it does not receive."""


class Page:
    """A page with a chat window: a real Socket.IO client, which connects again by itself."""

    def __init__(self, url: str, session: str, transports: list[str]) -> None:
        self.session, self.got, self.confirmed = session, [], 0
        self.client = socketio.AsyncClient(reconnection_delay=0.05, reconnection_delay_max=0.2)
        self._url, self._transports = url, transports
        self.client.on("connect", self._ask)
        self.client.on("session_confirm", self._confirmed)
        self.client.on("bot_uttered", self._take)

    async def open(self) -> None:
        """Connect, and wait for the session."""
        before = self.confirmed
        await self.client.connect(self._url, transports=self._transports)
        await self.until(lambda: self.confirmed > before)

    async def say(self, text: str, message_id: str | None = None) -> None:
        """Send a message; the end of this is the server's acknowledgement."""
        said = {"message": text, "session_id": self.session}
        await self.client.call("user_uttered", {**said, **({"message_id": message_id} if message_id else {})})

    async def until(self, true: Any) -> None:
        """Wait for a condition, half a minute at most."""
        for _ in range(1500):
            if true():
                return
            await asyncio.sleep(0.02)
        raise AssertionError("it did not come about within 30 s")

    async def _ask(self) -> None:
        await self.client.emit("session_request", {"session_id": self.session})

    async def _confirmed(self, session: str) -> None:
        self.confirmed += 1

    async def _take(self, message: dict[str, Any]) -> None:
        self.got.append(message["text"])
