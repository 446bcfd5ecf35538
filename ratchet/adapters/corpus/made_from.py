"""Which data revision `data/` was made from: what was edited in it since is known by that."""

from __future__ import annotations

from pathlib import Path

from ratchet.adapters.corpus import dvc
from ratchet.adapters.settings import STATE_FOLDER
from ratchet.adapters.system.files import read_json, write_json


def note_file(workspace: Path) -> Path:
    """The file that says it."""
    return workspace / STATE_FOLDER / "data-base.json"


def revision(workspace: Path) -> str:
    """Return the data revision that `data/` was made from, "" where that was not noted."""
    return read(workspace, "revision")


def committed(workspace: Path) -> str:
    """Return the data revision that Git had as `data/` was made: what an uncommitted ingest continues; "" for none."""
    return read(workspace, "committed")


def read(workspace: Path, name: str) -> str:
    """Return a data revision that was noted, "" where it was not."""
    noted = read_json(note_file(workspace))
    found = noted.get(name) if isinstance(noted, dict) else None
    return found if isinstance(found, str) and dvc.REVISION.fullmatch(found) else ""


def note(workspace: Path, made: str) -> None:
    """Note which data revision `data/` was made from; already so is fine."""
    if revision(workspace) != made:
        before = dvc.revision(workspace, "HEAD") if dvc.tracked(workspace) else ""
        write_json(note_file(workspace), {"revision": made, "committed": before})
