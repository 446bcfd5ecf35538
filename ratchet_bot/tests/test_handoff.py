"""Delivery to a webhook."""

from __future__ import annotations

import asyncio
import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from typing import Any

import pytest

from ratchet_bot.channel.handoff import Handoff


class Desk:
    """A webhook that fails so many times before it accepts."""

    def __init__(self, failures: int) -> None:
        self.failures = failures
        self.received: list[dict[str, Any]] = []
        desk = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
                desk.failures -= 1
                accepted = desk.failures < 0
                if accepted:
                    desk.received.append(body)
                self.send_response(200 if accepted else 503)
                self.end_headers()

            def log_message(self, *arguments: Any) -> None:
                pass

        self.server = HTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_port}/"
        threading.Thread(target=self.server.serve_forever, daemon=True).start()


@pytest.fixture
def desk() -> Iterator[Desk]:
    desk = Desk(failures=2)
    yield desk
    desk.server.shutdown()


def test_a_conversation_arrives_once_in_spite_of_failures(desk: Desk) -> None:
    """Two refusals, then accepted: delivered once."""

    async def scenario() -> None:
        handoff = Handoff(desk.url, first_wait=0.01)
        handoff.post({"sender": "anna"})
        await handoff.drain(5)

    asyncio.run(scenario())
    assert desk.received == [{"sender": "anna"}]


def test_posting_never_waits() -> None:
    """A dead webhook costs the reply nothing; the stop gives up in time and says so."""

    async def scenario() -> float:
        handoff = Handoff("http://127.0.0.1:9/", first_wait=60)
        started = asyncio.get_running_loop().time()
        handoff.post({"sender": "anna"})
        posted = asyncio.get_running_loop().time() - started
        await handoff.drain(0.2)
        return posted

    assert asyncio.run(scenario()) < 0.05


def test_without_an_address_the_log_says_who_waits(caplog: pytest.LogCaptureFixture) -> None:
    """Nobody is lost silently."""
    Handoff(None, others=True).post({"sender": "ben"})
    assert not caplog.records
    Handoff(None).post({"sender": "anna"})
    assert "'anna' needs a person" in caplog.text
