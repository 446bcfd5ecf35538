"""Git: which code this is, and commits of single files."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from ratchet.adapters.system import commands
from ratchet.domain.errors import RatchetError

MOST_SAID = 600
"""Characters of what Git said that are shown: a hook may print a page."""


def git(workspace: Path, *words: str) -> str:
    """Run one Git command in the workspace and return its output without the last line break."""
    return commands.run(["git", *words], cwd=workspace).output.rstrip("\n")


def code_commit(workspace: Path) -> str:
    """Return the commit that is checked out, with `-dirty` where tracked files differ; "" without Git or a commit.

    Raises `RatchetError` when Git does not work: what it cannot tell is not taken for 'no Git'.
    """
    if not in_repository(workspace):
        return ""
    return git(workspace, "describe", "--always", "--abbrev=40", "--dirty", "--exclude=*").strip()


def in_repository(workspace: Path) -> bool:
    """Say whether a folder is in a Git repository that has a commit; raises `RatchetError` when Git fails."""
    asked = commands.run(["git", "rev-parse", "--git-dir"], cwd=workspace, check=False)
    if asked.code != 0:
        said = (asked.output.strip().splitlines() or ["nothing"])[0]
        if not any((folder / ".git").exists() for folder in (workspace, *workspace.parents)):
            return False
        raise RatchetError(
            f"Git cannot be asked about {workspace}: {said}", "Do what Git says, and try again."
        )
    head = ["git", "rev-parse", "--verify", "--quiet", "HEAD"]
    return commands.run(head, cwd=workspace, check=False).code == 0


class NotCommitted(RatchetError):
    """Git refused to commit: a hook, a signing key, a merge that is in progress."""


def commit(workspace: Path, paths: Sequence[str], message: str) -> str:
    """Commit the given paths and nothing else; returns the commit. Nothing changed in them is fine.

    Raises `NotCommitted` with Git's own words; the same call later commits what is left.
    """
    git(workspace, "add", "--", *paths)
    if changed(workspace, *paths):
        record(workspace, message, "--", *paths)
    return git(workspace, "rev-parse", "HEAD")


def record(workspace: Path, message: str, *words: str) -> None:
    """Run `git commit` with a message; raises `NotCommitted`."""
    argv = ["git", *identity(workspace), "commit", "--quiet", "--message", message, *words]
    done = commands.run(argv, cwd=workspace, check=False)
    if done.code != 0:
        said = [line.strip() for line in done.output.splitlines() if line.strip()] or ["nothing"]
        raise NotCommitted(
            f"Git did not commit {words[-1] if words else 'the merge'}: {' '.join(said)[:MOST_SAID]}",
            "The data is stored. Correct what Git says, then run the same command again: it commits what is left.",
        )


def changed(workspace: Path, *paths: str) -> bool:
    """Tell whether paths differ from the commit that is checked out, staged or not, or are not in it yet."""
    return bool(git(workspace, "status", "--porcelain", "--untracked-files=all", "--", *paths))


def identity(workspace: Path) -> list[str]:
    """Return options that name the committer where Git knows no one, as on a server."""
    known = commands.run(["git", "var", "GIT_COMMITTER_IDENT"], cwd=workspace, check=False).code == 0
    return [] if known else ["-c", "user.name=Ratchet", "-c", "user.email=ratchet@localhost"]


def resolve(workspace: Path, revision: str) -> str:
    """Return the full commit id of a Git revision; raises `RatchetError` when there is none."""
    found = commands.run(
        ["git", "rev-parse", "--verify", f"{revision}^{{commit}}"], cwd=workspace, check=False
    )
    if found.code != 0:
        raise RatchetError(
            f"Git knows no revision {revision!r} here.", "See `git log --oneline` for those there are."
        )
    return found.output.strip()


def first_commit(workspace: Path) -> str:
    """Return the first commit of the history, the same in every clone; "" without Git, or in a shallow clone."""
    shallow = commands.run(["git", "rev-parse", "--is-shallow-repository"], cwd=workspace, check=False)
    if shallow.code != 0 or shallow.output.strip() != "false":
        return ""
    roots = commands.run(["git", "rev-list", "--max-parents=0", "HEAD"], cwd=workspace, check=False)
    return roots.output.split()[-1] if roots.code == 0 and roots.output.split() else ""
