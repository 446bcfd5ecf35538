"""Write a backup of a machine: everything of a workspace that is in no remote, sealed, in one file."""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

from ratchet.adapters.rescue import archive, sealed
from ratchet.adapters.rescue.collect import Collected, collect, environment
from ratchet.adapters.settings import Settings
from ratchet.adapters.system.lock import hold, holder
from ratchet.adapters.targets.choice import choose_target
from ratchet.adapters.targets.target import Say, Target
from ratchet.adapters.workspace import identity, version
from ratchet.domain.errors import RatchetError
from ratchet.domain.operations.backup import FORMAT, Manifest, require_sound

PATIENCE_SECONDS = 1800.0
"""How long a backup from cron waits for the end of a retrain."""
SCRATCH = "backup-"


def backup(settings: Settings, file: Path, passphrase: str, say: Say, force: bool = False) -> Manifest:
    """Write everything to `file` and return what is in it.

    The file is written beside and takes its place in one step; nothing of it is left after an error. Raises
    `RatchetError` where it is there already and `force` does not say to replace it, and where anything that should
    go in cannot be read.
    """
    require_place(file, force)
    with waiting(settings, say), scratch(settings) as folder:
        target = choose_target(settings)
        found = collect(settings, target, folder, say)
        say("digests")
        manifest = describe(settings, target, found)
        require_sound(manifest)
        require_place(file, force)
        archive.write(file, manifest, list(found.sources.values()), passphrase, say)
    return manifest


def describe(settings: Settings, target: Target, found: Collected) -> Manifest:
    """Return the manifest of what was found; reads every file once."""
    live = found.live
    return Manifest(
        format=FORMAT,
        ratchet=version.of_program(),
        workspace=identity.claim(settings.workspace).id,
        name=settings.workspace.name,
        home=str(settings.workspace),
        made=datetime.now(UTC).isoformat(timespec="seconds"),
        target=target.name,
        release=live.id if live else "",
        bundle=live.bundle if live else "",
        members=tuple(source.member() for source in found.sources.values()),
        repository=found.repository,
        outside=found.outside,
        variables=environment(settings),
        deleted=tuple(found.deleted),
        left_out=tuple(found.left_out),
    )


def require_place(file: Path, force: bool) -> None:
    """Refuse a place that is taken, does not exist, or holds something other than a backup."""
    if file.is_dir() or not file.parent.is_dir():
        what = "is a folder" if file.is_dir() else "cannot be written: its folder is not there"
        raise RatchetError(f"{file} {what}.", "Name a file in a folder that is there.")
    if not os.path.lexists(file):
        return
    if not force:
        raise RatchetError(f"{file} is there already.", "Name another file, or replace it with --force.")
    if not sealed.is_backup(file):
        raise RatchetError(f"{file} is no backup, and is not replaced by one.", "Name another file.")


@contextmanager
def waiting(settings: Settings, say: Say) -> Iterator[None]:
    """Hold the workspace, after the end of what runs in it: registry, bundles and data are of one moment then."""
    lock = settings.state / "run.lock"
    if who := holder(lock):
        say(f"waits for the end of: {who['what']} (process {who['pid']})")
    with hold(lock, "A backup", PATIENCE_SECONDS):
        yield


@contextmanager
def scratch(settings: Settings) -> Iterator[Path]:
    """Give a temporary folder for copies; those that killed backups left are removed too."""
    for old in settings.state.glob(f"{SCRATCH}*"):
        shutil.rmtree(old, ignore_errors=True)
    folder = Path(tempfile.mkdtemp(dir=settings.state, prefix=SCRATCH))
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)
