"""The bot's code as files: what is served, what shapes the model, and how it is kept with a model."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import tarfile
import tempfile
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from ratchet.adapters.system import yaml_text
from ratchet.adapters.system.files import replacing, sha256, tree_digest
from ratchet.domain.errors import RatchetError
from ratchet.domain.release.training import fingerprint

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
        domain = read_domain(bot / "domain.yml")
        responses = domain.pop("responses", None) or {}
        parts["domain.yml"] = json.dumps([domain, sorted(responses)], sort_keys=True, default=str)
    return fingerprint(parts)


def read_domain(path: Path) -> dict[str, Any]:
    """Read a bot's domain; raises `RatchetError` where it is none."""
    try:
        domain = yaml_text.load(path.read_text(encoding="utf-8")) or {}
    except (UnicodeDecodeError, yaml_text.NotYaml) as error:
        raise RatchetError(
            f"{path} cannot be read: {error}.", "Correct it, or restore it with Git."
        ) from error
    if not isinstance(domain, dict) or not isinstance(domain.get("responses") or {}, dict):
        raise RatchetError(f"{path} is no Rasa domain.", "Correct it, or restore it with Git.")
    return domain


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


def code_digest(bot: Path) -> str:
    """Return one SHA-256 over all of the bot's code that is served or run, whatever it shapes."""
    return tree_digest(list(code_files(bot)), bot)


def bundle_name(code: str, model_sha256: str) -> str:
    """Return the digest that names a bundle of code and model, so that its name says whether it was changed."""
    return hashlib.sha256(f"{code}\n{model_sha256}".encode()).hexdigest()


def is_whole(bundle: Path) -> bool:
    """Say whether code and model in a bundle's folder are those that its name stands for."""
    model = bundle / "model.tar.gz"
    return model.is_file() and bundle_name(code_digest(bundle / "bot"), sha256(model)) == bundle.name


def check_unpacked(folder: Path, code_hash: str, lock: str, code: str) -> None:
    """Raise `RatchetError` unless a folder holds the code that a model's record names: it would run here.

    `code` is the digest of the whole code, "" for a model registered without one.
    """
    same = (shaping_hash(folder), lock_hash(folder)) == (code_hash, lock)
    if not same or (code and code_digest(folder) != code):
        raise RatchetError(
            "The code stored with a model is not what its lineage names: it was changed.",
            f"It is not run. Delete {folder} if it is there; else restore the artifact store from a backup.",
        )


def unpack(archive: Path, folder: Path, code_hash: str, lock: str, code: str = "") -> Path:
    """Unpack code into a folder of its own and return it; raises as `check_unpacked` does."""
    folder.parent.mkdir(parents=True, exist_ok=True)
    beside = Path(tempfile.mkdtemp(dir=folder.parent, prefix=f".{folder.name}."))
    try:
        try:
            with tarfile.open(archive) as tar:
                tar.extractall(beside, filter="data")
        except (OSError, EOFError, tarfile.TarError, zlib.error) as error:
            raise RatchetError(
                f"The code stored with a model cannot be unpacked: {error}.",
                "Restore the artifact store from a backup.",
            ) from error
        check_unpacked(beside, code_hash, lock, code)
        beside.rename(folder)
    finally:
        shutil.rmtree(beside, ignore_errors=True)
    return folder
