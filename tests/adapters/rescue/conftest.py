"""A machine that was backed up, with changes that no commit has, and is gone."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from ratchet.adapters.registry.mlflow import Registry
from ratchet.adapters.rescue import backup, sealed
from tests.adapters.rescue import machine
from tests.adapters.rescue.machine import Gone
from tests.corpora import git


@pytest.fixture(scope="module", autouse=True)
def cheap() -> Iterator[None]:
    """Passphrases cost nothing here."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(sealed, "COST", machine.CHEAP)
        yield


def change(workspace: Path) -> None:
    """Change what no commit has: a file more, one less, one other, one that Git ignores."""
    (workspace / "deployments").mkdir()
    (workspace / "deployments" / "stack.yml").write_text("services: {}\n")
    (workspace / "params.yaml").write_text("split:\n  salt: test\ntrain:\n  seed: 7\n")
    (workspace / "bot" / "credentials.secret").write_text("socketio: token\n")
    (workspace / "notes.txt").unlink()


@pytest.fixture(scope="module")
def gone(tmp_path_factory: pytest.TempPathFactory) -> Gone:
    """A machine that is backed up and deleted."""
    folder = tmp_path_factory.mktemp("gone")
    settings = machine.make(folder / "bot-team")
    (settings.workspace / "notes.txt").write_text("old\n")
    machine.commit(settings.workspace, "Notes")
    git(folder, "clone", "--quiet", "--bare", str(settings.workspace), str(folder / "origin.git"))
    change(settings.workspace)
    file = folder / "machine.backup"
    manifest = backup.backup(settings, file, machine.PASSPHRASE, print)
    releases = tuple(Registry(settings).releases())
    status = git(settings.workspace, "status", "--porcelain")
    shutil.rmtree(settings.workspace)
    return Gone(file, manifest, folder / "origin.git", settings.workspace, releases, status)
