"""Bring a machine back from its backup: all is verified and made beside first, and takes its place together.

A folder that is empty becomes the workspace, Git repository and all. A fresh clone of that repository keeps its commit
and gets what the clone cannot have: the state, and the files that no commit has.
"""

from __future__ import annotations

import contextlib
import os
import shutil
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import psutil

from ratchet.adapters.corpus import dvc
from ratchet.adapters.registry import relocate
from ratchet.adapters.rescue import archive, mending, repository
from ratchet.adapters.rescue.collect import BUNDLE, SQLITE
from ratchet.adapters.rescue.moves import Moves, together
from ratchet.adapters.rescue.places import (
    is_free,
    require_clone,
    require_unused,
    require_version,
    require_whole,
)
from ratchet.adapters.rescue.settling import settle
from ratchet.adapters.settings import STATE_FOLDER, Settings, load_settings
from ratchet.adapters.system import git
from ratchet.adapters.system.files import sha256
from ratchet.adapters.system.lock import hold
from ratchet.adapters.targets.choice import choose_target
from ratchet.adapters.targets.target import Say
from ratchet.domain.errors import RatchetError
from ratchet.domain.operations.backup import Manifest, Part
from ratchet.domain.operations.identity import Standing

STAYS = ("uv", "environments", "frameworks", "tests", "run.lock", "run.json", "ports.lock")
"""What a clone's state has of its own, and keeps: tools, environments, and the lock that is held meanwhile."""
STAGE, BEFORE, REFUSED = "restoring-", "before-restore-", "not-restored"
DATA = "data"


@dataclass(frozen=True)
class Restored:
    """The workspace that was made, what it was made of, and whether it is the old one or, beside that, a copy."""

    workspace: Path
    manifest: Manifest
    standing: Standing


def restore(file: Path, into: Path, passphrase: str, say: Say, note: Say, force: bool = False) -> Restored:
    """Restore a backup into a folder that is absent, empty or a fresh clone; `note` gets what people have to know.

    Raises `RatchetError`, and changes nothing, where the file is not whole, or the folder holds something else, or has
    releases of its own and `force` does not say to put them aside.
    """
    manifest = archive.verify(file, passphrase, say)
    require_version(manifest)
    sweep(into)
    if is_free(into):
        require_whole(manifest)
        root, standing = fresh(file, into, passphrase, manifest, say, note)
    else:
        require_clone(into, manifest)
        require_unused(into, force)
        root, standing = over(file, into, passphrase, manifest, say, note)
    finish(root, manifest, standing, note)
    return Restored(root, manifest, standing)


def fresh(
    file: Path, into: Path, passphrase: str, manifest: Manifest, say: Say, note: Say
) -> tuple[Path, Standing]:
    """Make the whole workspace beside, and move it into its place; in a folder that is there, inside of it.

    That one may be a shell's working directory, or a disk of its own: it is filled, not replaced.
    """
    beside = into if into.exists() else into.parent
    beside.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=beside, prefix=f".{into.name}.{STAGE}{os.getpid()}-") as name:
        files, tree = Path(name) / "files", Path(name) / into.name
        for folder in (files, tree):
            folder.mkdir()
        archive.unpack(file, passphrase, files, say)
        prefix = ""
        if manifest.repository:
            say("git repository")
            repository.revive(tree, manifest.repository, files / BUNDLE)
            (files / BUNDLE).unlink()
            prefix = manifest.repository.prefix
        root, final = tree / prefix, into / prefix
        if root.resolve() != tree.resolve() / prefix:
            raise RatchetError(f"{prefix} in the backup's repository is a link.", "Nothing was restored.")
        (root / STATE_FOLDER).mkdir(parents=True, exist_ok=True)
        with together(root, Path(name) / "replaced") as moves:
            for path in manifest.deleted:
                moves.take_away(path)
            for path in below(files):
                moves.put(files / path, path)
        standing = settle(root, final, manifest, root / STATE_FOLDER, root, note)
        if not into.exists():
            tree.rename(into)
            return final, standing
        with together(into, Path(name) / "never") as moves:
            for child in sorted(tree.iterdir(), key=lambda path: (path.name == STATE_FOLDER, path.name)):
                moves.put(child, child.name)
    return final, standing


def sweep(into: Path) -> None:
    """Remove what killed restores into this folder left in it or beside it: it holds secrets."""
    pattern = f".{into.name}.{STAGE}*"
    for left in (*into.glob(pattern), *into.parent.glob(pattern)):
        process = left.name.rpartition(STAGE)[2].partition("-")[0]
        if process.isdigit() and not psutil.pid_exists(int(process)):
            shutil.rmtree(left, ignore_errors=True)


def over(
    file: Path, root: Path, passphrase: str, manifest: Manifest, say: Say, note: Say
) -> tuple[Path, Standing]:
    """Put the state, and what no commit has, into a clone; what it had is kept aside."""
    state = root / STATE_FOLDER
    state.mkdir(exist_ok=True)
    with contextlib.ExitStack() as stack:
        stack.enter_context(hold(state / "run.lock", "A restore"))
        for left in state.glob(f"{STAGE}*"):  # of a restore that was killed
            shutil.rmtree(left, ignore_errors=True)
        files = Path(stack.enter_context(tempfile.TemporaryDirectory(dir=state, prefix=STAGE)))
        archive.unpack(file, passphrase, files, say)
        (files / BUNDLE).unlink(missing_ok=True)
        standing = settle(files, root, manifest, state, root, note)
        aside = state / f"{BEFORE}{time.strftime('%Y%m%d-%H%M%S')}"
        with together(root, aside) as moves:
            put_files(moves, files, root, manifest, note)
            put_state(moves, files / STATE_FOLDER, state, files)
        if aside.exists():
            note(f"what was there before is in {aside.relative_to(root)}; delete it when you do not need it")
    return root, standing


def put_files(moves: Moves, files: Path, root: Path, manifest: Manifest, note: Say) -> None:
    """Put the files that no commit has; at another commit than the backup's, one that differs stays the clone's."""
    known = manifest.repository
    at_commit = (
        known is not None and git.in_repository(root) and git.git(root, "rev-parse", "HEAD") == known.head
    )
    kept = {member.path for member in manifest.members if member.part is Part.FILES and not at_commit}
    for path in below(files):
        if path.startswith((f"{STATE_FOLDER}/", f"{DATA}/")) or same(files / path, root / path):
            continue
        if path in kept and os.path.lexists(root / path):
            moves.put(files / path, f"{STATE_FOLDER}/{REFUSED}/{path}")
            note(
                f"{path} differs and this clone is at another commit: the backup's is in {STATE_FOLDER}/{REFUSED}"
            )
        else:
            moves.put(files / path, path)
    for path in manifest.deleted if at_commit else ():
        moves.take_away(path)
    if (files / DATA).is_dir():
        put_data(moves, files / DATA, root, note)


def put_data(moves: Moves, data: Path, root: Path, note: Say) -> None:
    """Put `data/` where it is what `data.dvc` names."""
    if (root / dvc.POINTER).is_file() and dvc.describe(root, data).revision != dvc.revision(root):
        note(
            "data/ is not restored: data.dvc of this clone names another revision, which comes from the data remote"
        )
        return
    moves.put(data, DATA)


def put_state(moves: Moves, staged: Path, state: Path, stage: Path) -> None:
    """Exchange the state; the registry comes last, so that a killed restore leaves a workspace without releases."""
    stays = {*STAYS, stage.name, REFUSED}
    for old in sorted(path.name for path in state.iterdir()):
        if old not in stays and not old.startswith((STAGE, BEFORE)):
            moves.take_away(f"{STATE_FOLDER}/{old}")
    for new in sorted(staged.iterdir(), key=lambda path: (path.name == "mlflow.db", path.name)):
        moves.put(new, f"{STATE_FOLDER}/{new.name}")


def below(folder: Path) -> Iterator[str]:
    """Give the files below a folder by their names with slashes."""
    found = [path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file()]
    yield from sorted(found)


def same(one: Path, other: Path) -> bool:
    """Say whether two files have the same content."""
    return other.is_file() and sha256(one) == sha256(other)


def finish(root: Path, manifest: Manifest, standing: Standing, note: Say) -> None:
    """Do what needs the workspace in its place: a registry in a database of the team's own, and conversations."""
    settings = load_settings(root)
    if standing is not Standing.COPY and not (settings.tracking_uri or SQLITE).startswith(SQLITE):
        relocate.artifacts(settings, Path(manifest.home), shared=False)
    if any(member.part is Part.CONVERSATIONS for member in manifest.members):
        give_back(settings, note)


def give_back(settings: Settings, note: Say) -> None:
    """Give the conversations to the fleet's store; where that cannot be done now they are kept."""
    try:
        mending.put_back(settings, choose_target(settings), note)
    except RatchetError as error:
        note(f"conversations are kept for later: {error.fact} `ratchet doctor --mend` tries again")
