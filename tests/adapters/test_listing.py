"""The workspaces of a machine, side by side: what runs, and why one cannot be read."""

from __future__ import annotations

from pathlib import Path

import pytest

from ratchet.adapters import listing
from ratchet.adapters.workspace import owners
from tests.workspaces import fake_workspace


def test_each_workspace_is_listed_with_its_port_and_one_that_cannot_be_read_with_the_reason(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nothing runs here; the neighbour has a key in params.yaml that nobody knows."""
    for name in ("one", "two"):
        (tmp_path / name).mkdir()
    settings = fake_workspace(tmp_path / "one")
    (settings.workspace / ".env").write_text(f"RATCHET_PORT={settings.port}\nRATCHET_TARGET=process\n")
    neighbour = fake_workspace(tmp_path / "two").workspace
    (neighbour / "params.yaml").write_text("nobody: 1\n")
    monkeypatch.setattr(owners, "neighbours", lambda workspace: {neighbour})
    one, two = listing.all_here(settings)
    assert (one.workspace, one.name, one.port) == (str(settings.workspace), "one", settings.port)
    assert (one.release, one.replicas, one.service, one.fault) == ("", 0, False, "")
    assert "nobody: no such key" in two.fault
    assert [each.workspace for each in listing.all_here(None)] == [str(neighbour)]
