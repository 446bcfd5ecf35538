"""Tests of the embedded Prefect server's start."""

from __future__ import annotations

from pathlib import Path

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
