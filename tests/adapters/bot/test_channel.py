"""The bot's channel as its client sees it."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from typing import Any

import pytest

from ratchet.adapters.bot import channel
from ratchet.domain.errors import RatchetError


class Replica:
    """Answers each request with `status` and `body`; knows what it was asked, with which token."""

    def __init__(self) -> None:
        self.status, self.body = 200, b"{}"
        self.asked: list[tuple[str, str, str | None]] = []
        replica = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                replica.asked.append((self.command, self.path, self.headers.get("Authorization")))
                self.send_response(replica.status)
                self.send_header("Content-Length", str(len(replica.body)))
                self.end_headers()
                self.wfile.write(replica.body)

            do_DELETE = do_GET

            def log_message(self, format: str, *args: object) -> None:
                """Keep quiet."""

        self.server = HTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_port}"
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def says(self, status: int, body: Any) -> None:
        """Answer with this from now on."""
        self.status, self.body = status, body if isinstance(body, bytes) else json.dumps(body).encode()


@pytest.fixture
def replica() -> Iterator[Replica]:
    replica = Replica()
    yield replica
    replica.server.shutdown()
    replica.server.server_close()


def test_checks_are_deleted_with_the_staging_token(replica: Replica) -> None:
    """The replica says how many entries that were."""
    replica.says(200, {"deleted": 7})
    assert channel.forget_checks(replica.url, "secret") == 7
    assert replica.asked == [("DELETE", "/checks", "Bearer secret")]


@pytest.mark.parametrize("status", [404, 405])
def test_a_bot_that_cannot_delete_checks_is_no_error(replica: Replica, status: int) -> None:
    """An older release does not know the path; what it keeps is in a store of its own."""
    replica.says(status, b"not found")
    assert channel.forget_checks(replica.url, "secret") is None


@pytest.mark.parametrize(("status", "body"), [(403, {"error": "no right"}), (503, b"gone"), (200, b"<html>")])
def test_checks_that_were_not_deleted_are_an_error(replica: Replica, status: int, body: Any) -> None:
    """It never repeats the token."""
    replica.says(status, body)
    with pytest.raises(RatchetError, match="did not delete") as error:
        channel.forget_checks(replica.url, "secret-token")
    assert "secret-token" not in str(error.value)


def test_a_replica_that_is_not_ready_says_why(replica: Replica) -> None:
    """It has no status then; one that is ready, that is silent, or that is no bot has no reason to give."""
    replica.says(503, {"ready": False, "why": "conversation store: Connection refused", "release": "r7"})
    assert channel.status(replica.url) is None
    said = channel.readiness(replica.url)
    assert (said["ready"], said["why"]) == (False, "conversation store: Connection refused")
    replica.says(200, {"ready": True})
    assert channel.readiness(replica.url) == {"ready": True}
    for status, body in ((500, {"ready": False}), (503, b"<html>"), (503, [1])):
        replica.says(status, body)
        assert channel.readiness(replica.url) == {}
    assert channel.readiness("http://127.0.0.1:1") == {}
