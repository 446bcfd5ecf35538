"""The bot's framework, the package `ratchet_bot`: its wheel, how a lock file names it, and the code that runs.

A workspace's `bot/` holds the wheel in `vendor/`, and its lock file pins it by version and SHA-256. A checkout of
Ratchet uses its own folder `ratchet_bot/`. Code that is kept with a model holds the package itself. An older bot has no
framework: its components and tools are in its own folder.
"""

from __future__ import annotations

import os
import re
import shutil
import tempfile
import zipfile
from collections.abc import Iterator
from pathlib import Path

from ratchet.adapters.system.files import refuse_pointers, sha256
from ratchet.adapters.workspace.identity import STATE_FOLDER
from ratchet.domain.errors import RatchetError
from ratchet.domain.operations.upgrading import DISTRIBUTION as DISTRIBUTION
from ratchet.domain.operations.upgrading import PACKAGE as PACKAGE
from ratchet.resources import SOURCE

VENDOR = "vendor"
WHEELS = f"{PACKAGE}-*.whl"
LOCK, PROJECT = "uv.lock", "pyproject.toml"

ENTRY = "\n[[package]]\n"
METADATA = "\n[package.metadata]\n"
NAMED = re.compile(rf'^name = "{DISTRIBUTION}"$', re.MULTILINE)
NAME = re.compile(r'\A\s*name = "([^"]*)"$', re.MULTILINE)
SOURCE_LINE = re.compile(r'^source = \{ (\w+) = "([^"]*)" \}$', re.MULTILINE)
WHEELS_LINES = re.compile(r"^wheels = \[\n(?:    .*\n)*\]\n", re.MULTILINE)
DIGEST = re.compile(r'hash = "sha256:([0-9a-f]{64})"')
REQUIREMENT = re.compile(
    rf'(\{{ name = "{DISTRIBUTION}"(?:, extras = \[[^\]]*\])?), (?:editable|path) = "[^"]*"'
)
SOURCES = re.compile(rf"^{DISTRIBUTION} = \{{.*\}}$", re.MULTILINE)


def wheel(folder: Path) -> Path:
    """Put the wheel of this Ratchet's framework into a folder and return its path; the same bytes each time.

    An installed Ratchet has it among its resources; a checkout builds it.
    """
    folder.mkdir(parents=True, exist_ok=True)
    shipped = sorted((SOURCE / VENDOR).glob(WHEELS))
    if shipped:
        return Path(shutil.copy(shipped[-1], folder))
    from hatchling.builders.wheel import WheelBuilder

    [built] = WheelBuilder(str(SOURCE / PACKAGE)).build(directory=str(folder), versions=["standard"])
    return Path(built)


def pinned_lock(lock: str, wheel: Path) -> str:
    """Return the text of a bot's lock file with its framework pinned to a wheel in `vendor/`; all else as it was."""
    head, *entries = lock.split(ENTRY)
    changed = [
        pinned_entry(entry, wheel)
        if NAMED.search(entry)
        else REQUIREMENT.sub(rf'\1, path = "{VENDOR}/{wheel.name}"', entry)
        for entry in entries
    ]
    return ENTRY.join([head, *changed])


def with_others(lock: str, other: str) -> str:
    """Return the text of a lock file with the packages that only another one has: uv keeps their versions if it can."""
    head, *entries = lock.split(ENTRY)
    known = {name for entry in entries for name in NAME.findall(entry)}
    more = [entry for entry in other.split(ENTRY)[1:] if not known.intersection(NAME.findall(entry))]
    return ENTRY.join([head, *entries, *more])


def pinned_entry(entry: str, wheel: Path) -> str:
    """Return the lock file's entry of the framework for a wheel."""
    version = wheel.name.split("-")[1]
    entry = re.sub(r'^version = ".*"$', f'version = "{version}"', entry, count=1, flags=re.MULTILINE)
    entry = SOURCE_LINE.sub(f'source = {{ path = "{VENDOR}/{wheel.name}" }}', entry)
    before, metadata, after = WHEELS_LINES.sub("", entry).partition(METADATA)
    file = f'    {{ filename = "{wheel.name}", hash = "sha256:{sha256(wheel)}" }},\n'
    return f"{before}wheels = [\n{file}]\n{metadata}{after}"


def pinned_project(project: str, wheel: Path) -> str:
    """Return the text of a bot's `pyproject.toml` with its framework taken from a wheel in `vendor/`."""
    return SOURCES.sub(f'{DISTRIBUTION} = {{ path = "{VENDOR}/{wheel.name}" }}', project)


def without_source(project: str) -> str:
    """Return the text of a bot's `pyproject.toml` without the line that says where the framework comes from."""
    return SOURCES.sub("", project)


def locked(bot: Path) -> str:
    """Return what a bot's lock file says of the framework, "" if it names none: an older bot, or no lock."""
    lock = bot / LOCK
    text = lock.read_text(encoding="utf-8") if lock.exists() else ""
    found = next((entry for entry in text.split(ENTRY)[1:] if NAMED.search(entry)), "")
    source = SOURCE_LINE.search(found)
    return found if source and source[1] != "virtual" else ""


def folder(bot: Path) -> Path | None:
    """Return the folder that holds the package `ratchet_bot` with which a bot's code runs; None for older code.

    A vendored wheel is unpacked once, under the state folder. Raises `RatchetError` when it is missing or is not
    the one that the lock file names.
    """
    if (bot / PACKAGE / "__init__.py").is_file():
        return bot
    entry = locked(bot)
    source = SOURCE_LINE.search(entry)
    if source is None:
        return None
    place = Path(os.path.normpath(bot / source[2]))
    if source[1] == "editable":
        return place / "src"
    digest = DIGEST.search(entry)
    named = digest[1] if digest else ""
    return unpacked(bot, verified(bot, place, named), named)


def tools(bot: Path) -> str:
    """Return the name of the package whose modules are a bot's tools: the framework's, or that of an older bot."""
    return f"{PACKAGE}.tools" if folder(bot) else "tools"


def verified(bot: Path, wheel: Path, digest: str) -> Path:
    """Return a vendored wheel; raises `RatchetError` unless it is there with the SHA-256 that the lock file names."""
    name = wheel.relative_to(bot.parent) if wheel.is_relative_to(bot.parent) else wheel
    remedy = f"Restore it: `git checkout -- {bot.name}/{VENDOR}`."
    if not wheel.is_file():
        raise RatchetError(f"{name}, which {bot.name}/{LOCK} names, is missing.", remedy)
    refuse_pointers([wheel], bot.parent)
    if sha256(wheel) != digest:
        raise RatchetError(
            f"{name} is not the file that {bot.name}/{LOCK} names: its SHA-256 differs.", remedy
        )
    return wheel


def unpacked(bot: Path, wheel: Path, digest: str) -> Path:
    """Return the folder with the unpacked content of a wheel, unpacking it where it is not there as it should be."""
    kept = bot.parent / STATE_FOLDER / "frameworks" / digest[:16]
    with zipfile.ZipFile(wheel) as archive:
        content = {name: archive.read(name) for name in archive.namelist() if name.startswith(f"{PACKAGE}/")}
    if same(kept, content):
        return kept
    kept.parent.mkdir(parents=True, exist_ok=True)
    beside = Path(tempfile.mkdtemp(dir=kept.parent, prefix=f".{kept.name}."))
    try:
        for name, data in content.items():
            (beside / "new" / name).parent.mkdir(parents=True, exist_ok=True)
            (beside / "new" / name).write_bytes(data)
        if kept.exists():
            kept.rename(beside / "old")
        (beside / "new").rename(kept)
    except OSError:
        if not same(kept, content):  # unless another process was quicker
            raise
    finally:
        shutil.rmtree(beside, ignore_errors=True)
    return kept


def same(kept: Path, content: dict[str, bytes]) -> bool:
    """Say whether a folder holds exactly these files, byte for byte."""
    files = modules(kept)
    return files.keys() == content.keys() and all(files[name].read_bytes() == content[name] for name in files)


def modules(folder: Path) -> dict[str, Path]:
    """Return the framework's files in a folder by their names in it, compiled ones left out."""
    return {path.relative_to(folder).as_posix(): path for path in walk(folder / PACKAGE)}


def walk(folder: Path) -> Iterator[Path]:
    """List the files below a folder, without what Python compiles."""
    for place, names, files in os.walk(folder):
        names[:] = sorted(name for name in names if name != "__pycache__")
        yield from (Path(place) / name for name in sorted(files) if not name.endswith(".pyc"))
