"""Tests of the embedded Prefect server's start."""

from __future__ import annotations

import asyncio
import logging
from pathlib import Path
from types import SimpleNamespace

import pytest

from ratchet.adapters.prefect import server
from ratchet.adapters.settings import load_settings
from ratchet.adapters.system.processes import alive, read_replica
from tests.workspaces import fake_workspace


def test_a_command_killed_while_the_server_starts_leaves_one_that_the_next_finds(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The server is noted before it answers: the next command waits for it, and starts no second one."""
    settings = fake_workspace(tmp_path / "ws")

    def killed(*_: object) -> None:
        raise SystemExit

    with monkeypatch.context() as dying:
        dying.setattr(server, "await_ready", killed)
        dying.setattr(server, "terminate", lambda _: None)  # who was killed terminates nothing
        with pytest.raises(SystemExit):
            server.ensure_server(settings)
    left = read_replica(server.server_file(settings))
    assert left is not None
    assert alive(left)
    monkeypatch.setattr(server, "await_ready", lambda replica, *_: None)
    assert server.ensure_server(settings) == left
    assert server.stop_server(settings)


def test_log_lines_that_the_server_does_not_take_do_not_disturb_what_is_printed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Prefect's own sender of log lines, with a server that fails, in a process that is connected."""
    from prefect.logging.handlers import APILogWorker

    async def failing(_: object) -> None:
        raise ConnectionRefusedError("nobody there")

    monkeypatch.setattr(logging, "raiseExceptions", True)
    monkeypatch.setattr(server, "environment", lambda *_: {})
    sender = object.__new__(APILogWorker)
    sender._client = SimpleNamespace(create_logs=failing)  # type: ignore[assignment]
    asyncio.run(sender._handle_batch([]))
    assert "Error logging to API" in capsys.readouterr().err
    server.connect(fake_workspace(tmp_path / "ws", prefect_api_url="http://127.0.0.1:1/api"))
    asyncio.run(sender._handle_batch([]))
    assert capsys.readouterr().err == ""


@pytest.mark.parametrize("line", ["", "RATCHET_NAME=desk\n"])
def test_a_workspaces_name_is_known_before_its_policy_is_valid(tmp_path: Path, line: str) -> None:
    """A run that takes the commit which corrects params.yaml has the workspace's tag, too."""
    workspace = fake_workspace(tmp_path).workspace
    (workspace / ".env").write_text(line)
    expected = server.scope(load_settings(workspace))
    (workspace / "params.yaml").write_text("gate: {no_such_key: 1}\n")
    assert server.scope_at(workspace) == expected
    (workspace / ".env").write_bytes(b"RATCHET_NAME=\xff\xfe\n")
    assert server.scope_at(workspace).name
