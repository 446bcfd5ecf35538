"""Files of the workspace that the page changes: written and committed, or as they were."""

from __future__ import annotations

import shutil
from collections.abc import Mapping
from pathlib import Path

from ratchet.adapters.settings import Settings
from ratchet.adapters.system import git
from ratchet.adapters.system.files import replacing
from ratchet.domain.errors import RatchetError
from ratchet.domain.wording import listed

Texts = Mapping[str, tuple[str | None, str]]
"""Each file, from the workspace on, with its text now (None where there is no such file) and then."""


def commit(settings: Settings, texts: Texts, message: str) -> None:
    """Write files and commit them, and nothing else; after a failure they are as they were.

    Raises `RatchetError` where the files have other changes, or Git does not commit.
    """
    workspace, names = settings.workspace, list(texts)
    versioned = git.in_repository(workspace)
    if versioned and git.changed(workspace, *names):
        raise RatchetError(
            f"{listed(names)} has changes that are not committed.", "Commit or undo them, and try again."
        )
    try:
        for name, (_, after) in texts.items():
            put(workspace / name, after)
        if versioned:
            git.commit(workspace, names, message)
    except BaseException as error:
        for name, (before, _) in texts.items():
            put(workspace / name, before)
        if versioned:
            git.git(workspace, "reset", "--quiet", "--", *names)
        if isinstance(error, git.NotCommitted):
            raise RatchetError(error.fact, "Correct what Git says, and try again.") from error
        raise


def put(path: Path, text: str | None) -> None:
    """Write a file whole or not at all, and keep who may read it; without a text there is no such file."""
    if text is None:
        path.unlink(missing_ok=True)
        return
    path.parent.mkdir(parents=True, exist_ok=True)
    with replacing(path) as temporary:
        temporary.write_bytes(text.encode())
        if path.exists():
            shutil.copymode(path, temporary)
        else:
            temporary.chmod(0o644)
