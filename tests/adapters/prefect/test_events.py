"""Events over HTTP, to a server that takes, refuses or is not there."""

from __future__ import annotations

import base64
import json
import re
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any

import pytest

from ratchet.adapters.prefect import events
from ratchet.adapters.service.running import provide
from ratchet.adapters.settings import Settings, load_settings
from ratchet.adapters.system.processes import free_port
from ratchet.domain.errors import RatchetError
from ratchet.domain.operations.triggers import code_changed, data_changed


class Prefect(HTTPServer):
    """Takes events from whoever knows the password."""

    got: list[Any]
    serves: tuple[str, ...]
    text = b""
    """What it says instead of JSON."""


class Handler(BaseHTTPRequestHandler):
    """Answers as Prefect's API does."""

    server: Prefect

    def do_GET(self) -> None:
        pool = self.path.rpartition("/")[2].removeprefix("ratchet-")
        self.send_response((200 if pool in self.server.serves else 404) if self.known else 401)
        self.end_headers()

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        if self.path.endswith("/work_pools/filter"):
            answer = (
                self.server.text
                or json.dumps([{"name": f"ratchet-{name}"} for name in self.server.serves]).encode()
            )
            self.send_response(200)
            self.send_header("Content-Length", str(len(answer)))
            self.end_headers()
            self.wfile.write(answer)
            return
        if self.known:
            self.server.got += json.loads(body)
        self.send_response(204 if self.known else 401)
        self.end_headers()

    @property
    def known(self) -> bool:
        return self.headers.get("Authorization") == f"Basic {base64.b64encode(b'ana:secret').decode()}"

    def log_message(self, format: str, *args: Any) -> None:
        pass


@pytest.fixture
def server() -> Iterator[Prefect]:
    """A running server."""
    made = Prefect(("127.0.0.1", 0), Handler)
    made.got, made.serves = [], ("helpdesk", "shop")
    threading.Thread(target=made.serve_forever, daemon=True).start()
    yield made
    made.shutdown()
    made.server_close()


def settings(folder: Path, port: int, auth: str | None, **more: str) -> Settings:
    """A workspace that uses a Prefect server elsewhere."""
    (folder / "params.yaml").write_text("", encoding="utf-8")
    (folder / "bot").mkdir(exist_ok=True)
    address = f"http://127.0.0.1:{port}/api"
    return load_settings(
        folder, **{"name": "helpdesk", "prefect_api_url": address, "prefect_auth": auth, **more}
    )


def test_an_event_carries_its_payload_as_labels_that_triggers_match(server: Prefect, tmp_path: Path) -> None:
    """The same happening has the same id, so that the server knows it when it comes twice."""
    found = settings(tmp_path, server.server_port, "ana:secret")
    events.send(found, [code_changed("c1", retrain=True)])
    events.send(found, [code_changed("c1", retrain=True), data_changed("c1")])
    first, second, third = server.got
    assert first["event"] == "ratchet.code.changed"
    assert first["resource"]["ratchet.retrain"] == "yes"
    assert first["resource"]["prefect.resource.id"] == "ratchet.workspace.helpdesk"
    assert first["id"] == second["id"] != third["id"]


def test_one_commit_is_news_to_two_workspaces(server: Prefect, tmp_path: Path) -> None:
    """A server drops an event whose id it knows: clones of one repository that are two bots have one each."""
    for name in ("helpdesk", "shop"):
        events.send(settings(tmp_path, server.server_port, "ana:secret", name=name), [data_changed("c1")])
    assert len({event["id"] for event in server.got}) == 2


def test_a_workspace_that_nobody_serves_is_told_who_is_served(server: Prefect, tmp_path: Path) -> None:
    """Its event would start nothing: a CI job whose folder has another name than the service's."""
    with pytest.raises(
        RatchetError, match="serves no workspace checkout; it serves helpdesk, shop"
    ) as caught:
        events.send(
            settings(tmp_path, server.server_port, "ana:secret", name="checkout"), [data_changed("c1")]
        )
    assert "RATCHET_NAME" in caught.value.remedy
    assert not server.got
    [name, _] = re.findall(r"helpdesk|shop", caught.value.fact)
    events.send(settings(tmp_path, server.server_port, "ana:secret", name=name), [data_changed("c1")])
    assert server.got


def test_without_a_server_the_one_that_is_named_is_used(server: Prefect, tmp_path: Path) -> None:
    """By the setting that the remedy names."""
    alone = settings(tmp_path, server.server_port, "ana:secret").model_copy(update={"prefect_api_url": None})
    with pytest.raises(RatchetError, match="No Prefect server runs") as caught:
        events.send(alone, [data_changed("c1")])
    [name] = re.findall(r"RATCHET_\w+", caught.value.remedy)
    address = f"http://127.0.0.1:{server.server_port}/api"
    (tmp_path / ".env").write_text(
        f"{name}={address}\nRATCHET_NAME=helpdesk\nRATCHET_PREFECT_AUTH=ana:secret\n"
    )
    assert events.send(load_settings(tmp_path), [data_changed("c1")]) == address


def test_a_wrong_password_is_named_as_such(server: Prefect, tmp_path: Path) -> None:
    """The remedy names the setting."""
    with pytest.raises(RatchetError, match="RATCHET_PREFECT_AUTH"):
        events.send(settings(tmp_path, server.server_port, None), [data_changed("c1")])
    assert not server.got


def test_a_service_that_the_server_refuses_or_does_not_hear_is_told_so(
    server: Prefect, tmp_path: Path
) -> None:
    """What `ratchet up` provides goes through Prefect's own client, and fails with the same words."""
    found = settings(tmp_path, server.server_port, None)
    with pytest.raises(RatchetError, match="refused a request") as refused:
        provide(found, {"watch"}, f"http://127.0.0.1:{server.server_port}/api", print)
    assert "RATCHET_PREFECT_AUTH" in refused.value.remedy
    with pytest.raises(RatchetError, match="does not answer"):
        provide(found, {"watch"}, f"http://127.0.0.1:{free_port()}/api", print)


def test_what_is_no_prefect_server_is_named_as_such(server: Prefect, tmp_path: Path) -> None:
    """A web server of another kind answers the address of the setting that the remedy names."""
    server.text = b"<html>hello</html>"
    with pytest.raises(RatchetError, match="no Prefect server") as caught:
        events.send(
            settings(tmp_path, server.server_port, "ana:secret", name="checkout"), [data_changed("c1")]
        )
    assert "RATCHET_PREFECT_API_URL" in caught.value.remedy


def test_no_server_is_an_error(tmp_path: Path) -> None:
    """Nothing is lost silently: the watcher keeps its cursor."""
    with pytest.raises(RatchetError, match="does not answer"):
        events.send(settings(tmp_path, free_port(), None), [data_changed("c1")])
