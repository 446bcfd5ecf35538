"""The identity of a workspace, `.ratchet/workspace.json`: by it a copied or a moved folder is recognised."""

from __future__ import annotations

import contextlib
import secrets
import shlex
import sqlite3
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

from ratchet.adapters.system.files import read_json, read_record, write_json
from ratchet.domain.errors import RatchetError
from ratchet.domain.operations.identity import Here, Identity, Place, Standing, There, recognise

STATE_FOLDER = ".ratchet"
FILE = "workspace.json"
REGISTRY = "mlflow.db"


class Displaced(RatchetError):
    """The folder is a copy of the workspace that its state belongs to, or was moved."""


def file_of(workspace: Path) -> Path:
    """The file that holds the identity."""
    return workspace / STATE_FOLDER / FILE


def read(workspace: Path) -> Identity | None:
    """Return what the state says of itself; None where there is no state yet, or none that names a place.

    State from before identities is known by the paths that it recorded.
    """
    path = file_of(workspace)
    remedy = f"Delete it: it is written again, with a new identity, by the next command in {workspace}."
    if known := read_record(path, Identity.from_dict, remedy):
        return known
    home = next(recorded_homes(workspace / STATE_FOLDER), "")
    return Identity("", home) if home else None


def claim(workspace: Path) -> Identity:
    """Return the identity of a workspace that is where it belongs, and note it at first use.

    Raises `Displaced` for a copy or a moved folder.
    """
    require(workspace)
    state = workspace / STATE_FOLDER
    state.mkdir(parents=True, exist_ok=True)
    known = read(workspace)
    if known is None:
        known = Identity("", str(workspace))
    wanted = replace(known, id=known.id or new_id(), state=place(state))
    if wanted != known:
        write(workspace, wanted)
    return wanted


def new_id() -> str:
    """Draw an identity."""
    return secrets.token_hex(6)


def write(workspace: Path, identity: Identity) -> None:
    """Note an identity."""
    write_json(file_of(workspace), identity.as_dict())


def standing(workspace: Path) -> tuple[Standing, Identity | None]:
    """Say what this folder is to the state that it carries; without state it is at home."""
    known = read(workspace)
    if known is None:
        return Standing.HOME, None
    here = Here(str(workspace), place(workspace), place(workspace / STATE_FOLDER))
    return recognise(known, here, find(Path(known.home))), known


def find(home: Path) -> There | None:
    """Return what is at a recorded home; None for nothing, and for what cannot be looked at."""
    try:
        folder = place(home)
        return There(folder, read(home))
    except (OSError, ValueError, RatchetError):
        return None


def place(folder: Path) -> Place:
    """Return where a folder is on its file system."""
    found = folder.stat()
    return Place(found.st_dev, found.st_ino)


def require(workspace: Path) -> None:
    """Raise `Displaced`, in one sentence and with the command that puts it right, unless the folder is at home."""
    found, known = standing(workspace)
    if known is None or found is Standing.HOME:
        return
    adopt = command(workspace)
    match found:
        case Standing.COPY:
            raise Displaced(
                f"{workspace} is a copy of the workspace {known.home}, and what it recorded belongs to that one.",
                f"Make it a workspace of its own with `{adopt}`; until then nothing is done here.",
            )
        case Standing.MOVED:
            raise Displaced(
                f"{workspace} was {known.home} until it was moved, and what it recorded names the old place.",
                f"Put that right with `{adopt}`; until then nothing is done here.",
            )
        case _:
            raise Displaced(
                f"{workspace} was copied or moved from {known.home}; which of the two cannot be seen from here.",
                f"If it was moved, run `{adopt} --moved`; if the other one is still in use, for instance on another "
                f"machine, run `{adopt} --copy`.",
            )


def command(workspace: Path) -> str:
    """Return the command that puts a copied or moved folder right, wherever it is typed."""
    return f"ratchet --workspace {shlex.quote(str(workspace))} adopt"


def recorded_homes(state: Path) -> Iterator[str]:
    """Give the workspaces that the records of state without an identity name."""
    for name, words in {
        "process/live.json": ("cwd",),
        "process/supervisor.json": ("argv", "cwd"),
        "prefect/server.json": ("cwd", "env"),
    }.items():
        note: Any = read_json(state / name)
        for word in words:
            yield from homes_in(note.get(word) if isinstance(note, dict) else None)
    for (address,) in rows(state / REGISTRY, "SELECT artifact_location FROM experiments"):
        yield from homes_in(address)


def homes_in(value: object) -> Iterator[str]:
    """Give each workspace whose state a recorded path lies in."""
    if isinstance(value, list):
        for one in value:
            yield from homes_in(one)
    elif isinstance(value, str) and value.removeprefix("file://").startswith("/"):
        home, found, _ = value.removeprefix("file://").partition(f"/{STATE_FOLDER}")
        if found:
            yield home


def rows(database: Path, query: str) -> list[tuple[Any, ...]]:
    """Return what a query of an SQLite file yields; nothing where there is no such file or table."""
    if not database.is_file():
        return []
    with (
        contextlib.suppress(sqlite3.Error),
        contextlib.closing(sqlite3.connect(f"{database.as_uri()}?mode=ro", uri=True)) as opened,
    ):
        return opened.execute(query).fetchall()
    return []
