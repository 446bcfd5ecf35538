"""DVC's configuration in a workspace: set up, opened, its remote chosen."""

from __future__ import annotations

import contextlib
import logging
import os
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ratchet.adapters.system import commands
from ratchet.domain.errors import RatchetError

if TYPE_CHECKING:
    from dvc.repo import Repo

FOLDER = "data"
REMOTE = "storage"


def init(workspace: Path, remote_url: str) -> None:
    """Set DVC up in a workspace with a default remote: a folder (relative to the workspace) or `s3://…`.

    Needs Git there. A workspace that has DVC already only gets the remote.
    """
    from dvc.exceptions import DvcException
    from dvc.repo import Repo

    if not (workspace / ".dvc" / "config").exists():
        try:
            with quiet():
                Repo.init(str(workspace), subdir=not (workspace / ".git").exists()).close()
        except DvcException as error:
            raise RatchetError(
                f"DVC cannot be set up in {workspace}: {error}.", "Run `git init` there first."
            ) from error
    ignore(workspace)
    set_remote(workspace, remote_url)


def ignore(workspace: Path) -> None:
    """Keep the data folder out of Git, as `dvc add` does."""
    path, line = workspace / ".gitignore", f"/{FOLDER}"
    text = path.read_text(encoding="utf-8") if path.exists() else ""
    if line not in text.splitlines():
        path.write_text(
            f"{text}{'' if text.endswith(chr(10)) or not text else chr(10)}{line}\n", encoding="utf-8"
        )


def set_remote(
    workspace: Path,
    url: str,
    options: Mapping[str, Any] | None = None,
    machine: Mapping[str, Any] | None = None,
) -> None:
    """Make `url` the default remote, with DVC's `options` of such a remote and those of this machine alone.

    The address and its options go into the tracked `.dvc/config`, those of the machine (an endpoint, a
    profile) into `.dvc/config.local`, which Git ignores.
    """
    is_folder = "://" not in url
    # DVC takes a relative address from the process's own folder and writes it relative to `.dvc/`
    location = os.path.relpath(workspace / url) if is_folder and not os.path.isabs(url) else url
    with repository(workspace) as repo:
        with repo.config.edit("local", validate=False) as config:
            config["remote"].pop(REMOTE, None)
        with repo.config.edit("repo") as config:
            config["core"] |= {"analytics": False, "autostage": False, "remote": REMOTE}
            config["remote"][REMOTE] = {"url": location, **(options or {})}
        if machine:
            with repo.config.edit("local") as config:
                config["remote"][REMOTE] = dict(machine)
    if is_folder:
        (workspace / url).mkdir(parents=True, exist_ok=True)


@contextlib.contextmanager
def quiet() -> Iterator[None]:
    """Keep DVC from writing its own hints and progress to the terminal."""
    logger = logging.getLogger("dvc")
    level = logger.level
    logger.setLevel(logging.CRITICAL)  # its progress bars follow the level too
    try:
        yield
    finally:
        logger.setLevel(level)


@contextlib.contextmanager
def repository(workspace: Path) -> Iterator[Repo]:
    """Open the workspace's DVC repository, with DVC's own state under `.ratchet/`."""
    from dvc.exceptions import DvcException
    from dvc.repo import Repo

    try:
        with quiet():
            repo = Repo(
                str(workspace), config={"core": {"site_cache_dir": str(workspace / ".ratchet" / "dvc")}}
            )
    except DvcException as error:
        raise RatchetError(
            f"{workspace} is not a DVC repository: {error}.",
            "Set it up with `ratchet remote set FOLDER_OR_S3_URL`.",
        ) from error
    try:
        with quiet():
            share_with_worktree(workspace, repo)
            yield repo
    finally:
        repo.close()


def local_remote(repo: Repo) -> Path | None:
    """Return the folder that is the default remote, None where that is no folder."""
    url = str(repo.config["remote"].get(repo.config["core"].get("remote"), {}).get("url", ""))
    return Path(os.path.abspath(url)) if url and "://" not in url else None


def share_with_worktree(workspace: Path, repo: Repo) -> None:
    """Let a worktree of Git's use the remote of the main one where that is a folder in there: its own does not exist.

    Written into this worktree's `.dvc/config.local`, which Git ignores.
    """
    folder = local_remote(repo)
    if folder is None or folder.exists() or not folder.is_relative_to(workspace):
        return
    asked = commands.run(
        ["git", "rev-parse", "--path-format=absolute", "--git-common-dir", "--show-toplevel"],
        cwd=workspace,
        check=False,
    )
    common, top = (*map(Path, asked.output.splitlines()), None, None)[:2]
    if asked.code != 0 or common is None or top is None or common.parent == top:
        return
    shared = common.parent / folder.relative_to(top)
    if shared.is_dir():
        name = repo.config["core"]["remote"]
        with repo.config.edit("local") as config:
            config["remote"][name] = {"url": str(shared)}
        repo.config.load()
