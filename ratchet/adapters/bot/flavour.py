"""A bot's flavour: the Python that it runs on and the groups of packages beside the plain ones, and what that installs.

`bot/.python-version` names the Python, `default-groups` in `bot/pyproject.toml` the groups; one lock file knows the
packages for every Python that it allows.
"""

from __future__ import annotations

import hashlib
import json
import re
import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache
from itertools import product
from pathlib import Path
from typing import Any

from packaging.markers import Marker
from packaging.specifiers import InvalidSpecifier, SpecifierSet
from packaging.utils import canonicalize_name

from ratchet.adapters.bot import framework
from ratchet.domain.errors import RatchetError

PYTHON_VERSION = ".python-version"
PYTHONS = ("3.13", "3.12", "3.11", "3.10")
"""Newest first; 3.10 is that of bots made before Ratchet lifted Rasa's bounds."""
TENSORFLOW, DEVELOPMENT = "tensorflow", "dev"
PLATFORMS = tuple(product(("linux", "darwin"), ("x86_64", "aarch64", "arm64")))
"""A flavour is the same on all machines of a team."""


@dataclass(frozen=True)
class Flavour:
    """`python` as in 3.13; `groups` in alphabetical order, without that of the tests."""

    python: str
    groups: tuple[str, ...] = ()

    def __str__(self) -> str:
        """For instance "Python 3.11 with tensorflow"."""
        return f"Python {self.python}{' with ' if self.groups else ''}{' and '.join(self.groups)}"


def of(bot: Path) -> Flavour:
    """Return the flavour of a bot's folder; where the file names no Python that it allows, that of the newest.

    Raises `RatchetError` where the file or the project cannot be read.
    """
    allowed, wanted = pythons(bot), named(bot / PYTHON_VERSION)
    python = wanted if wanted in allowed else next(iter(allowed), wanted or PYTHONS[0])
    return Flavour(python, groups(bot))


def named(file: Path) -> str:
    """Return the Python that a `.python-version` names, as 3.13, in any of the ways that uv and pyenv read; else ""."""
    text = file.read_bytes().decode("utf-8-sig", errors="replace") if file.exists() else ""
    lines = [line.strip() for line in text.splitlines() if line.strip() and not line.strip().startswith("#")]
    found = re.search(r"(?<![\d.])(\d+\.\d+)", lines[0]) if lines else None
    if lines and not found:
        raise RatchetError(f"{file} does not name a Python version.", f"Write {PYTHONS[0]} into it.")
    return found[1] if found else ""


def pythons(bot: Path) -> list[str]:
    """Return the Pythons that a bot's lock file allows, newest first."""
    asked = str(locked(bot).get("requires-python", ""))
    return [python for python in PYTHONS if allows(asked, python)]


def allows(specifier: str, python: str) -> bool:
    """Say whether a lock file's `requires-python` allows a Python."""
    try:
        return SpecifierSet(specifier).contains(f"{python}.99")
    except InvalidSpecifier:
        return False


def groups(bot: Path) -> tuple[str, ...]:
    """Return the groups that `uv sync` installs beside that of the tests."""
    project = bot / framework.PROJECT
    found = parsed(project) if project.exists() else {}
    said = found.get("tool", {}).get("uv", {}).get("default-groups", [])
    names = found.get("dependency-groups", {}) if said == "all" else said
    if isinstance(names, str):
        raise RatchetError(
            f"`default-groups` in {project} is no list.", 'Write ["dev"], or ["dev", "tensorflow"].'
        )
    return tuple(sorted({canonicalize_name(name) for name in names} - {DEVELOPMENT}))


def locked(bot: Path) -> dict[str, Any]:
    """Return the content of a bot's lock file, {} when there is none."""
    lock = bot / framework.LOCK
    return parsed(lock) if lock.exists() else {}


def parsed(path: Path) -> dict[str, Any]:
    """Return the content of a TOML file, which no one may change; raises `RatchetError` if it is not valid."""
    try:
        return read(path.read_text(encoding="utf-8"))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise RatchetError(
            f"{path} cannot be read: {error}.", "Correct it, or restore it with Git."
        ) from error


@lru_cache(maxsize=16)
def read(text: str) -> dict[str, Any]:
    """Parse TOML; the lock file is asked for many times in a run."""
    return tomllib.loads(text)


def environment_hash(bot: Path) -> str:
    """Return one SHA-256 over Python and packages of a bot's flavour, the framework aside; "" without a lock file.

    It is the same wherever the framework comes from, and whatever the lock file knows of other flavours.
    """
    lock = locked(bot)
    if not lock:
        return ""
    flavour = of(bot)
    packages = sorted([*digests(entry)] for entry in installed(lock, flavour))
    return hashlib.sha256(json.dumps([flavour.python, packages]).encode()).hexdigest()


def digests(entry: Mapping[str, Any]) -> Iterator[str]:
    """Yield name and version of a package in a lock file, and the digests of its files."""
    yield str(entry["name"])
    yield str(entry.get("version", ""))
    files = [*entry.get("wheels", []), *([entry["sdist"]] if "sdist" in entry else [])]
    yield from sorted(str(file.get("hash", "")) for file in files)


def installed(lock: Mapping[str, Any], flavour: Flavour) -> list[Mapping[str, Any]]:
    """Return the entries of a lock file that `uv sync` would install for a flavour, on any platform.

    The project itself and the framework are left out, what they need is not.
    """
    entries: dict[str, list[Mapping[str, Any]]] = {}
    for entry in lock.get("package", []):
        entries.setdefault(str(entry["name"]), []).append(entry)
    roots = [entry for entry in lock.get("package", []) if entry.get("source", {}).get("virtual") == "."]
    wanted = [one for root in roots for one in needs(root, flavour, [])]
    wanted += [
        one
        for root in roots
        for group in flavour.groups
        for one in root.get("dev-dependencies", {}).get(group, [])
        if holds(one.get("marker", ""), flavour)
    ]
    found: dict[tuple[str, str], Mapping[str, Any]] = {}
    seen: set[str] = set()
    while wanted:
        one = wanted.pop()
        key = json.dumps(one, sort_keys=True)
        if key in seen:
            continue
        seen.add(key)
        known = entries.get(one["name"], [{"name": one["name"]}])
        for entry in known:
            if one.get("version", entry.get("version")) != entry.get("version"):
                continue
            found[str(entry["name"]), str(entry.get("version", ""))] = entry
            wanted += needs(entry, flavour, one.get("extra", []))
    return [
        entry for entry in found.values() if entry["name"] != framework.DISTRIBUTION and entry not in roots
    ]


def needs(entry: Mapping[str, Any], flavour: Flavour, extras: list[str]) -> list[Mapping[str, Any]]:
    """Return what a package needs with these extras on a flavour's Python."""
    optional = entry.get("optional-dependencies", {})
    listed = [*entry.get("dependencies", []), *(one for extra in extras for one in optional.get(extra, []))]
    return [one for one in listed if holds(one.get("marker", ""), flavour)]


@lru_cache(maxsize=1024)
def holds(marker: str, flavour: Flavour) -> bool:
    """Say whether a marker holds for a flavour's Python on one of the platforms."""
    python = {"python_version": flavour.python, "python_full_version": f"{flavour.python}.99"}
    return not marker or any(
        Marker(marker).evaluate({**python, "sys_platform": system, "platform_machine": machine})
        for system, machine in PLATFORMS
    )
