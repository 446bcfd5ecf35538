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
from fnmatch import fnmatch
from pathlib import Path
from typing import Any

from ratchet.adapters.bot import flavour, framework
from ratchet.adapters.system import yaml_text
from ratchet.adapters.system.files import code_sha256, names_digest, replacing, sha256
from ratchet.domain.errors import RatchetError
from ratchet.domain.release.training import fingerprint

LEFT_OUT = {".venv", "tests", "__pycache__", ".pytest_cache", ".rasa", "models"}
SHAPING = (
    *("config.yml", "rules.yml", "components"),
    *(f"{framework.PACKAGE}/components", f"{framework.PACKAGE}/tools/train.py"),
    "tools/train.py",  # of a bot that has no framework
)
"""Files of the code that shape the model, besides the domain without its responses and the lock."""
DIALOGUE = "data"
"""The folder of rules and stories in any number of files."""


def code_files(bot: Path) -> dict[str, Path]:
    """Return the files of the bot's code that are served, by their names in a folder where all of it is.

    It is everything in `bot/` but tests, caches, environments and the vendored wheel, and the framework itself as
    `ratchet_bot/`. Raises `RatchetError` as `framework.folder` does.
    """
    found = {path.relative_to(bot).as_posix(): path for path in own_files(bot)}
    source = framework.folder(bot)
    return found if source is None else {**found, **framework.modules(source)}


def own_files(bot: Path) -> Iterator[Path]:
    """List the files of the bot's folder that are served, without the framework's wheel."""
    for folder, names, files in os.walk(bot):
        names[:] = sorted(name for name in names if name not in LEFT_OUT)
        for name in sorted(files):
            vendored = Path(folder).name == framework.VENDOR and fnmatch(name, framework.WHEELS)
            if name not in LEFT_OUT and not name.endswith(".pyc") and not vendored:
                yield Path(folder) / name


def lock_hash(bot: Path) -> str:
    """Return the digest of the bot's environment as its lock file describes it, "" when there is none.

    The framework's own version and source do not count. For a lock from before there was a framework it is the file's
    SHA-256, as the lineages of its models say.
    """
    if framework.locked(bot):
        return flavour.environment_hash(bot)
    lock = bot / framework.LOCK
    return code_sha256(lock) if lock.exists() else ""


def shaping_hash(bot: Path) -> str:
    """Return one SHA-256 over what shapes the model: configuration, rules, components, domain.

    Responses are looked up when the bot answers, so a new wording needs a release but no training.
    """
    parts = {name: code_sha256(path) for name, path in shaping_files(bot).items()}
    for path in domain_files(bot):
        domain = read_domain(path)
        responses = domain.pop("responses", None) or {}
        name = path.relative_to(bot).as_posix()
        parts[name] = json.dumps([domain, sorted(responses)], sort_keys=True, default=str)
    return fingerprint(parts)


def domain_files(bot: Path) -> list[Path]:
    """Return the files of a bot's domain: `domain.yml`, or those in the folder `domain/` where there is none."""
    if (bot / "domain.yml").exists():
        return [bot / "domain.yml"]
    return sorted(path for path in (bot / "domain").rglob("*.y*ml") if path.is_file())


def read_domain(path: Path) -> dict[str, Any]:
    """Read a bot's domain; raises `RatchetError` if it is not valid."""
    try:
        domain = yaml_text.load(path.read_text(encoding="utf-8")) or {}
    except (UnicodeDecodeError, yaml_text.NotYaml) as error:
        raise RatchetError(
            f"{path} cannot be read: {error}.", "Correct it, or restore it with Git."
        ) from error
    if not isinstance(domain, dict) or not isinstance(domain.get("responses") or {}, dict):
        raise RatchetError(f"{path} is not a valid Rasa domain file.", "Correct it, or restore it with Git.")
    return domain


def shaping_files(bot: Path) -> dict[str, Path]:
    """Return the files of the bot's code that shape the model, by name, besides domain and lock."""
    return {name: path for name, path in code_files(bot).items() if shapes(name)}


def shapes(name: str) -> bool:
    """Say whether a file of the bot's code shapes the model."""
    code = name.endswith(".py") and any(name.startswith(f"{part}/") for part in SHAPING)
    return name in SHAPING or code or name.startswith(f"{DIALOGUE}/")


def pack(bot: Path, archive: Path) -> None:
    """Write the bot's code with its framework to an archive, whole or not at all."""
    with replacing(archive) as temporary, tarfile.open(temporary, "w:gz") as tar:
        for name, path in code_files(bot).items():
            tar.add(path, name, recursive=False)


def copy(bot: Path, folder: Path) -> None:
    """Copy the bot's code with its framework into a folder, where it runs by itself."""
    for name, path in code_files(bot).items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy2(path, folder / name)


def code_digest(bot: Path) -> str:
    """Return one SHA-256 over all of the bot's code that is served or run, whatever it shapes."""
    return names_digest(code_files(bot))


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
