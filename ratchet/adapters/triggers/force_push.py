"""A force-push to the branch that is followed: noticed, explained, and followed by one command."""

from __future__ import annotations

from pathlib import Path

from ratchet.adapters.settings import STATE_FOLDER
from ratchet.adapters.system import commands
from ratchet.adapters.system.files import read_json
from ratchet.adapters.system.git import git
from ratchet.domain.errors import RatchetError


class Rewritten(RatchetError):
    """The branch that is followed was rewritten: what is checked out is no longer part of it."""


def refuse(workspace: Path, remote: str, branch: str, newest: str) -> None:
    """Raise `Rewritten` where the workspace has no commit of its own, but is where the branch was before.

    The commit that is checked out was the remote's then: the tracking branch has it or had it, or it was the newest at
    an earlier look of the watcher.
    """
    here = git(workspace, "rev-parse", "HEAD")
    ref = f"refs/remotes/{remote}/{branch}"
    known = output(workspace, "rev-list", "--walk-reflogs", ref)
    known += output(workspace, "rev-parse", "--verify", "--quiet", ref)
    noted = read_json(workspace / STATE_FOLDER / "watch" / "cursor.json")
    known += [str(noted.get("commit"))] if isinstance(noted, dict) else []
    apart = commands.run(
        ["git", "merge-base", "--is-ancestor", here, newest], cwd=workspace, check=False
    ).code
    if here in known and apart == 1:
        raise Rewritten(
            f"{remote}/{branch} was rewritten by a force-push: commit {here[:8]}, at which this workspace is, is no"
            " longer in it.",
            f"Follow it with `git reset --keep {newest}`, which keeps what is not committed; `git reflog` has the old"
            " commits.",
        )


def output(workspace: Path, *words: str) -> list[str]:
    """Return the words that a Git command prints, none where it fails."""
    done = commands.run(["git", *words], cwd=workspace, check=False)
    return done.output.split() if done.code == 0 else []
