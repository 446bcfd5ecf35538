"""DVC in process: revisions, cache and remote agree with DVC's own commands."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from ratchet.adapters.corpus import dvc, dvc_config, following, remote
from ratchet.adapters.settings import Settings, load_settings
from ratchet.domain.errors import RatchetError
from tests.corpora import data_workspace, git


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    """A workspace without a corpus."""
    return data_workspace(tmp_path / "bot-team")


def store(workspace: Path, text: str) -> str:
    """Put a data folder with this text in place, cached and pushed; returns its revision."""
    data = workspace / "data"
    shutil.rmtree(data, ignore_errors=True)
    (data / "extras").mkdir(parents=True)
    (data / "utterances.csv").write_text(text)
    (data / "extras" / "synonym.yml").write_text("nlu: []\n")
    pointer = dvc.add(workspace, data)
    dvc.push(workspace, pointer.revision)
    dvc.write_pointer(workspace, pointer)
    return pointer.revision


def test_dvc_itself_finds_everything_as_it_would_have_done_it(settings: Settings) -> None:
    """`dvc status` sees no difference, locally and in the remote, and `dvc add` writes the same pointer."""
    workspace = settings.workspace
    store(workspace, "one")
    written = (workspace / "data.dvc").read_text()
    command = [str(Path(sys.executable).with_name("dvc"))]
    for words in (["status"], ["status", "--cloud"]):
        done = subprocess.run([*command, *words], cwd=workspace, capture_output=True, text=True, check=True)
        assert "up to date" in done.stdout or "in sync" in done.stdout, done.stdout
    subprocess.run([*command, "add", "data"], cwd=workspace, capture_output=True, check=True)
    assert (workspace / "data.dvc").read_text() == written


def test_any_git_revision_can_be_fetched_without_touching_the_working_tree(settings: Settings) -> None:
    """The older data comes into a folder of its own; data/ and data.dvc stay as they are."""
    workspace = settings.workspace
    store(workspace, "one")
    git(workspace, "add", "data.dvc")
    git(workspace, "commit", "-qm", "one")
    now = store(workspace, "two")
    shutil.rmtree(workspace / ".dvc" / "cache")
    folder = dvc.fetch(workspace, "HEAD", workspace / ".ratchet" / "data")
    assert (folder / "utterances.csv").read_text() == "one"
    assert (workspace / "data" / "utterances.csv").read_text() == "two"
    assert dvc.revision(workspace) == now
    assert dvc.fetch(workspace, "HEAD", workspace / ".ratchet" / "data") == folder


def test_a_change_by_hand_is_refused(settings: Settings) -> None:
    """What is trained on must be what data.dvc names."""
    workspace = settings.workspace
    store(workspace, "one")
    (workspace / "data" / "utterances.csv").write_text("edited")
    with pytest.raises(RatchetError, match="changed since"):
        dvc.fetch(workspace, None, workspace / ".ratchet" / "data")


def test_data_that_no_remote_has_is_named(settings: Settings) -> None:
    """Neither cache nor remote: the error says so; `pushed` tells it before."""
    workspace = settings.workspace
    revision = store(workspace, "one")
    assert dvc.pushed(workspace, revision)
    shutil.rmtree(workspace / ".ratchet" / "remote")
    assert not dvc.pushed(workspace, revision)
    shutil.rmtree(workspace / ".dvc" / "cache")
    with pytest.raises(dvc.NotInRemote, match=r"its DVC remote \.ratchet/remote is not here"):
        dvc.pull(workspace, revision)


def test_half_a_revision_in_the_remote_is_not_pushed(settings: Settings) -> None:
    """Every file counts, not only the list of them."""
    workspace = settings.workspace
    revision = store(workspace, "one")
    files = [path for path in (workspace / ".ratchet" / "remote").rglob("*") if path.is_file()]
    next(path for path in files if path.suffix != ".dir").unlink()
    assert not dvc.pushed(workspace, revision)
    dvc.push(workspace, revision)
    assert dvc.pushed(workspace, revision)


def test_a_damaged_cache_is_named(settings: Settings) -> None:
    """What the cache gives is hashed again before it is used."""
    workspace = settings.workspace
    revision = store(workspace, "one")
    (broken,) = [
        path
        for path in (workspace / ".dvc" / "cache").rglob("*")
        if path.is_file() and path.read_text() == "one"
    ]
    broken.chmod(0o644)
    broken.write_text("two")
    with pytest.raises(RatchetError, match="damaged"):
        dvc.checkout(workspace, revision, workspace / ".ratchet" / "data")
    assert list((workspace / ".ratchet" / "data").iterdir()) == []


@pytest.mark.parametrize(
    ("content", "fact"),
    [
        (None, "data.dvc is missing"),
        ("version https://git-lfs.github.com/spec/v1\noid sha256:1\nsize 1\n", "is a Git LFS pointer"),
        ("just text", "is not a DVC pointer"),
        ("outs: []\n", "is not a DVC pointer"),
        ("outs: [", "is not a DVC pointer"),
    ],
)
def test_a_pointer_that_is_none_is_named_as_what_it_is(
    settings: Settings, content: str | None, fact: str
) -> None:
    """Missing, a Git LFS pointer, or no pointer at all."""
    if content is not None:
        (settings.workspace / "data.dvc").write_text(content)
    with pytest.raises(RatchetError, match=fact):
        dvc.revision(settings.workspace)


def test_a_fresh_clone_is_seeded_from_a_folder_with_the_same_hash(settings: Settings, tmp_path: Path) -> None:
    """The remote of a clone is empty; the example's folder fills it, once, and only if it is the same data."""
    workspace = settings.workspace
    revision = store(workspace, "one")
    shutil.copytree(workspace / "data", tmp_path / "example")
    for folder in (".dvc/cache", ".ratchet/remote", "data"):
        shutil.rmtree(workspace / folder)
    assert dvc.seed(workspace, tmp_path / "example")
    assert not dvc.seed(workspace, tmp_path / "example")
    assert dvc.pushed(workspace, revision)
    shutil.rmtree(workspace / ".ratchet/remote")
    (tmp_path / "example" / "utterances.csv").write_text("other")
    with pytest.raises(RatchetError, match="does not hold the data"):
        dvc.seed(workspace, tmp_path / "example")


def test_dvc_keeps_its_own_state_in_the_workspace_and_sends_nothing(settings: Settings) -> None:
    """No analytics; nothing is written outside the workspace."""
    config = (settings.workspace / ".dvc" / "config").read_text()
    assert "analytics = False" in config
    assert "url = ../.ratchet/remote" in config
    store(settings.workspace, "one")
    assert (settings.state / "dvc").is_dir()


def test_a_folder_without_git_or_dvc_is_set_up_as_advised(tmp_path: Path) -> None:
    """`git init` first, then `ratchet remote set`: the errors name them, and a message can be stored then."""
    folder = tmp_path / "bot team"
    (folder / "bot").mkdir(parents=True)
    (folder / "params.yaml").write_text("")
    settings = load_settings(folder, target="process")
    with pytest.raises(RatchetError) as refused, dvc_config.repository(folder):
        raise AssertionError("there is none")
    assert "`ratchet remote set FOLDER_OR_S3_URL`" in refused.value.remedy
    with pytest.raises(RatchetError) as refused:
        remote.move(settings, str(tmp_path / "remote"), None, None)
    assert refused.value.remedy == "Run `git init` there first."
    git(folder, "init", "-q")
    remote.move(settings, str(tmp_path / "remote"), None, None)
    with dvc_config.repository(folder) as repo:
        assert dvc_config.local_remote(repo) == tmp_path / "remote"


def test_a_pointer_that_is_gone_or_in_lfs_comes_back_as_advised(settings: Settings) -> None:
    """`ratchet data reset` for a deleted one; `git lfs pull` puts the pointer in the place of LFS's own."""
    workspace = settings.workspace
    revision = store(workspace, "one")
    git(workspace, "add", "--all")
    git(workspace, "commit", "-qm", "Data")
    pointer = workspace / "data.dvc"
    content = pointer.read_text()
    pointer.unlink()
    with pytest.raises(RatchetError, match="is missing") as refused:
        dvc.revision(workspace)
    assert "`ratchet data reset` brings it back" in refused.value.remedy
    following.put_aside(workspace)
    assert dvc.revision(workspace) == revision
    pointer.write_text("version https://git-lfs.github.com/spec/v1\noid sha256:1\nsize 1\n")
    with pytest.raises(RatchetError, match="Git LFS pointer") as refused:
        dvc.revision(workspace)
    assert "(`git lfs untrack data.dvc`, `git lfs pull`)" in refused.value.remedy
    pointer.write_text(content)
    assert dvc.revision(workspace) == revision
