"""A commit that Git refuses is told in Git's words, and the same call later finishes it."""

from __future__ import annotations

from pathlib import Path

import pytest

from ratchet.adapters.corpus import driver
from ratchet.adapters.system import git, git_state
from ratchet.adapters.workspace import linked
from ratchet.domain.errors import RatchetError
from tests import corpora


@pytest.fixture
def workspace(tmp_path: Path) -> Path:
    """A workspace with Git."""
    return corpora.data_workspace(tmp_path / "bot").workspace


def refuse_by_hook(workspace: Path) -> None:
    """A hook that never agrees."""
    hook = workspace / ".git" / "hooks" / "commit-msg"
    hook.parent.mkdir(exist_ok=True)
    hook.write_text("#!/bin/sh\necho 'write a ticket number'\nexit 1\n")
    hook.chmod(0o755)


def refuse_by_key(workspace: Path) -> None:
    """A signing key that is not on this machine."""
    corpora.git(workspace, "config", "commit.gpgsign", "true")
    corpora.git(workspace, "config", "gpg.program", "/no/such/gpg")


@pytest.mark.parametrize(
    ("refuse", "words"), [(refuse_by_hook, "write a ticket number"), (refuse_by_key, "/no/such/gpg")]
)
def test_what_git_refused_is_committed_by_the_same_call_later(
    workspace: Path, refuse: object, words: str
) -> None:
    """A hook, a key: the file stays changed, and nothing else is touched."""
    (workspace / "params.yaml").write_text("split:\n  salt: other\n")
    before = corpora.git(workspace, "rev-parse", "HEAD")
    refuse(workspace)  # type: ignore[operator]
    with pytest.raises(git.NotCommitted, match=words):
        git.commit(workspace, ["params.yaml"], "Salt")
    assert corpora.git(workspace, "rev-parse", "HEAD") == before
    assert git.changed(workspace, "params.yaml")
    (workspace / ".git" / "hooks" / "commit-msg").unlink(missing_ok=True)
    corpora.git(workspace, "config", "commit.gpgsign", "false")
    assert git.commit(workspace, ["params.yaml"], "Salt") != before
    assert not git.changed(workspace, "params.yaml")


def test_where_git_knows_nobody_the_commit_has_an_author(
    workspace: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """`user.useConfigOnly` without a name, as teams set it: Ratchet signs as itself instead of failing."""
    for name in ("GIT_CONFIG_GLOBAL", "GIT_CONFIG_SYSTEM"):
        monkeypatch.setenv(name, "/dev/null")
    corpora.git(workspace, "config", "user.useConfigOnly", "true")
    corpora.git(workspace, "config", "--unset", "user.name")
    corpora.git(workspace, "config", "--unset", "user.email")
    (workspace / "params.yaml").write_text("split:\n  salt: other\n")
    git.commit(workspace, ["params.yaml"], "Salt")
    assert corpora.git(workspace, "log", "-1", "--format=%an") == "Ratchet"


def test_the_driver_is_set_up_once_and_mended(workspace: Path, tmp_path: Path) -> None:
    """Attributes of one's own stay; a worktree shares it; without Git nothing happens."""
    attributes = workspace / ".git" / "info" / "attributes"
    attributes.parent.mkdir(exist_ok=True)
    attributes.write_text("*.bin -diff")
    assert driver.install(workspace)
    assert attributes.read_text() == "\n".join(["*.bin -diff", *driver.ATTRIBUTES, ""])
    assert not driver.install(workspace)
    corpora.git(workspace, "config", f"merge.{driver.NAME}.driver", "/old/place %A")
    assert driver.install(workspace)
    assert attributes.read_text().count(driver.ATTRIBUTES[0]) == 1
    corpora.git(workspace, "worktree", "add", "-q", str(tmp_path / "tree"))
    assert not driver.install(tmp_path / "tree")
    (tmp_path / "bare").mkdir()
    assert not driver.install(tmp_path / "bare")


def test_a_linked_state_stays_out_of_git(workspace: Path, tmp_path: Path) -> None:
    """`.ratchet/` in `.gitignore` does not match a link; lines of one's own stay, and it is done once."""
    assert not linked.keep_out(workspace)  # a folder is ignored as it is
    (workspace / ".ratchet").rename(tmp_path / "other disk")
    (workspace / ".ratchet").symlink_to(tmp_path / "other disk")
    assert ".ratchet" in corpora.git(workspace, "status", "--porcelain")
    exclude = workspace / ".git" / "info" / "exclude"
    exclude.parent.mkdir(exist_ok=True)
    exclude.write_text("*.mine")
    assert linked.keep_out(workspace)
    assert exclude.read_text() == "*.mine\n/.ratchet\n"
    assert corpora.git(workspace, "status", "--porcelain") == ""
    assert not linked.keep_out(workspace)


def test_what_git_is_in_the_middle_of_is_seen(workspace: Path) -> None:
    """Nothing, a detached HEAD, a merge."""
    assert (git_state.operation(workspace), git_state.detached(workspace)) == ("", False)
    branch = corpora.git(workspace, "rev-parse", "--abbrev-ref", "HEAD")
    for text in ("one", "two"):
        corpora.git(workspace, "switch", "-qc", text, branch)
        (workspace / "x").write_text(text)
        corpora.git(workspace, "add", "x")
        corpora.git(workspace, "commit", "-qm", text)
    corpora.git(workspace, "switch", "-q", "--detach", "one")
    assert git_state.detached(workspace)
    with pytest.raises(Exception, match="returned non-zero"):
        corpora.git(workspace, "merge", "-q", "two")
    assert git_state.operation(workspace) == "merge"
    assert git_state.unmerged(workspace) == ["x"]
    assert git_state.stages(workspace, "x") == {2: "one", 3: "two"}


def test_a_revision_that_git_does_not_know_is_found_as_advised(workspace: Path) -> None:
    """`git log --oneline` shows what can be named."""
    with pytest.raises(RatchetError, match="no revision 'c0ffee'") as refused:
        git.resolve(workspace, "c0ffee")
    assert "`git log --oneline`" in refused.value.remedy
    named, _, _ = corpora.git(workspace, "log", "--oneline").partition(" ")
    assert git.resolve(workspace, named) == corpora.git(workspace, "rev-parse", "HEAD")


def test_what_only_a_merge_brought_in_is_known(workspace: Path) -> None:
    """A merged data revision is in the merge alone: no commit beside it has it."""
    branch, path = corpora.git(workspace, "rev-parse", "--abbrev-ref", "HEAD"), workspace / "x"

    def commit(text: str) -> None:
        path.write_text(text)
        corpora.git(workspace, "add", "x")
        corpora.git(workspace, "commit", "-qm", text)

    corpora.git(workspace, "switch", "-qc", "side")
    commit("theirs")
    corpora.git(workspace, "switch", "-q", branch)
    commit("ours")
    corpora.git(workspace, "merge", "-q", "--no-commit", "-s", "ours", "side")
    commit("the merged revision")
    assert git_state.known_anywhere(workspace, "the merged revision", "x")
    assert not git_state.known_anywhere(workspace, "no revision", "x")
