"""A bot at its public address, as the monitor's probe meets it."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any


@dataclass
class FrontDoor:
    """A stand-in: `status` is what every request ends with; `answers` maps a text to its intent.

    `alive` says whether it is of a framework that knows checks. `posts` are the messages that came, with their token.
    """

    release: str = "r7"
    model_id: str = "m7"
    status: int = 200
    body: bytes | None = None
    wait: float = 0.0
    alive: bool = True
    answer: Callable[[str], str] = lambda text: "greet"
    posts: list[dict[str, Any]] = field(default_factory=list)
    port: int = 0

    def reply(self, path: str, post: dict[str, Any] | None) -> tuple[int, bytes]:
        """What a request gets."""
        time.sleep(self.wait)
        if path == "/alive":
            return (200 if self.alive else 404), b"{}"
        if self.body is not None:
            return self.status, self.body
        named = {"release": self.release, "model_id": self.model_id}
        if post is None:
            return self.status, json.dumps({"ready": True, **named}).encode()
        self.posts.append(post)
        intent = {"name": self.answer(str(post["message"])), "confidence": 0.9}
        return self.status, json.dumps({"messages": [], "intent": intent, **named}).encode()


@contextmanager
def opened() -> Iterator[FrontDoor]:
    """Serve a bot on a free port."""
    door = FrontDoor()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            self.give(body | {"token": self.headers["Authorization"]})

        def do_GET(self) -> None:
            """Status and life."""
            self.give(None)

        def give(self, post: dict[str, Any] | None) -> None:
            """Answer."""
            status, body = door.reply(self.path, post)
            self.send_response(status)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format: str, *args: object) -> None:
            """Keep quiet."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    door.port = server.server_port
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield door
    finally:
        server.shutdown()
        server.server_close()
