"""The health check inside the image, against a server that says what a replica may say."""

from __future__ import annotations

import importlib.util
import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

SCRIPT = Path(__file__).parents[2] / "deployments" / "bot" / "healthy.py"
NAMED = {"sha256": "abc", "release": "r7", "started_at": "2030-01-01T00:00:00+00:00"}
READY = (200, {"ready": True, **NAMED})
WITHOUT_STORE = (503, {"ready": False, "why": "conversation store: Connection refused", **NAMED})
ALIVE = (200, {"alive": True, **NAMED})


class Replica:
    """Says for each path what it is told to, 404 for others; knows what it was asked."""

    def __init__(self) -> None:
        self.says: dict[str, tuple[int, Any]] = {}
        self.asked: list[str] = []
        replica = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                replica.asked.append(self.path)
                status, body = replica.says.get(self.path, (404, "not found"))
                self.send_response(status)
                self.end_headers()
                self.wfile.write(json.dumps(body).encode())

            def log_message(self, *arguments: Any) -> None:
                pass

        self.server = HTTPServer(("127.0.0.1", 0), Handler)
        threading.Thread(target=self.server.serve_forever, daemon=True).start()


@pytest.fixture
def replica() -> Iterator[Replica]:
    replica = Replica()
    yield replica
    replica.server.shutdown()


@pytest.fixture
def healthy(replica: Replica, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    """The script, for this replica."""
    spec = importlib.util.spec_from_file_location("healthy", SCRIPT)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    module.ADDRESS = ("127.0.0.1", replica.server.server_port)
    module.READY_ONCE = tmp_path / "ready"
    monkeypatch.setenv("RATCHET_MODEL_SHA256", "abc")
    monkeypatch.setenv("RATCHET_RELEASE", "r7")
    return module


def test_a_replica_is_healthy_once_it_is_ready_and_from_then_on_while_it_lives(
    replica: Replica, healthy: ModuleType
) -> None:
    """Without its store a new replica is unhealthy, and says why; one that was ready is not restarted for that."""
    replica.says = {"/alive": ALIVE, "/status": WITHOUT_STORE}
    assert healthy.fault() == "not ready: conversation store: Connection refused"
    replica.says["/status"] = READY
    assert healthy.fault() == ""
    replica.says["/status"] = WITHOUT_STORE
    replica.asked.clear()
    assert healthy.fault() == ""
    assert replica.asked == ["/alive"]


def test_another_start_must_become_ready_itself(replica: Replica, healthy: ModuleType) -> None:
    """What was noted belongs to one process, also where /tmp outlives it."""
    replica.says = {"/alive": ALIVE, "/status": READY}
    assert healthy.fault() == ""
    later = {**NAMED, "started_at": "2030-01-02T00:00:00+00:00"}
    replica.says = {"/alive": (200, {"alive": True, **later}), "/status": WITHOUT_STORE}
    assert "conversation store" in healthy.fault()


@pytest.mark.parametrize("was_ready", [False, True])
@pytest.mark.parametrize(("key", "other"), [("sha256", "def"), ("release", "r8")])
def test_another_model_or_release_is_never_healthy(
    replica: Replica, healthy: ModuleType, was_ready: bool, key: str, other: str
) -> None:
    """Neither before it was ready nor later."""
    if was_ready:
        replica.says = {"/alive": ALIVE, "/status": READY}
        assert healthy.fault() == ""
    wrong = {**NAMED, key: other}
    replica.says = {"/alive": (200, {"alive": True, **wrong}), "/status": (200, {"ready": True, **wrong})}
    assert other in healthy.fault()


def test_an_older_bot_is_asked_for_its_status_alone(replica: Replica, healthy: ModuleType) -> None:
    """It has no /alive, so it is healthy while it is ready."""
    replica.says = {"/status": READY}
    assert healthy.fault() == ""
    replica.says = {"/status": (503, {"ready": False})}
    assert healthy.fault().startswith("not ready: 503")


def test_where_nothing_can_be_noted_it_has_to_be_ready(replica: Replica, healthy: ModuleType) -> None:
    """A container without a /tmp that it may write is no error."""
    healthy.READY_ONCE = healthy.READY_ONCE.parent / "none" / "ready"
    replica.says = {"/alive": ALIVE, "/status": READY}
    assert healthy.fault() == ""
    replica.says["/status"] = WITHOUT_STORE
    assert "conversation store" in healthy.fault()


@pytest.mark.parametrize("said", ["no object", 3, [1]])
def test_what_is_no_answer_is_a_fault_and_no_traceback(
    replica: Replica, healthy: ModuleType, said: Any
) -> None:
    """Other JSON than an object, and no server at all."""
    replica.says = {"/alive": (200, said)}
    assert healthy.fault().startswith("no answer")
    healthy.ADDRESS = ("127.0.0.1", 1)
    assert healthy.fault().startswith("no answer")
