"""Pushing to a registry."""

from __future__ import annotations

import base64
import json
import stat
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any

import pytest

from ratchet.adapters.settings import Settings, load_settings
from ratchet.adapters.targets.swarm import image_registry
from ratchet.domain.errors import RatchetError


class Engine:
    """An engine whose push says what it is told to; like the real one it never raises."""

    def __init__(self, *events: dict[str, Any]) -> None:
        self.events = events
        self.pushed: list[str] = []
        self.api = self

    def push(self, repository: str, tag: str, **_: Any) -> Iterator[dict[str, Any]]:
        self.pushed.append(f"{repository}:{tag}")
        return iter(self.events)


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    """A workspace with a registry."""
    (tmp_path / "bot").mkdir()
    (tmp_path / "params.yaml").write_text("")
    return load_settings(tmp_path, registry="registry.test/team/bot")


def test_a_push_returns_the_image_by_digest(settings: Settings) -> None:
    """What is deployed is named by digest; version and `latest` are both pushed."""
    engine = Engine({"status": "Pushed"}, {"aux": {"Digest": "sha256:abc"}})
    named = image_registry.push(engine, settings, "registry.test:5000/team/bot:7-0123")
    assert named == "registry.test:5000/team/bot@sha256:abc"
    assert engine.pushed == ["registry.test:5000/team/bot:7-0123", "registry.test:5000/team/bot:latest"]


def test_an_error_in_the_stream_is_an_error(settings: Settings) -> None:
    """The SDK does not raise; the stream of a refused push is read."""
    engine = Engine({"status": "Preparing"}, {"error": "denied: requested access to the resource is denied"})
    with pytest.raises(RatchetError, match="denied"):
        image_registry.push(engine, settings, "registry.test/team/bot:7")


def test_a_push_without_a_digest_is_an_error(settings: Settings) -> None:
    """Nothing is deployed by a name that can move."""
    with pytest.raises(RatchetError, match="no digest"):
        image_registry.push(Engine({"status": "Pushed"}), settings, "registry.test/team/bot:7")


class Amazon(BaseHTTPRequestHandler):
    """Amazon's registry service as far as a login goes."""

    def do_POST(self) -> None:
        token = base64.b64encode(b"AWS:secret").decode()
        content = json.dumps({"authorizationData": [{"authorizationToken": token}]}).encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    def log_message(self, format: str, *args: object) -> None:
        """Keep quiet."""


def test_a_login_to_amazons_registry_is_fetched_and_kept_private(
    tmp_path: Path, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The SDK gets user and password, the CLI a configuration of its own that only its owner reads."""
    server = HTTPServer(("127.0.0.1", 0), Amazon)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    monkeypatch.setenv("AWS_ENDPOINT_URL_ECR", f"http://127.0.0.1:{server.server_port}")
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "none")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "none")
    host = "123456789012.dkr.ecr.eu-west-1.amazonaws.com"
    found = image_registry.ecr_login(settings.model_copy(update={"registry": f"{host}/team/bot"}))
    server.shutdown()
    assert found == {"username": "AWS", "password": "secret"}
    config = settings.state / "docker" / "config.json"
    assert list(json.loads(config.read_text())["auths"]) == [host]
    assert stat.S_IMODE(config.stat().st_mode) == 0o600
