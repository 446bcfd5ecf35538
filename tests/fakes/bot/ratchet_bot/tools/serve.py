"""A stand-in for the bot's server: the same HTTP contract on the standard library alone.

It runs in an image without Rasa, for tests of the fleet that need no answers of a model. How it behaves is told by
FAULT, a file beside it: empty or absent for a good server, else one of `crash`, `never-healthy`, `slow`, `wrong`, or
`slow SECONDS`.
"""

from __future__ import annotations

import argparse
import json
import os
import signal
import sys
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, ClassVar

SLOW_SECONDS = 1.5


class Handler(BaseHTTPRequestHandler):
    """Answers /status and /chat."""

    protocol_version = "HTTP/1.1"
    wbufsize = -1  # header and body in one packet
    said: ClassVar[dict[str, Any]] = {}
    busy: ClassVar[set[object]] = set()
    fault = ""
    token = ""
    """That of Ratchet's own checks, as it was when the server was started."""

    def do_GET(self) -> None:
        ready = self.path == "/status" and self.fault != "never-healthy"
        self.answer(200 if ready else 503, {"ready": ready, **self.said})

    def do_POST(self) -> None:
        self.busy.add(self)
        try:
            self.reply()
        finally:
            self.busy.discard(self)

    def reply(self) -> None:
        """Answer a message."""
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        if self.token and self.headers.get("Authorization", f"Bearer {self.token}") != f"Bearer {self.token}":
            self.answer(403, {"error": "no client has this token"})
            return
        if body["message"].startswith("refuse"):
            print(f"refused: {body['message']}", flush=True)
            self.answer(400, {"error": "no such message"})
            return
        if self.fault.startswith("slow"):
            time.sleep(float(self.fault.removeprefix("slow") or SLOW_SECONDS))
        intent = "nonsense" if self.fault == "wrong" else "greet"
        reply = {
            "messages": [{"text": f"You said {body['message']}"}],
            "intent": {"name": intent, "confidence": 0.9},
        }
        self.answer(200, {**reply, "release": self.said["release"], "model_id": self.said["model_id"]})

    def answer(self, code: int, content: dict[str, Any]) -> None:
        """Send JSON."""
        data = json.dumps(content).encode()
        self.send_response(code)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    def log_message(self, format: str, *args: object) -> None:
        """Keep quiet."""


def main() -> None:
    """Serve until SIGTERM."""
    parser = argparse.ArgumentParser()
    parser.set_defaults(host="127.0.0.1")
    for name in ("model", "port", "host", "release", "model-version", "sha256"):
        parser.add_argument(f"--{name}")
    arguments = parser.parse_args()
    fault = Path(__file__).with_name("FAULT")
    Handler.fault = fault.read_text().strip() if fault.exists() else ""
    named = os.environ.get("RATCHET_STAGING_TOKEN_FILE", "")
    Handler.token = Path(named).read_text().strip() if named and Path(named).exists() else ""
    if Handler.fault == "crash":
        print("error: this image is broken on purpose", flush=True)
        sys.exit(3)
    Handler.said = {
        "release": arguments.release,
        "model_version": arguments.model_version,
        "model_id": f"fake-{arguments.sha256[:8]}",
        "sha256": arguments.sha256,
    }
    server = ThreadingHTTPServer((arguments.host, int(arguments.port)), Handler)
    signal.signal(signal.SIGTERM, lambda *_: threading.Thread(target=server.shutdown).start())
    server.serve_forever()
    while Handler.busy:  # as the bot does, until whoever stops it has no more patience
        time.sleep(0.01)


if __name__ == "__main__":
    main()
