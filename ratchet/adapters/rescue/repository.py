"""The Git side of a backup: the repository as one bundle file, and what the working tree has besides its commit."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from pathlib import Path

from ratchet.adapters.bot.bot_code import LEFT_OUT
from ratchet.adapters.rescue.sealed import is_backup
from ratchet.adapters.system import commands, git
from ratchet.adapters.workspace.identity import STATE_FOLDER
from ratchet.domain.errors import RatchetError
from ratchet.domain.operations.backup import Repository

GIT_SECONDS = 600.0
KEPT_CONFIG = re.compile(
    r"(remote\..+\.(url|pushurl|fetch)|branch\..+\.(remote|merge)|user\.(name|email))", re.IGNORECASE
)
"""The settings of a repository that are restored; others could start programs."""
NEEDED = ("bot", "deployments", "directory.csv", "params.yaml", "data.dvc")
"""Places where ignored files are backed up too: without them the bot would be a different one."""
DERIVED = ("prefect.toml",)
MADE = {".git", ".venv", "__pycache__"}
NO_SMUDGE = {"GIT_LFS_SKIP_SMUDGE": "1"}


def describe(workspace: Path) -> Repository | None:
    """Return the repository that contains a workspace; None without one."""
    if not git.in_repository(workspace):
        return None
    branch = commands.run(["git", "symbolic-ref", "--quiet", "--short", "HEAD"], cwd=workspace, check=False)
    return Repository(
        head=git.git(workspace, "rev-parse", "HEAD"),
        branch=branch.output.strip() if branch.code == 0 else "",
        prefix=git.git(workspace, "rev-parse", "--show-prefix"),
        first=git.first_commit(workspace),
        config=config(workspace),
        bundled=git.git(workspace, "rev-parse", "--is-shallow-repository") == "false",
    )


def config(workspace: Path) -> tuple[tuple[str, str], ...]:
    """Return where the repository is pushed and who commits in it."""
    listed = commands.run(["git", "config", "--local", "--list", "-z"], cwd=workspace, check=False).output
    pairs = (entry.partition("\n")[::2] for entry in listed.split("\0") if entry)
    return tuple((key, value) for key, value in pairs if KEPT_CONFIG.fullmatch(key))


def bundle(workspace: Path, file: Path) -> None:
    """Write the whole repository to one file: every branch, tag and stash."""
    commands.run(
        ["git", "bundle", "create", "--quiet", file, "--all", "HEAD"], cwd=workspace, timeout=GIT_SECONDS
    )


def changed(workspace: Path) -> tuple[list[str], list[str]]:
    """Return the files of the workspace that differ from its commit, and those that only the commit has.

    They are the changed and the untracked ones, and of the ignored ones those that the bot or its fleet is made of.
    """
    differ = names(workspace, "diff", "HEAD", "--name-only", "--no-renames", "--relative", "-z")
    differ += names(workspace, "ls-files", "-z", "--others", "--exclude-standard")
    differ += names(workspace, "ls-files", "-z", "--others", "--ignored", "--exclude-standard", "--", *NEEDED)
    there = {name for name in differ if wanted(workspace, name)}
    gone = {name for name in differ if not os.path.lexists(workspace / name)}
    return sorted(there - gone), sorted(gone)


def names(workspace: Path, *words: str) -> list[str]:
    """Return what a Git command lists."""
    said = [name for name in git.git(workspace, *words).split("\0") if name]
    # Git's warnings, of a folder that it cannot open for instance, come before the first name.
    return [name.rpartition("\n")[2] if name.startswith("warning: ") else name for name in said]


def everything(workspace: Path) -> list[str]:
    """Return all files of a workspace without Git."""
    found = []
    for folder, inner, files in os.walk(workspace):
        here = Path(folder).relative_to(workspace)
        inner[:] = sorted(name for name in inner if wanted(workspace, (here / name / "x").as_posix()))
        found += [(here / name).as_posix() for name in files]
    return sorted(name for name in found if wanted(workspace, name))


def wanted(workspace: Path, name: str) -> bool:
    """Say whether a file is the workspace's own: no state, environment, cache, data, other repository or backup."""
    parts = name.split("/")
    if parts[0] in (STATE_FOLDER, "data") or name in DERIVED or name.endswith((".pyc", "/")):
        return False
    if MADE.intersection(parts) or (parts[0] == "bot" and (LEFT_OUT - {"tests"}).intersection(parts)):
        return False
    return parts[:2] not in ([".dvc", "cache"], [".dvc", "tmp"]) and not is_backup(workspace / name)


def revive(folder: Path, repository: Repository, file: Path) -> None:
    """Make the repository again in an empty folder from its bundle, checked out as it was.

    Raises `RatchetError` where the bundle does not hold the commit.
    """
    run(folder, "init", "--quiet")
    run(folder, "fetch", "--quiet", "--update-head-ok", "--no-write-fetch-head", str(file), "+refs/*:refs/*")
    for key, value in repository.config:
        if KEPT_CONFIG.fullmatch(key):
            run(folder, "config", "--local", "--add", key, value)
    if repository.branch:
        run(folder, "symbolic-ref", "HEAD", f"refs/heads/{repository.branch}")
    else:
        run(folder, "fetch", "--quiet", "--no-write-fetch-head", str(file), "HEAD")
        run(folder, "update-ref", "--no-deref", "HEAD", repository.head)
    run(folder, "reset", "--quiet", "--hard")
    if run(folder, "rev-parse", "HEAD") != repository.head:
        raise RatchetError(
            f"The backup's Git repository has not the commit {repository.head[:8]}.",
            "Nothing was restored. Take another backup.",
        )


def run(folder: Path, *words: str) -> str:
    """Run Git in a folder that is being made."""
    done = commands.run(["git", *words], cwd=folder, env=NO_SMUDGE, timeout=GIT_SECONDS)
    return done.output.strip()


def same(folder: Path, repository: Repository) -> bool:
    """Say whether a folder is a clone of a repository: it has its commit, or the same first one."""
    if not git.in_repository(folder):
        return False
    asked = ["git", "cat-file", "-e", f"{repository.head}^{{commit}}"]
    if commands.run(asked, cwd=folder, check=False).code == 0:
        return True
    return repository.first != "" and git.first_commit(folder) == repository.first


def files_below(folder: Path) -> Iterator[Path]:
    """Give the files below a folder in order; what a link to a folder leads to is not followed."""
    for place, names, files in os.walk(folder):
        names[:] = sorted(name for name in names if name != "__pycache__")
        for name in sorted(files):
            path = Path(place) / name
            if path.is_file() and not name.endswith(".pyc"):
                yield path
