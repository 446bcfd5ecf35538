"""Tests of taking a backup of a machine that is not harmed by it."""

from __future__ import annotations

import shutil
import sqlite3
import subprocess
import sys
from pathlib import Path

import pytest

from ratchet.adapters.rescue import archive, backup, collect
from ratchet.adapters.rescue.data_remote import holds, local_folder
from ratchet.adapters.settings import Settings, load_settings
from ratchet.adapters.system.lock import hold
from ratchet.adapters.targets.target import Say
from ratchet.domain.errors import RatchetError
from ratchet.domain.operations.backup import Part
from tests.adapters.rescue import machine
from tests.adapters.rescue.machine import PASSPHRASE, Gone
from tests.workspaces import ROOT

HOLD = """
import pathlib, sys
from ratchet.adapters.system.lock import hold
with hold(pathlib.Path(sys.argv[1]), "A retrain"):
    print("held", flush=True)
    sys.stdin.read()
"""


@pytest.fixture(scope="module")
def settings(tmp_path_factory: pytest.TempPathFactory) -> Settings:
    """A machine."""
    return machine.make(tmp_path_factory.mktemp("machine") / "bot-team")


def take(settings: Settings, file: Path, force: bool = False) -> archive.Manifest:
    """Back the machine up."""
    return backup.backup(settings, file, PASSPHRASE, print, force)


def test_a_backup_has_all_that_is_in_no_remote(gone: Gone) -> None:
    """Each part is there, what is made again from the rest is not, and what is left out is said."""
    paths = {member.path for member in gone.manifest.members}
    live, before = gone.releases[-1], gone.releases[0]
    assert set(gone.manifest.parts()) == set(Part) - {Part.CONVERSATIONS}
    assert {".env", ".ratchet/owned.json", ".ratchet/mlflow.db", ".ratchet/secrets/staging-token"} <= paths
    assert {
        "data/utterances.csv",
        ".ratchet/harvest/2026-W47/labelled.csv",
        ".ratchet/events/messages.db",
    } <= paths
    for release in (live, before):
        assert f".ratchet/bundles/{release.bundle}/model.tar.gz" in paths
    assert {"deployments/stack.yml", "params.yaml", "bot/credentials.secret"} <= paths
    assert "bot/answer.txt" not in paths
    assert not [path for path in paths if path.startswith((".ratchet/models", ".ratchet/dvc", ".dvc/cache"))]
    assert (gone.manifest.release, gone.manifest.bundle) == (live.id, live.bundle)
    assert gone.manifest.deleted == ("notes.txt",)
    assert any("conversations" in said and "memory" in said for said in gone.manifest.left_out)


def test_a_backup_changes_nothing_of_the_machine(settings: Settings, tmp_path: Path) -> None:
    """No copy is left in the state, and the lock is free again."""
    take(settings, tmp_path / "a.backup")
    assert not list(settings.state.glob("backup-*"))
    with hold(settings.state / "run.lock", "A test"):
        pass


def test_a_file_that_is_there_is_replaced_only_when_told_to(settings: Settings, tmp_path: Path) -> None:
    """And never what is no backup."""
    file, other = tmp_path / "a.backup", tmp_path / "thesis.odt"
    take(settings, file)
    first = file.read_bytes()
    with pytest.raises(RatchetError, match=r"there already.*--force"):
        take(settings, file)
    assert file.read_bytes() == first
    take(settings, file, force=True)
    assert file.read_bytes() != first
    other.write_text("years of work")
    with pytest.raises(RatchetError, match="no backup, and is not replaced"):
        take(settings, other, force=True)
    for place in (tmp_path, tmp_path / "absent" / "a.backup"):
        with pytest.raises(RatchetError, match="Name a file in a folder that is there"):
            take(settings, place)


def test_a_backup_waits_for_the_run_that_changes_the_machine(
    settings: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A release in its middle is in no backup; after the patience the other one is named."""
    monkeypatch.setattr(backup, "PATIENCE_SECONDS", 0.1)
    said: list[str] = []
    other = subprocess.Popen(
        [sys.executable, "-c", HOLD, settings.state / "run.lock"],
        cwd=ROOT,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    )
    assert other.stdout is not None
    assert other.stdout.readline() == b"held\n"
    with pytest.raises(RatchetError, match="A retrain is in progress"):
        backup.backup(settings, tmp_path / "a.backup", PASSPHRASE, said.append)
    other.communicate()
    assert said[0].startswith("waits for the end of: A retrain")
    assert list(tmp_path.iterdir()) == []


def test_an_interrupt_leaves_nothing_behind(
    settings: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Ctrl-C in the middle: no file, no copies of databases."""

    def interrupt(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(archive, "append", interrupt)
    with pytest.raises(KeyboardInterrupt):
        take(settings, tmp_path / "a.backup")
    assert list(tmp_path.iterdir()) == []
    assert not list(settings.state.glob("backup-*"))


def test_a_backup_that_lies_in_the_workspace_is_not_packed_into_the_next(settings: Settings) -> None:
    """Else each would hold all before it."""
    file = settings.workspace / "a.backup"
    take(settings, file)
    try:
        assert "a.backup" not in {member.path for member in take(settings, file, force=True).members}
    finally:
        file.unlink()


def test_a_database_in_use_is_copied_as_one_moment_has_it(tmp_path: Path) -> None:
    """What another process has not committed is not in it; what is in the log beside the file is."""
    with sqlite3.connect(tmp_path / "a.db", isolation_level=None) as writer:
        writer.execute("pragma journal_mode=wal")
        writer.execute("create table t (x)")
        writer.execute("insert into t values (1)")
        writer.execute("begin")
        writer.execute("insert into t values (2)")
        copy = collect.snapshot(tmp_path / "a.db", tmp_path / "copy.db")
        writer.execute("rollback")
    with sqlite3.connect(copy) as opened:
        assert opened.execute("select x from t").fetchall() == [(1,)]


def test_a_damaged_database_is_named_and_not_backed_up(tmp_path: Path) -> None:
    """A backup that cannot be used is worse than none."""
    (tmp_path / "mlflow.db").write_bytes(b"SQLite format 3\0" + b"x" * 5000)
    with pytest.raises(RatchetError, match=r"mlflow.db cannot be backed up.*ratchet restore FILE --force"):
        collect.snapshot(tmp_path / "mlflow.db", tmp_path / "copy.db")


def test_what_lies_elsewhere_on_the_machine_comes_along(settings: Settings, tmp_path: Path) -> None:
    """Artifacts, remote and tokens in folders outside of the workspace; a server's are named as left out."""
    outside = tmp_path / "srv"
    for name in ("artifacts", "remote"):
        (outside / name).mkdir(parents=True)
        (outside / name / "x").write_text(name)
    (outside / "tokens.yml").write_text("[]\n")
    workspace = Path(shutil.copytree(settings.workspace, tmp_path / "ws", symlinks=True))
    shutil.rmtree(workspace / ".ratchet")
    (workspace / ".dvc" / "config.local").write_text(
        f"['remote \"storage\"']\n    url = {outside / 'remote'}\n"
    )
    (workspace / ".env").write_text(
        f"RATCHET_ARTIFACT_ROOT={outside / 'artifacts'}\nRATCHET_CLIENT_TOKENS_FILE={outside / 'tokens.yml'}\n"
        "RATCHET_TRACKING_URI=https://ana:secret@mlflow.example\nRATCHET_EVENTS_URL=postgresql://db/events\n"
    )
    found = collect.Collected()
    moved = load_settings(workspace)
    for step in (collect.add_artifacts, collect.add_data, collect.add_secrets):
        step(found, moved)
    collect.add_registry(found, moved, tmp_path)
    collect.add_traffic(found, moved, tmp_path)
    paths = {
        ".ratchet/artifacts/x",
        ".ratchet/remote/x",
        ".ratchet/secrets/client-tokens.yml",
        "data/utterances.csv",
    }
    assert set(found.sources) == paths
    assert set(found.outside) == {"artifact_root", "data_remote", "client_tokens_file"}
    assert "the registry at mlflow.example: it has a backup of its own" in found.left_out
    assert not any("secret" in said for said in found.left_out)


def test_the_data_remote_is_read_without_dvc(settings: Settings) -> None:
    """Its folder, its address, and whether it has a revision whole."""
    workspace = settings.workspace
    folder, address = local_folder(workspace)
    assert (folder, address) == (workspace / ".ratchet" / "remote", "../.ratchet/remote")
    revision = (workspace / "data.dvc").read_text().split("md5: ")[1].split()[0]
    assert folder is not None
    assert holds(folder, revision)
    assert not holds(folder, "0" * 32 + ".dir")
    local = workspace / ".dvc" / "config.local"
    local.write_text("['remote \"storage\"']\n    url = s3://bucket/path\n")
    try:
        assert local_folder(workspace) == (None, "s3://bucket/path")
    finally:
        local.unlink()


def test_settings_of_the_environment_are_part_of_the_machine(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Those that are settings, and not the passphrase itself."""
    monkeypatch.setenv("RATCHET_REGISTRY", "ghcr.io/team/bot")
    monkeypatch.setenv("RATCHET_PORT", "1")
    monkeypatch.setenv("RATCHET_BACKUP_PASSPHRASE", PASSPHRASE)
    monkeypatch.setenv("RATCHET_WORKSPACE", "/elsewhere")
    assert collect.environment(settings)["RATCHET_REGISTRY"] == "ghcr.io/team/bot"
    assert (
        not {"RATCHET_PORT", "RATCHET_BACKUP_PASSPHRASE", "RATCHET_WORKSPACE"}
        & collect.environment(settings).keys()
    )


class Remembering:
    """A target whose store of conversations is a file."""

    name = "swarm"

    def conversations(self) -> Remembering:
        return self

    def save(self, folder: Path, say: Say) -> str:
        (folder / "dump.rdb").write_bytes(b"REDIS")
        return "12 conversations"

    def load(self, folder: Path, say: Say) -> str:
        return (folder / "dump.rdb").read_text()


def test_conversations_come_from_the_target(tmp_path: Path) -> None:
    """What it saves becomes part of the backup; a target that has none is said."""
    found = collect.Collected()
    collect.add_conversations(found, Remembering(), tmp_path, print)  # type: ignore[arg-type]
    assert list(found.sources) == [".ratchet/conversations/dump.rdb"]
    assert found.left_out == []
