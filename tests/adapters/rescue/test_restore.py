"""Tests of bringing a machine back: all of it, in another folder, or nothing."""

from __future__ import annotations

import os
import shutil
import sqlite3
from dataclasses import replace
from pathlib import Path

import pytest

from ratchet.adapters.bot import channel
from ratchet.adapters.corpus import dvc
from ratchet.adapters.registry.mlflow import Registry
from ratchet.adapters.rescue import backup, places, restore, settling
from ratchet.adapters.rescue.moves import together
from ratchet.adapters.rescue.restore import Restored
from ratchet.adapters.settings import load_settings
from ratchet.adapters.system.files import tree_digest, write_json
from ratchet.adapters.system.lock import hold
from ratchet.adapters.system.processes import Replica
from ratchet.adapters.targets.process import ProcessTarget
from ratchet.adapters.workspace import identity, owned
from ratchet.domain.errors import RatchetError
from ratchet.domain.operations.backup import Manifest
from ratchet.domain.operations.identity import Identity, Standing
from tests.adapters.rescue import machine
from tests.adapters.rescue.machine import PASSPHRASE, Gone
from tests.corpora import git

pytestmark = pytest.mark.e2e  # a real workspace with its registry


def bring(gone: Gone, into: Path, force: bool = False, notes: list[str] | None = None) -> Restored:
    """Restore the machine into a folder."""
    said = [] if notes is None else notes
    return restore.restore(gone.file, into, PASSPHRASE, print, said.append, force)


def clone(gone: Gone, folder: Path) -> Path:
    """Clone the machine's repository."""
    git(folder.parent, "clone", "--quiet", str(gone.origin), str(folder))
    git(folder, "config", "user.name", "Test")
    git(folder, "config", "user.email", "test@localhost")
    return folder


def everything(folder: Path) -> str:
    """One digest over all files of a folder but those that Git and DVC note for themselves."""
    own = [folder / ".git", folder / ".dvc" / "tmp", folder / ".ratchet" / "dvc"]
    files = [path for path in folder.rglob("*") if path.is_file() and not set(own).intersection(path.parents)]
    return tree_digest(files, folder)


def test_an_empty_folder_becomes_the_machine(gone: Gone, tmp_path: Path) -> None:
    """Releases, models, data, secrets, settings and repository are what they were, under the new path."""
    done = bring(gone, tmp_path / "new place")
    workspace, settings = tmp_path / "new place", load_settings(tmp_path / "new place")
    registry, live = Registry(settings), gone.releases[-1]
    assert (done.workspace, done.standing) == (workspace, Standing.MOVED)
    assert tuple(registry.releases()) == gone.releases
    assert registry.champion() is not None
    archive = registry.archive(registry.model(live.model_version))
    assert archive.is_relative_to(workspace)
    assert archive.read_bytes() == b"model"
    assert ProcessTarget(settings).holds(live)
    assert ProcessTarget(settings).holds(gone.releases[0])
    assert dvc.pushed(workspace, dvc.revision(workspace))
    assert (workspace / "data" / "utterances.csv").exists()
    known = identity.read(workspace)
    assert known is not None
    assert (known.id, known.home) == (gone.manifest.workspace, str(workspace))
    assert owned.read(workspace).ports == {"prefect_port": 4242}
    for name in (".env", ".ratchet/secrets/staging-token"):
        assert (workspace / name).stat().st_mode & 0o777 == 0o600
    with sqlite3.connect(settings.state / "events" / "messages.db") as opened:
        assert opened.execute("select text from messages").fetchall() == [("my laptop",)]


def test_the_folder_that_a_shell_is_in_is_filled_not_replaced(gone: Gone, tmp_path: Path) -> None:
    """Else every command there would stand in a folder that is gone."""
    (tmp_path / "new").mkdir()
    before = (tmp_path / "new").stat().st_ino
    bring(gone, tmp_path / "new")
    assert (tmp_path / "new").stat().st_ino == before
    assert Registry(load_settings(tmp_path / "new")).live() == gone.releases[-1]
    assert git(tmp_path / "new", "status", "--porcelain") == gone.status


def test_the_repository_is_as_it_was_changes_included(gone: Gone, tmp_path: Path) -> None:
    """Commit, branch, history and remote; what was changed, new or deleted, and what Git ignores."""
    bring(gone, tmp_path / "new")
    workspace = tmp_path / "new"
    known = gone.manifest.repository
    assert known is not None
    assert git(workspace, "rev-parse", "HEAD") == known.head
    assert git(workspace, "symbolic-ref", "--short", "HEAD") == known.branch != ""
    assert git(workspace, "status", "--porcelain") == gone.status
    assert git(workspace, "remote", "get-url", "origin") == "git@nowhere.example:bot.git"
    assert git(workspace, "config", "user.name") == "Test"
    assert int(git(workspace, "rev-list", "--count", "HEAD")) > 3
    assert "seed: 7" in (workspace / "params.yaml").read_text()
    assert not (workspace / "notes.txt").exists()
    assert (workspace / "bot" / "credentials.secret").read_text() == "socketio: token\n"


def test_the_same_release_serves_afterwards(gone: Gone, tmp_path: Path) -> None:
    """The bundle starts as it is, without a build."""
    bring(gone, tmp_path / "new")
    target, live = ProcessTarget(load_settings(tmp_path / "new")), gone.releases[-1]
    try:
        target.stage(live, print)
        target.deploy(live, print)
        assert channel.serves(target.url(), live.id)
    finally:
        target.stop(print)


def test_a_fresh_clone_gets_what_a_clone_cannot_have(gone: Gone, tmp_path: Path) -> None:
    """State, data and uncommitted changes; its own tools stay, and nothing of the backup's history is needed."""
    folder = clone(gone, tmp_path / "clone")
    (folder / ".ratchet" / "uv").mkdir(parents=True)
    (folder / ".ratchet" / "uv" / "uv").write_text("tool")
    done = bring(gone, folder)
    settings = load_settings(folder)
    assert done.standing is Standing.MOVED
    assert Registry(settings).live() == gone.releases[-1]
    assert git(folder, "status", "--porcelain") == gone.status
    assert (settings.state / "uv" / "uv").read_text() == "tool"
    assert dvc.describe(folder, folder / "data").revision == dvc.revision(folder)
    assert not [path for path in settings.state.iterdir() if path.name.startswith(restore.STAGE)]
    with hold(settings.state / "run.lock", "A test"):
        pass


def test_a_clone_at_another_commit_keeps_its_files(gone: Gone, tmp_path: Path) -> None:
    """What the backup had changed there is laid beside and named; data that fits no pointer is not put in."""
    folder, notes = clone(gone, tmp_path / "clone"), list[str]()
    (folder / "params.yaml").write_text("split:\n  salt: test\ntrain:\n  seed: 8\n")
    pointer = (folder / "data.dvc").read_text()
    (folder / "data.dvc").write_text(
        pointer.replace("md5: ", "md5: 0", 1).replace(pointer.split()[3], "f" * 31 + ".dir")
    )
    machine.commit(folder, "Newer")
    bring(gone, folder, notes=notes)
    assert "seed: 8" in (folder / "params.yaml").read_text()
    assert "seed: 7" in (folder / ".ratchet" / "not-restored" / "params.yaml").read_text()
    assert (folder / "notes.txt").exists()
    assert (folder / "deployments" / "stack.yml").exists()
    assert not (folder / "data").exists()
    assert any("params.yaml differs" in said for said in notes)
    assert any("data/ is not restored" in said for said in notes)


def test_a_workspace_with_a_release_is_refused_and_put_aside_when_forced(gone: Gone, tmp_path: Path) -> None:
    """No registry is overwritten; with --force it is put aside."""
    folder, notes = tmp_path / "used", list[str]()
    bring(gone, folder)
    before = everything(folder)
    with pytest.raises(RatchetError, match=rf"is in use: release {gone.releases[-1].id} is live.*--force"):
        bring(gone, folder)
    assert everything(folder) == before
    (folder / ".ratchet" / "mlflow.db").write_bytes(b"damaged")
    with pytest.raises(RatchetError, match="its registry cannot be read"):
        bring(gone, folder)
    bring(gone, folder, force=True, notes=notes)
    assert Registry(load_settings(folder)).live() == gone.releases[-1]
    [aside] = (folder / ".ratchet").glob("before-restore-*")
    assert (aside / ".ratchet" / "mlflow.db").read_bytes() == b"damaged"
    assert any(aside.name in said for said in notes)


def test_a_workspace_whose_bot_runs_is_refused_also_when_forced(gone: Gone, tmp_path: Path) -> None:
    """The command that stops it is named."""
    folder = tmp_path / "used"
    bring(gone, folder)
    write_json(folder / ".ratchet" / "process" / "supervisor.json", Replica.of_this_process(1).as_dict())
    with pytest.raises(RatchetError, match=r"Something of .* runs.*`ratchet stop`"):
        bring(gone, folder, force=True)


def test_other_folders_are_refused(gone: Gone, tmp_path: Path) -> None:
    """A file, a folder with something else in it, and a workspace of another repository."""
    (tmp_path / "file").write_text("x")
    (tmp_path / "full").mkdir()
    (tmp_path / "full" / "thesis.odt").write_text("x")
    other = tmp_path / "other"
    (other / "bot").mkdir(parents=True)
    (other / "params.yaml").write_text("")
    (other / "bot" / "x").write_text("")
    git(other, "init", "--quiet")
    git(other, "config", "user.name", "Test")
    git(other, "config", "user.email", "test@localhost")
    machine.commit(other, "Another")
    for name, said in (("file", "is a file"), ("full", "no workspace"), ("other", "another Git repository")):
        with pytest.raises(RatchetError, match=said):
            bring(gone, tmp_path / name)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["file", "full", "other"]


def test_a_backup_of_a_newer_ratchet_is_refused(gone: Gone) -> None:
    """Its workspace would be refused by every command afterwards."""
    places.require_version(gone.manifest)
    with pytest.raises(RatchetError, match=r"made with Ratchet 99\.0.*Upgrade Ratchet first"):
        places.require_version(replace(gone.manifest, ratchet="99.0"))


def test_a_wrong_passphrase_and_a_damaged_file_write_nothing(gone: Gone, tmp_path: Path) -> None:
    """Not even the folder."""
    with pytest.raises(RatchetError, match="passphrase does not open"):
        restore.restore(gone.file, tmp_path / "new", "another passphrase", print, print)
    content = bytearray(gone.file.read_bytes())
    content[-1] ^= 1
    damaged = replace(gone, file=tmp_path / "damaged.backup")
    damaged.file.write_bytes(content)
    with pytest.raises(RatchetError, match="changed or cut off"):
        bring(damaged, tmp_path / "new")
    assert [path.name for path in tmp_path.iterdir()] == ["damaged.backup"]


@pytest.mark.parametrize("error", [KeyboardInterrupt, OSError, RatchetError])
def test_a_failure_leaves_an_empty_folder_empty(
    gone: Gone, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, error: type[BaseException]
) -> None:
    """Also Ctrl-C, late: what was made beside is gone."""

    def fail(*_: object) -> None:
        raise error("late")

    (tmp_path / "new").mkdir()
    monkeypatch.setattr(restore, "settle", fail)
    with pytest.raises(error):
        bring(gone, tmp_path / "new")
    assert [path.name for path in tmp_path.iterdir()] == ["new"]
    assert list((tmp_path / "new").iterdir()) == []


def test_what_killed_restores_left_is_swept(gone: Gone, tmp_path: Path) -> None:
    """It holds secrets; what a restore that runs is making stays."""
    for name, process in (("killed", 2**31 - 1), ("running", os.getpid())):
        (tmp_path / f".new.{restore.STAGE}{process}-{name}").mkdir()
    bring(gone, tmp_path / "new")
    assert [path.name.rpartition("-")[2] for path in tmp_path.glob(".new.*")] == ["running"]
    folder = clone(gone, tmp_path / "clone")
    (folder / ".ratchet" / f"{restore.STAGE}killed" / "files").mkdir(parents=True)
    bring(gone, folder)
    assert not list((folder / ".ratchet").glob(f"{restore.STAGE}*"))


@pytest.mark.parametrize("when", ["put_files", "put_state", "put_data", "settle"])
def test_a_failure_leaves_a_clone_as_it_was(
    gone: Gone, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, when: str
) -> None:
    """Whatever was moved already comes back."""
    folder = clone(gone, tmp_path / "clone")
    (folder / ".ratchet" / "uv").mkdir(parents=True)
    (folder / ".ratchet" / "uv" / "uv").write_text("tool")
    (folder / ".env").write_text("RATCHET_PORT=1\n")
    before = everything(folder)
    done = getattr(restore, when)

    def fail(*arguments: object) -> None:
        done(*arguments)
        raise KeyboardInterrupt

    monkeypatch.setattr(restore, when, fail)
    with pytest.raises(KeyboardInterrupt):
        bring(gone, folder)
    for lock in (folder / ".ratchet").glob("run.*"):
        lock.unlink()
    assert everything(folder) == before


def test_beside_the_original_it_is_a_copy(gone: Gone, tmp_path: Path) -> None:
    """A drill on the same machine harms nothing: identity, ports and fleet are its own."""
    notes: list[str] = []
    gone.home.mkdir()
    try:
        identity.write(gone.home, Identity(gone.manifest.workspace, str(gone.home)))
        shutil.copy(gone.home / ".ratchet" / "workspace.json", gone.home / "kept")
        done = bring(gone, tmp_path / "drill", notes=notes)
        assert (gone.home / ".ratchet" / "workspace.json").read_bytes() == (gone.home / "kept").read_bytes()
    finally:
        shutil.rmtree(gone.home)
    known, chosen = identity.read(done.workspace), owned.read(done.workspace)
    assert done.standing is Standing.COPY
    assert known is not None
    assert known.id != gone.manifest.workspace
    assert (chosen.stack, chosen.avoid, chosen.ports) == (f"ratchet-{known.id}", str(gone.home), {})
    assert "\n# of " in (done.workspace / ".env").read_text() or (
        done.workspace / ".env"
    ).read_text().startswith("# of ")
    assert Registry(load_settings(done.workspace)).live() == gone.releases[-1]
    assert any("this is a copy" in said for said in notes)


def test_what_was_elsewhere_is_in_the_folder_now(gone: Gone, tmp_path: Path) -> None:
    """Settings that named another place, the data remote, and variables of the environment."""
    outside = {
        "artifact_root": "/srv/artifacts",
        "client_tokens_file": "/etc/tokens.yml",
        "data_remote": "/srv/dvc",
    }
    place, final, notes = tmp_path / "place", Path("/srv/new"), list[str]()
    bring(gone, place)
    (place / ".env").write_text(
        "RATCHET_ARTIFACT_ROOT=/srv/artifacts\nRATCHET_CLIENT_TOKENS_FILE=/etc/tokens.yml\n"
    )
    found = replace(gone.manifest, outside=outside, variables={"RATCHET_TARGET": "process"}, home=str(place))
    settling.settle(place, final, found, place / ".ratchet", place, notes.append)
    text = (place / ".env").read_text()
    assert "# in .ratchet/artifacts since the restore: RATCHET_ARTIFACT_ROOT=/srv/artifacts\n" in text
    assert "RATCHET_CLIENT_TOKENS_FILE=/srv/new/.ratchet/secrets/client-tokens.yml\n" in text
    assert "RATCHET_TARGET=process\n" in text
    assert "url = ../.ratchet/remote" in (place / ".dvc" / "config.local").read_text()
    assert len(notes) >= 4


def test_a_link_in_the_repository_leads_nothing_out_of_the_folder(tmp_path: Path) -> None:
    """A file is never written through it."""
    (tmp_path / "root").mkdir()
    (tmp_path / "outside").mkdir()
    (tmp_path / "root" / "link").symlink_to(tmp_path / "outside")
    (tmp_path / "file").write_text("x")
    with (
        pytest.raises(RatchetError, match="through a link"),
        together(tmp_path / "root", tmp_path / "aside") as moves,
    ):
        moves.put(tmp_path / "file", "link/file")
    assert list((tmp_path / "outside").iterdir()) == []


def test_a_workspace_without_git_is_restored_whole(tmp_path: Path) -> None:
    """All of its files are in the backup then."""
    settings = machine.make(tmp_path / "bot-team")
    shutil.rmtree(settings.workspace / ".git")
    file = tmp_path / "a.backup"
    manifest: Manifest = backup.backup(settings, file, PASSPHRASE, print)
    assert manifest.repository is None
    live = Registry(settings).live()
    shutil.rmtree(settings.workspace)
    restore.restore(file, tmp_path / "new", PASSPHRASE, print, print)
    assert (tmp_path / "new" / "bot" / "answer.txt").read_text() == "Good day."
    assert Registry(load_settings(tmp_path / "new")).live() == live
