"""Which folders a machine may be restored into: absent or empty ones, and fresh clones in which nothing runs."""

from __future__ import annotations

import os
from pathlib import Path

from ratchet.adapters.registry.mlflow import Registry
from ratchet.adapters.rescue import repository
from ratchet.adapters.settings import MARKERS, STATE_FOLDER, read_settings
from ratchet.adapters.system.processes import alive
from ratchet.adapters.workspace import owners, version
from ratchet.domain.errors import RatchetError
from ratchet.domain.operations.backup import Manifest
from ratchet.domain.operations.upgrading import digits


def is_free(into: Path) -> bool:
    """Say whether a folder is absent or empty; raises `RatchetError` for a file."""
    if not os.path.lexists(into):
        return True
    if not into.is_dir():
        raise RatchetError(f"{into} is a file.", "Name a new or an empty folder with --into.")
    return not any(into.iterdir())


def require_version(manifest: Manifest) -> None:
    """Refuse a backup that a newer Ratchet made: its workspace would be refused by every command."""
    if digits(manifest.ratchet) > digits(version.of_program()):
        raise RatchetError(
            f"The backup was made with Ratchet {manifest.ratchet}, and this is {version.of_program()}.",
            f"Upgrade Ratchet first: `{version.INSTALL} {version.wheel(manifest.ratchet)}`, or "
            f"{version.IN_A_CHECKOUT}.",
        )


def require_whole(manifest: Manifest) -> None:
    """Refuse a backup without its repository for an empty folder."""
    if manifest.repository and not manifest.repository.bundled:
        raise RatchetError(
            "The backup was made in a shallow clone and does not hold the Git repository.",
            "Clone the workspace's repository, and restore into that clone with --into.",
        )


def require_clone(into: Path, manifest: Manifest) -> None:
    """Refuse a folder that is no clone of the backup's repository, or in which something runs."""
    if not all((into / marker).exists() for marker in MARKERS):
        raise RatchetError(
            f"{into} is not empty, and is no workspace.",
            "Name a new or an empty folder, or a fresh clone, with --into.",
        )
    if manifest.repository and not repository.same(into, manifest.repository):
        raise RatchetError(
            f"{into} is a workspace of another Git repository than the backup is of.",
            "Name a new or an empty folder, or a clone of the right one, with --into.",
        )
    running = sorted(one.pid for one in owners.recorded(into) if alive(one))
    if running:
        raise RatchetError(
            f"Something of {into} runs: process {', '.join(map(str, running))}.",
            "Stop it with `ratchet down` and `ratchet stop` there; then run the same command again.",
        )


def require_unused(into: Path, force: bool) -> None:
    """Refuse a workspace whose own registry has models, or cannot be read, unless told to put it aside."""
    if force or not (into / STATE_FOLDER / "mlflow.db").is_file():
        return
    try:
        registry = Registry(read_settings(into, tracking_uri=None))
        live = registry.live()
        has = f"release {live.id} is live in it" if live else "it has models" if registry.models() else ""
    except RatchetError as error:
        has = f"its registry cannot be read ({error.fact.rstrip('.')})"
    if has:
        raise RatchetError(
            f"{into} is in use: {has}.",
            "Name another folder with --into. With --force its state is put aside, into .ratchet/before-restore-….",
        )
