"""The bot's code as files: what is served, what shapes the model, and how it is kept with a model."""

from __future__ import annotations

import json
import os
import shutil
import tarfile
import tempfile
from collections.abc import Iterator
from pathlib import Path

import yaml

from adapters.files import replacing, sha256
from domain.errors import RatchetError
from domain.training import fingerprint

LEFT_OUT = {".venv", "tests", "__pycache__", ".pytest_cache", ".rasa", "models", ".python-version"}
SHAPING = ("config.yml", "rules.yml", "components", "tools/train.py")
"""Files of `bot/` that shape the model, besides the domain without its responses and the lock."""


def code_files(bot: Path) -> Iterator[Path]:
    """List the files of the bot's code that are served: everything but tests, caches and environments."""
    for folder, names, files in os.walk(bot):
        names[:] = sorted(name for name in names if name not in LEFT_OUT)
        for name in sorted(files):
            if name not in LEFT_OUT and not name.endswith(".pyc"):
                yield Path(folder) / name


def lock_hash(bot: Path) -> str:
    """Return the SHA-256 of the bot environment's lock file, "" when there is none."""
    lock = bot / "uv.lock"
    return sha256(lock) if lock.exists() else ""


def shaping_hash(bot: Path) -> str:
    """Return one SHA-256 over what shapes the model: configuration, rules, components, domain.

    Responses are looked up when the bot answers, so a new wording needs a release but no training.
    """
    parts = {path.relative_to(bot).as_posix(): sha256(path) for path in shaping_files(bot)}
    if (bot / "domain.yml").exists():
        domain = yaml.safe_load((bot / "domain.yml").read_text(encoding="utf-8")) or {}
        responses = domain.pop("responses", None) or {}
        parts["domain.yml"] = json.dumps([domain, sorted(responses)], sort_keys=True, default=str)
    return fingerprint(parts)


def shaping_files(bot: Path) -> list[Path]:
    """List the files of the bot that shape the model, besides domain and lock."""
    found: list[Path] = []
    for name in SHAPING:
        path = bot / name
        found += sorted(path.rglob("*.py")) if path.is_dir() else [path] if path.exists() else []
    return found


def pack(bot: Path, archive: Path) -> None:
    """Write the bot's code to an archive, whole or not at all."""
    with replacing(archive) as temporary, tarfile.open(temporary, "w:gz") as tar:
        for path in code_files(bot):
            tar.add(path, path.relative_to(bot).as_posix(), recursive=False)


def unpack(archive: Path, folder: Path, code_hash: str, lock: str) -> Path:
    """Unpack code into a folder of its own and return it; one that exists is kept.

    Raises `RatchetError` when the code is not what the model's lineage names: it would run here.
    """
    if folder.is_dir():
        return folder
    folder.parent.mkdir(parents=True, exist_ok=True)
    beside = Path(tempfile.mkdtemp(dir=folder.parent, prefix=f".{folder.name}."))
    try:
        with tarfile.open(archive) as tar:
            tar.extractall(beside, filter="data")
        if (shaping_hash(beside), lock_hash(beside)) != (code_hash, lock):
            raise RatchetError(
                "The code stored with a model is not what its lineage names: it was changed.",
                "It is not run. Restore the artifact store from a backup.",
            )
        beside.rename(folder)
    finally:
        shutil.rmtree(beside, ignore_errors=True)
    return folder
