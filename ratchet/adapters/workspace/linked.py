"""State that is a link: `.ratchet` may be on another disk, and `.ratchet/` in `.gitignore` names a folder only."""

from __future__ import annotations

import contextlib
from pathlib import Path

from ratchet.adapters.system import commands, git_state
from ratchet.adapters.system.files import write_text
from ratchet.adapters.workspace.identity import STATE_FOLDER
from ratchet.domain.errors import RatchetError


def keep_out(workspace: Path) -> bool:
    """Keep a linked `.ratchet` out of Git, which would commit the link; returns whether anything was to be done.

    Written into the clone's own `info/exclude`. Where that cannot be written, Git lists the link as untracked.
    """
    if not (workspace / STATE_FOLDER).is_symlink():
        return False
    asked = commands.run(["git", "check-ignore", "--quiet", STATE_FOLDER], cwd=workspace, check=False)
    if asked.code != 1:  # it is ignored, or there is no repository
        return False
    with contextlib.suppress(OSError, RatchetError):
        path = git_state.path_of(workspace, "info/exclude")
        text = path.read_text(encoding="utf-8") if path.exists() else ""
        folder = commands.run(["git", "rev-parse", "--show-prefix"], cwd=workspace).output.strip()
        path.parent.mkdir(exist_ok=True)
        write_text(
            path, f"{text}{'' if text.endswith(chr(10)) or not text else chr(10)}/{folder}{STATE_FOLDER}\n"
        )
        return True
    return False
