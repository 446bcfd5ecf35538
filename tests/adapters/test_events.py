"""Events over HTTP, to a server that takes, refuses or is not there."""

from __future__ import annotations

import base64
import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any

import pytest

from adapters import events
from adapters.replicas import free_port
from adapters.settings import Settings, load_settings
from domain.errors import RatchetError
from domain.triggers import code_changed, data_changed


class Prefect(HTTPServer):
    """Takes events from whoever knows the password."""

    got: list[Any]


class Handler(BaseHTTPRequestHandler):
    """Answers as Prefect's API does."""

    server: Prefect

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        known = self.headers.get("Authorization") == f"Basic {base64.b64encode(b'ana:secret').decode()}"
        if known:
            self.server.got += json.loads(body)
        self.send_response(204 if known else 401)
        self.end_headers()

    def log_message(self, format: str, *args: Any) -> None:
        pass


@pytest.fixture
def server() -> Iterator[Prefect]:
    """A running server."""
    made = Prefect(("127.0.0.1", 0), Handler)
    made.got = []
    threading.Thread(target=made.serve_forever, daemon=True).start()
    yield made
    made.shutdown()
    made.server_close()


def settings(folder: Path, port: int, auth: str | None) -> Settings:
    """A workspace that uses a Prefect server elsewhere."""
    (folder / "params.yaml").write_text("", encoding="utf-8")
    (folder / "bot").mkdir(exist_ok=True)
    return load_settings(folder, prefect_api_url=f"http://127.0.0.1:{port}/api", prefect_auth=auth)


def test_an_event_carries_its_payload_as_labels_that_triggers_match(server: Prefect, tmp_path: Path) -> None:
    """The same happening has the same id, so that the server knows it when it comes twice."""
    found = settings(tmp_path, server.server_port, "ana:secret")
    events.send(found, [code_changed("c1", retrain=True)])
    events.send(found, [code_changed("c1", retrain=True), data_changed("c1")])
    first, second, third = server.got
    assert first["event"] == "ratchet.code.changed"
    assert first["resource"]["ratchet.retrain"] == "yes"
    assert first["resource"]["prefect.resource.id"].startswith("ratchet.workspace.")
    assert first["id"] == second["id"] != third["id"]


def test_a_wrong_password_is_named_as_such(server: Prefect, tmp_path: Path) -> None:
    """The remedy names the setting."""
    with pytest.raises(RatchetError, match="RATCHET_PREFECT_AUTH"):
        events.send(settings(tmp_path, server.server_port, None), [data_changed("c1")])
    assert not server.got


def test_no_server_is_an_error(tmp_path: Path) -> None:
    """Nothing is lost silently: the watcher keeps its cursor."""
    with pytest.raises(RatchetError, match="does not answer"):
        events.send(settings(tmp_path, free_port(), None), [data_changed("c1")])
