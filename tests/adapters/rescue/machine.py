"""A machine with a whole workspace on it, small enough for fast tests: Git, DVC, a registry, a bundle, secrets."""

from __future__ import annotations

import shutil
import sqlite3
import sys
import tempfile
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path

from ratchet.adapters.bot import bot_code, channel
from ratchet.adapters.corpus import dvc
from ratchet.adapters.registry.mlflow import Registry
from ratchet.adapters.settings import Settings, load_settings
from ratchet.adapters.system.files import sha256, write_json
from ratchet.adapters.system.processes import free_port
from ratchet.adapters.targets.process import ProcessTarget
from ratchet.adapters.workspace import identity
from ratchet.domain.operations.backup import Manifest
from ratchet.domain.release.manifest import Release
from tests.corpora import data_workspace, git
from tests.domain.release.test_manifest import model
from tests.workspaces import FAKE_BOT, fake_workspace, make_release

PASSPHRASE = "correct horse battery staple"
CHEAP = 2
"""scrypt's cost in tests that are not about it."""


@dataclass(frozen=True)
class Gone:
    """What is left of a machine: its backup, a clone of its repository, and what it was."""

    file: Path
    manifest: Manifest
    origin: Path
    home: Path
    releases: tuple[Release, ...]
    status: str


def make(folder: Path) -> Settings:
    """Make the workspace, with two releases of one model, the second with another wording and live; nothing runs."""
    workspace = data_workspace(folder).workspace
    shutil.rmtree(workspace / "bot")
    shutil.copytree(FAKE_BOT, workspace / "bot", ignore=shutil.ignore_patterns("__pycache__"))
    (workspace / ".gitignore").write_text(".ratchet/\n.env\n/data\n*.secret\n")
    (workspace / ".env").write_text(
        f"RATCHET_PORT={free_port()}\nRATCHET_BOT_PYTHON={sys.executable}\nRATCHET_TARGET=process\n"
    )
    (workspace / ".env").chmod(0o600)
    git(workspace, "remote", "add", "origin", "git@nowhere.example:bot.git")
    add_data(workspace)
    commit(workspace, "The bot")
    settings = load_settings(workspace)
    identity.claim(workspace)
    (settings.state / "mlflow.db").write_bytes(migrated())
    channel.staging_token(settings)
    first = release(settings, "Hello.", None)
    release(settings, "Good day.", first.id)
    write_json(settings.state / "owned.json", {"ports": {"prefect_port": 4242}, "stack": "", "avoid": ""})
    messages = settings.state / "events" / "messages.db"
    messages.parent.mkdir()
    with sqlite3.connect(messages) as opened:
        opened.execute("create table messages (text)")
        opened.execute("insert into messages values ('my laptop')")
    (settings.state / "harvest" / "2026-W47").mkdir(parents=True)
    (settings.state / "harvest" / "2026-W47" / "labelled.csv").write_text("text,intent\nmy laptop,order\n")
    return settings


@cache
def migrated() -> bytes:
    """A database that MLflow has set up: its migrations take seconds."""
    with tempfile.TemporaryDirectory(prefix="ratchet-migrated-") as name:
        settings = fake_workspace(Path(name) / "ws")
        assert Registry(settings).client
        return (settings.state / "mlflow.db").read_bytes()


def add_data(workspace: Path) -> None:
    """Give it a data revision, which its remote has."""
    (workspace / "data").mkdir()
    (workspace / "data" / "utterances.csv").write_text("text,intent\nhello,greet\n")
    found = dvc.add(workspace, workspace / "data")
    dvc.write_pointer(workspace, found)
    dvc.push(workspace, found.revision)


def commit(workspace: Path, message: str) -> str:
    """Commit everything and return the commit."""
    git(workspace, "add", "--all")
    git(workspace, "commit", "--quiet", "--message", message)
    return git(workspace, "rev-parse", "HEAD")


def release(settings: Settings, wording: str, previous: str | None) -> Release:
    """Record a release of a wording, with the model that is registered at the first time."""
    (settings.bot / "answer.txt").write_text(wording)
    done = commit(settings.workspace, wording)
    registry, target = Registry(settings), ProcessTarget(settings)
    archive = settings.state / "model.tar.gz"
    archive.parent.mkdir(exist_ok=True)
    archive.write_bytes(b"model")
    known = registry.models()
    one = known[0] if known else registry.register(model("", sha256=sha256(archive)), archive, [], {})
    archive.unlink()
    bundle = target.package(registry.archive(one), one.sha256, {}, print)
    made = replace(
        make_release(bundle, one.sha256, one.version, previous),
        code_commit=done,
        code=bot_code.code_digest(settings.bot),
    )
    registry.begin(made)
    registry.finish(made)
    return made
