"""What the commit of a data revision is to say, kept until it is made: a hook may refuse it, a process be killed."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from ratchet.adapters.corpus import data_folder, dvc
from ratchet.adapters.settings import STATE_FOLDER
from ratchet.adapters.system import git
from ratchet.adapters.system.files import read_json, write_json


def note_file(workspace: Path) -> Path:
    """The file that holds it."""
    return workspace / STATE_FOLDER / "uncommitted.json"


def note(workspace: Path, revision: str, message: str) -> None:
    """Keep the message for the commit of a revision."""
    write_json(note_file(workspace), {"revision": revision, "message": message})


def message(workspace: Path) -> str:
    """Return the message for the revision that `data.dvc` names, "" where none was kept."""
    noted = read_json(note_file(workspace))
    if not isinstance(noted, dict) or noted.get("revision") != data_folder.named(workspace):
        return ""
    return str(noted.get("message") or "")


def pending(workspace: Path) -> bool:
    """Tell whether `data.dvc` differs from the checked-out commit; false without Git."""
    return git.in_repository(workspace) and git.changed(workspace, dvc.POINTER)


def commit(workspace: Path, fallback: str, beside: Sequence[str] = ()) -> str:
    """Commit `data.dvc` and what is named beside it, with the message that was kept, else another; returns the commit.

    Raises `git.NotCommitted`; the message stays then.
    """
    done = git.commit(workspace, [dvc.POINTER, *beside], message(workspace) or fallback)
    note_file(workspace).unlink(missing_ok=True)
    return done
