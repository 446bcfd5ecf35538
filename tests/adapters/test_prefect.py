"""Tests of the embedded Prefect server's start."""

from __future__ import annotations

import asyncio
import logging
from pathlib import Path
from types import SimpleNamespace

import pytest

from adapters import prefect
from adapters.replicas import alive, read_replica
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
