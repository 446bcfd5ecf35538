"""Ask the package registry whether versions in our lock files have known weaknesses: `make audit`.

The registry is the one that the lock files name; its answer for a version lists `vulnerabilities`. What is known and
accepted is in `.ci/audit.toml`, each with a reason and a date until which it counts.

Exit code 0: nothing new, or no one could be asked (one line says so; with AUDIT=required that is an error).
"""

from __future__ import annotations

import os
import sys
import tomllib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

import httpx

ROOT = Path(__file__).resolve().parents[1]
LOCKS = ("uv.lock", "bot/uv.lock")
EXCEPTIONS = Path(__file__).with_name("audit.toml")
SECONDS = 10.0
AT_ONCE = 8


class Unreachable(Exception):
    """No one answers about weaknesses."""


@dataclass(frozen=True, order=True)
class Package:
    """A version of a package; `registry` is the address that the lock file gives."""

    name: str
    version: str
    registry: str

    @property
    def page(self) -> str:
        """Where the registry says what it knows of this version."""
        return f"{self.registry.removesuffix('/simple')}/pypi/{self.name}/{self.version}/json"


@dataclass(frozen=True)
class Weakness:
    """A known weakness of a version; `ids` are its names, `fixed` the versions without it."""

    package: Package
    ids: tuple[str, ...]
    fixed: tuple[str, ...]
    summary: str

    def __str__(self) -> str:
        way = f"fixed in {', '.join(self.fixed)}" if self.fixed else "no version without it is known"
        return f"{self.package.name} {self.package.version}: {', '.join(self.ids)}, {way}. {self.summary}"


@dataclass(frozen=True)
class Accepted:
    """A weakness that is known and accepted; `id` may be `*` for all of a package, `version` the one looked at."""

    package: str
    version: str
    id: str
    reason: str
    until: date

    def covers(self, found: Weakness) -> bool:
        """Whether it speaks of this weakness in this version."""
        same = (self.package, self.version) == (found.package.name, found.package.version)
        return same and (self.id == "*" or self.id in found.ids)


def packages(lock: str) -> set[Package]:
    """Return what a lock file takes from a registry."""
    entries = tomllib.loads(lock)["package"]
    return {
        Package(entry["name"], entry["version"], entry["source"]["registry"])
        for entry in entries
        if "registry" in entry["source"]
    }


def weaknesses(package: Package, answer: Mapping[str, Any]) -> Iterator[Weakness]:
    """Yield what the registry's answer for a version says; raises `Unreachable` for an answer without the list."""
    found = answer.get("vulnerabilities")
    if not isinstance(found, list):
        raise Unreachable("the registry's answers do not list weaknesses")
    for entry in found:
        if not entry.get("withdrawn"):
            ids = (str(entry["id"]), *map(str, entry.get("aliases") or ()))
            summary = str(entry.get("summary") or entry.get("details") or "").split("\n")[0][:160]
            yield Weakness(package, ids, tuple(entry.get("fixed_in") or ()), summary)


def ask(client: httpx.Client, package: Package) -> list[Weakness]:
    """Ask about one version; raises `Unreachable` when no one answers."""
    try:
        answer = client.get(package.page)
        answer.raise_for_status()
        return list(weaknesses(package, answer.json()))
    except (httpx.HTTPError, ValueError, KeyError, TypeError) as error:
        raise Unreachable(f"{type(error).__name__} for {package.name}") from error


def ask_all(wanted: Sequence[Package]) -> tuple[list[Weakness], list[Package]]:
    """Ask about every version; returns what is known, and the versions about which no one answered.

    The first is asked alone: raises `Unreachable` when that gets no answer, so an unreachable registry costs little.
    """
    with httpx.Client(timeout=SECONDS, follow_redirects=True) as client:

        def answer(package: Package) -> list[Weakness] | None:
            try:
                return ask(client, package)
            except Unreachable:
                return None

        answers: list[list[Weakness] | None] = [ask(client, wanted[0])]
        with ThreadPoolExecutor(AT_ONCE) as pool:
            answers += pool.map(answer, wanted[1:])
    silent = [package for package, said in zip(wanted, answers, strict=True) if said is None]
    return [one for said in answers if said for one in said], silent


def accepted(text: str) -> list[Accepted]:
    """Read the exceptions; each needs every field."""
    return [Accepted(**entry) for entry in tomllib.loads(text).get("accepted", [])]


def judge(
    found: Iterable[Weakness], known: Sequence[Accepted], today: date
) -> tuple[list[Weakness], list[Weakness]]:
    """Return the weaknesses that no one accepted, or no longer, and those that someone did."""
    new: list[Weakness] = []
    old: list[Weakness] = []
    for one in found:
        (old if any(entry.covers(one) and today <= entry.until for entry in known) else new).append(one)
    return new, old


def main() -> int:
    """Ask, compare, say."""
    wanted = sorted({package for name in LOCKS for package in packages((ROOT / name).read_text("utf-8"))})
    try:
        found, silent = ask_all(wanted)
    except Unreachable as error:
        print(
            f"audit: not asked, the registry gives no advisories here ({error}); AUDIT=required makes this an error"
        )
        return 1 if os.environ.get("AUDIT") == "required" else 0
    new, old = judge(found, accepted(EXCEPTIONS.read_text("utf-8")), date.today())
    for one in new:
        print(f"audit: {one}")
    for package in silent:
        print(f"audit: {package.name} {package.version}: no answer")
    print(
        f"audit: {len(wanted)} versions, {len(old)} accepted weaknesses, {len(new)} others, {len(silent)} unanswered"
    )
    return 1 if new or (silent and os.environ.get("AUDIT") == "required") else 0


if __name__ == "__main__":
    sys.exit(main())
