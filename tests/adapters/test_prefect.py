"""Tests of the embedded Prefect server's start."""

from __future__ import annotations

import asyncio
import logging
from pathlib import Path
from types import SimpleNamespace

import pytest

from adapters import prefect
from adapters.replicas import alive, read_replica
from adapters.settings import load_settings
from tests.workspaces import fake_workspace


def test_a_command_killed_while_the_server_starts_leaves_one_that_the_next_finds(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The server is noted before it answers: the next command waits for it, and starts no second one."""
    settings = fake_workspace(tmp_path / "ws")

    def killed(*_: object) -> None:
        raise SystemExit

    with monkeypatch.context() as dying:
        dying.setattr(prefect, "await_ready", killed)
        dying.setattr(prefect, "terminate", lambda _: None)  # who was killed terminates nothing
        with pytest.raises(SystemExit):
            prefect.ensure_server(settings)
    left = read_replica(prefect.server_file(settings))
    assert left is not None
    assert alive(left)
    monkeypatch.setattr(prefect, "await_ready", lambda replica, *_: None)
    assert prefect.ensure_server(settings) == left
    assert prefect.stop_server(settings)


def test_log_lines_that_the_server_does_not_take_do_not_disturb_what_is_printed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Prefect's own sender of log lines, with a server that fails, in a process that is connected."""
    from prefect.logging.handlers import APILogWorker

    async def failing(_: object) -> None:
        raise ConnectionRefusedError("nobody there")

    monkeypatch.setattr(logging, "raiseExceptions", True)
    monkeypatch.setattr(prefect, "environment", lambda *_: {})
    sender = object.__new__(APILogWorker)
    sender._client = SimpleNamespace(create_logs=failing)  # type: ignore[assignment]
    asyncio.run(sender._handle_batch([]))
    assert "Error logging to API" in capsys.readouterr().err
    prefect.connect(fake_workspace(tmp_path / "ws", prefect_api_url="http://127.0.0.1:1/api"))
    asyncio.run(sender._handle_batch([]))
    assert capsys.readouterr().err == ""


@pytest.mark.parametrize("line", ["", "RATCHET_NAME=desk\n"])
def test_a_workspaces_name_is_known_before_its_policy_is_valid(tmp_path: Path, line: str) -> None:
    """A run that takes the commit which corrects params.yaml has the workspace's tag, too."""
    workspace = fake_workspace(tmp_path).workspace
    (workspace / ".env").write_text(line)
    expected = prefect.scope(load_settings(workspace))
    (workspace / "params.yaml").write_text("gate: {no_such_key: 1}\n")
    assert prefect.scope_at(workspace) == expected
    (workspace / ".env").write_bytes(b"RATCHET_NAME=\xff\xfe\n")
    assert prefect.scope_at(workspace).name
