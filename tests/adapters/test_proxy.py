"""With `http_proxy` set, nothing that Ratchet asks on this machine goes through it."""

from __future__ import annotations

import ast
import json
import sys
import threading
import urllib.request
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import ClassVar

import httpx
import pytest
import requests
from prefect.client.orchestration import SyncPrefectClient

from ratchet.adapters import environment
from ratchet.adapters.bot import channel
from ratchet.adapters.prefect import client
from ratchet.adapters.system import commands
from tests.remedies import sources
from tests.workspaces import fake_workspace

CALLS = {"get", "post", "put", "delete", "patch", "head", "request", "stream", "Client", "AsyncClient"}
OUTSIDE = ("weights.py",)
"""What asks servers elsewhere, where a team's proxy is the way."""
ASK = "import sys, urllib.request; print(urllib.request.urlopen(sys.argv[1], timeout=10).read().decode())"


class Web(BaseHTTPRequestHandler):
    """A proxy and the servers of this machine in one: whoever asks for a whole address takes it for a proxy."""

    through: ClassVar[list[str]] = []

    def do_GET(self) -> None:
        """Note what came as to a proxy; answer it either way, so that nobody fails of it."""
        if self.path.startswith("http"):
            self.through.append(self.path)
        content = json.dumps({"ready": True, "release": "r1", "model_id": "m"}).encode()
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    do_POST = do_GET

    def log_message(self, format: str, *args: object) -> None:
        """Keep quiet."""


@pytest.fixture
def web(monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """The address of a server here, in a shell whose every proxy variable names it."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), Web)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    url = f"http://127.0.0.1:{server.server_port}"
    Web.through.clear()
    monkeypatch.setattr("urllib.request._opener", None)  # made once, with the proxies of that moment
    for name in ("http_proxy", "HTTP_PROXY", "https_proxy", "HTTPS_PROXY", "all_proxy", "ALL_PROXY"):
        monkeypatch.setenv(name, url)
    for name in ("no_proxy", "NO_PROXY"):
        monkeypatch.setenv(name, "corp.example")
    yield url
    server.shutdown()
    server.server_close()


def test_the_proxy_is_used_without_ratchet(web: str) -> None:
    """Else the next test could not fail."""
    requests.get(f"{web}/status", timeout=10)
    assert Web.through == [f"{web}/status"]


def test_no_call_to_this_machine_goes_through_the_proxy(web: str, tmp_path: Path) -> None:
    """The bot, a Prefect server that the settings name here, every client of the libraries, and programs."""
    settings = fake_workspace(tmp_path / "ws", prefect_api_url=f"{web}/api")
    environment.tidy(settings)
    assert channel.status(web)
    assert channel.serves(web, "r1")
    assert channel.talk(web, "a", "hello")
    assert client.healthy(web)
    with client.Server(settings, f"{web}/api") as server:
        assert server.has("/health")
    port = web.rpartition(":")[2]
    for host in ("127.0.0.1", "localhost"):
        address = f"http://{host}:{port}/status"
        assert requests.get(address, timeout=10).ok
        assert httpx.get(address, timeout=10).is_success
        assert urllib.request.urlopen(address, timeout=10).status == 200
        assert "ready" in commands.run([sys.executable, "-c", ASK, address]).output
    assert Web.through == []
    requests.get("http://outside.example/", timeout=10)
    assert Web.through == ["http://outside.example/"]


@pytest.mark.parametrize("scheme", ["socks5", "socks5h"])
def test_a_socks_proxy_ends_no_command(
    web: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, scheme: str
) -> None:
    """Prefect's client and ours begin by preparing for it, and call this machine without it."""
    for name in ("http_proxy", "HTTP_PROXY", "https_proxy", "HTTPS_PROXY", "all_proxy", "ALL_PROXY"):
        monkeypatch.setenv(name, f"{scheme}://127.0.0.1:9")
    settings = fake_workspace(tmp_path / "ws", prefect_api_url=f"{web}/api")
    environment.tidy(settings)
    with SyncPrefectClient(f"{web}/api") as asked:
        assert asked._client.get("/health").is_success
    assert httpx.get(f"{web}/status", timeout=10).is_success
    assert "ready" in commands.run([sys.executable, "-c", ASK, f"{web}/status"]).output


def test_every_call_says_whether_it_reads_the_environment() -> None:
    """A new call of httpx without `trust_env` would leave it to the shell; options passed on have it in them."""
    silent = [
        f"{path}:{node.lineno}"
        for path, tree in sources().items()
        if path.name not in OUTSIDE
        for node in ast.walk(tree)
        if isinstance(node, ast.Call)
        and isinstance(node.func, ast.Attribute)
        and isinstance(node.func.value, ast.Name)
        and node.func.value.id == "httpx"
        and node.func.attr in CALLS
        and not any(word.arg in ("trust_env", None) for word in node.keywords)
    ]
    assert silent == []
