"""What Git is in the middle of, and what it could not merge."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

from ratchet.adapters.system import commands
from ratchet.adapters.system.git import git

Operation = Literal["merge", "rebase", "cherry-pick", "revert", ""]
MARKS: dict[str, Operation] = {
    "rebase-merge": "rebase",
    "rebase-apply": "rebase",
    "MERGE_HEAD": "merge",
    "CHERRY_PICK_HEAD": "cherry-pick",
    "REVERT_HEAD": "revert",
}
"""Files of Git's own folder, and the operation that each belongs to; a rebase has several of them, and comes first."""
QUIET = {"GIT_EDITOR": "true"}


def path_of(workspace: Path, name: str) -> Path:
    """Return the place of a file of Git's own folder, also in a worktree or a submodule."""
    return workspace / git(workspace, "rev-parse", "--git-path", name)


def operation(workspace: Path) -> Operation:
    """Return the unfinished Git operation in the working tree, "" for none."""
    words = [word for name in MARKS for word in ("--git-path", name)]
    places = git(workspace, "rev-parse", *words).splitlines()
    found = (MARKS[name] for name, place in zip(MARKS, places, strict=True) if (workspace / place).exists())
    return next(found, "")


def stages(workspace: Path, path: str) -> dict[int, str]:
    """Return the content of a file that Git could not merge: 1 the ancestor's, 2 ours, 3 theirs; else nothing."""
    listed = git(workspace, "ls-files", "--unmerged", "--", path).splitlines()
    found = {}
    for line in listed:
        _, blob, stage = line.split("\t")[0].split()
        found[int(stage)] = git(workspace, "cat-file", "blob", blob)
    return found


def unmerged(workspace: Path) -> list[str]:
    """Return the paths that Git could not merge, from the top of its working tree."""
    return git(workspace, "diff", "--name-only", "--diff-filter=U").splitlines()


def proceed(workspace: Path, going_on: Operation, *options: str) -> bool:
    """Let Git continue with a rebase, cherry-pick or the like; returns whether it finished without another stop.

    `options` are Git's own, before the command.
    """
    done = commands.run(["git", *options, going_on, "--continue"], cwd=workspace, env=QUIET, check=False)
    return done.code == 0


def detached(workspace: Path) -> bool:
    """Tell whether no branch is checked out, so that a commit would belong to none."""
    return commands.run(["git", "symbolic-ref", "--quiet", "HEAD"], cwd=workspace, check=False).code != 0


def known_anywhere(workspace: Path, text: str, path: str) -> bool:
    """Tell whether a commit of any branch, stash or earlier state of one brought a text into a file, or took it out.

    Merges count: `-m` compares them with each parent, without which Git passes over what only they have.
    """
    words = ("log", "-1", "-m", "--all", "--reflog", "--format=%H", f"-S{text}", "--", path)
    return bool(git(workspace, *words))
