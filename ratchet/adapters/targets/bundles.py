"""Bundles of model and code, in folders named by their digest: to the `process` target what images are to a swarm."""

from __future__ import annotations

import os
import shutil
import tempfile
import time
from collections.abc import Collection, Sequence
from pathlib import Path

from ratchet.adapters.bot.bot_code import bundle_name, code_digest, copy, is_whole
from ratchet.adapters.system.files import sha256, write_json
from ratchet.adapters.targets.target import Say
from ratchet.domain.errors import RatchetError
from ratchet.domain.release.manifest import Release
from ratchet.domain.release.rollout import kept


def make(folder: Path, bot: Path, archive: Path, model_sha256: str, labels: dict[str, str], say: Say) -> str:
    """Copy model and code into a bundle of `folder` and return its digest; one that exists, whole, is kept."""
    digest = bundle_name(code_digest(bot), model_sha256)
    final = folder / digest
    if final.exists() and not is_whole(final):
        say(f"bundle {digest[:12]} was changed; it is in {set_aside(final)} now, and does not run")
    if final.exists():
        say(f"bundle {digest[:12]} is there already")
        os.utime(final)
        return digest
    folder.mkdir(parents=True, exist_ok=True)
    beside = Path(tempfile.mkdtemp(dir=folder, prefix=".new-"))
    try:
        copy(bot, beside / "bot")
        shutil.copy2(archive, beside / "model.tar.gz")
        write_json(beside / "labels.json", labels)
        beside.rename(final)
    finally:
        shutil.rmtree(beside, ignore_errors=True)
    return digest


def set_aside(bundle: Path) -> Path:
    """Move a bundle that was changed out of the way, where it is kept to be looked at; returns where that is."""
    kept_in = bundle.parent.parent / "set-aside" / f"{bundle.name[:16]}-{time.time_ns()}"
    kept_in.parent.mkdir(parents=True, exist_ok=True)
    shutil.move(bundle, kept_in)
    return kept_in


REMEDY = "Run `ratchet doctor --mend`: it builds the bundle again from the release's manifest."


def check(bundle: Path, release: Release) -> None:
    """Refuse a bundle that is gone or not what the manifest says; a model archive is code, and so is code."""
    model = bundle / "model.tar.gz"
    if not model.exists():
        raise RatchetError(
            f"The bundle of release {release.id} is no longer on this machine.",
            REMEDY,
        )
    if sha256(model) != release.model_sha256:
        raise RatchetError(
            f"The model in bundle {release.bundle[:12]} is not the one that release {release.id} names.",
            REMEDY,
        )
    if not is_whole(bundle):
        raise RatchetError(
            f"The code in bundle {release.bundle[:12]} is not the one that release {release.id} names.",
            REMEDY,
        )


def clean(folder: Path, went_live: Sequence[str], most: int, needed: Collection[str]) -> None:
    """Delete what was left half made, and the bundles that no rollback needs; never one of the `needed`.

    `went_live` and `most` are as `kept` takes them; without the first no whole bundle is deleted.
    """
    if not folder.exists():
        return
    for rest in folder.glob(".new-*"):
        shutil.rmtree(rest, ignore_errors=True)
    if not went_live:
        return
    whole = sorted(
        (path for path in folder.iterdir() if path.is_dir()), key=lambda path: -path.stat().st_mtime
    )
    keep = kept([path.name for path in whole], went_live, most)
    for bundle in whole:
        if bundle.name not in keep and bundle.name not in needed:
            shutil.rmtree(bundle, ignore_errors=True)
