"""What a backup of a machine holds: its manifest, and what no manifest may ask for."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from ratchet.domain.errors import RatchetError
from ratchet.domain.record import Record

FORMAT = 1
MOST_MEMBERS = 1_000_000
LONGEST_PATH, LONGEST_NAME = 4096, 255
DIGEST = re.compile(r"[0-9a-f]{64}")
CONTROL = re.compile(r"[\x00-\x1f\x7f]")
OF_GIT = ".git"
REMEDY = "Nothing was written. Make another backup, or take an older one."


class Part(StrEnum):
    """What a file of a backup belongs to, in the order in which people are told."""

    REGISTRY = "registry"
    ARTIFACTS = "artifacts"
    REMOTE = "data remote"
    DATA = "data"
    BUNDLES = "bundles"
    SECRETS = "secrets"
    SETTINGS = "settings"
    REPOSITORY = "git repository"
    FILES = "files not in git"
    EVENTS = "events"
    HARVEST = "harvest"
    CONVERSATIONS = "conversations"


@dataclass(frozen=True)
class Member(Record):
    """One file: its path in the workspace, with slashes, its size in bytes, and the mode that it gets."""

    path: str
    size: int
    sha256: str
    part: Part
    mode: int = 0o644


@dataclass(frozen=True)
class Repository(Record):
    """The workspace's Git repository: the commit and the branch ("" for none) that were checked out.

    `prefix` is the workspace's folder in it, "" or with a slash at its end. `first` is the first commit of its history,
    "" where that is not known. `config` are those of its settings that say where it is pushed and who commits, each as
    key and value. `bundled` says that the backup holds it whole.
    """

    head: str
    branch: str
    prefix: str
    first: str
    config: tuple[tuple[str, str], ...] = ()
    bundled: bool = True


@dataclass(frozen=True)
class Manifest(Record):
    """What a backup is of, and every file in it.

    `workspace` is the workspace's identity, `home` its folder, `made` the time in ISO form. `release` and `bundle` name
    the live release, "" where none is. `outside` are settings that named a place outside of the workspace whose content
    is in the backup; `variables` those that only the environment had. `deleted` are the files that the commit has and
    the working tree had not; `left_out` says in sentences what the backup does not hold, and why.
    """

    format: int
    ratchet: str
    workspace: str
    name: str
    home: str
    made: str
    target: str
    release: str
    bundle: str
    members: tuple[Member, ...]
    repository: Repository | None = None
    outside: dict[str, str] = field(default_factory=dict)
    variables: dict[str, str] = field(default_factory=dict)
    deleted: tuple[str, ...] = ()
    left_out: tuple[str, ...] = ()

    @property
    def size(self) -> int:
        """The bytes of all files together."""
        return sum(member.size for member in self.members)

    def parts(self) -> dict[Part, tuple[int, int]]:
        """Return how many files, and how many bytes, each part has; parts without a file are left out."""
        found: dict[Part, tuple[int, int]] = {}
        for part in Part:
            sizes = [member.size for member in self.members if member.part is part]
            if sizes:
                found[part] = (len(sizes), sum(sizes))
        return found


def require_sound(manifest: Manifest) -> None:
    """Raise `RatchetError`, naming the first reason, where a manifest asks for what no backup of Ratchet's holds.

    That is a path that leads out of the folder or into Git's own, two files in one place, or an invalid size.
    """
    if len(manifest.members) > MOST_MEMBERS:
        raise unsound(f"it names {len(manifest.members):,} files")
    for member in manifest.members:
        if why := wrong(member.path):
            raise unsound(f"{member.path[:200]!r} {why}")
        if member.size < 0 or not DIGEST.fullmatch(member.sha256) or member.mode & ~0o777:
            raise unsound(f"size, digest or mode of {member.path!r} is none")
    prefix = manifest.repository.prefix.rstrip("/") if manifest.repository else ""
    for path in (*manifest.deleted, *([prefix] if prefix else [])):
        if why := wrong(path):
            raise unsound(f"{path[:200]!r} {why}")
    if twice := colliding(member.path for member in manifest.members):
        raise unsound(f"{twice!r} is there twice, or is a file and a folder")


def wrong(path: str) -> str:
    """Say why a path is not accepted; "" if it is."""
    names = path.split("/")
    if not path or path.startswith("/") or any(name in ("", ".", "..") for name in names):
        return "leads out of the folder"
    if CONTROL.search(path) or not printable(path):
        return "is no name of a file"
    if len(path) > LONGEST_PATH or any(len(name.encode("utf-8", "replace")) > LONGEST_NAME for name in names):
        return "is too long"
    if any(name.lower() == OF_GIT for name in names):
        return "is a file of Git's own"
    return ""


def printable(path: str) -> bool:
    """Say whether a path can be written as UTF-8."""
    try:
        path.encode("utf-8")
    except UnicodeEncodeError:
        return False
    return True


def colliding(paths: Iterable[str]) -> str:
    """Return the first path that is there twice, or that is also the folder of another; "" where there is none."""
    files: set[str] = set()
    folders: set[str] = set()
    for path in paths:
        if path in files:
            return path
        files.add(path)
        folders.update(path[:at] for at, sign in enumerate(path) if sign == "/")
    return min(files & folders, default="")


def unsound(why: str) -> RatchetError:
    """Return the error for such a manifest."""
    return RatchetError(f"The backup is not one that Ratchet made: {why}.", REMEDY)


def settings_text(text: str, comment: Mapping[str, str], add: Mapping[str, str]) -> str:
    """Return the text of a `.env` for the new place.

    `comment` gives for a variable the words that come before its line, which is a comment then. `add` are variables
    that come behind; one that the text names is left as it is there.
    """
    named = set()
    lines = []
    for line in text.splitlines():
        found = re.match(r"\s*(?:export\s+)?([A-Za-z_][A-Za-z0-9_]*)\s*=", line)
        name = found[1].upper() if found else ""
        if name in comment:
            lines.append(f"# {comment[name]}: {line.lstrip()}")
            continue
        named.add(name)
        lines.append(line)
    more = {name: value for name, value in add.items() if name not in named}
    if more:
        lines += ["# Written by `ratchet restore`:"]
        lines += [f"{name}={quoted(value)}" for name, value in sorted(more.items())]
    return "\n".join(lines) + ("\n" if lines else "")


def quoted(value: str) -> str:
    """Return a value as `.env` has it: in single quotes where it needs any."""
    if re.fullmatch(r"[\w./:@%+,=-]*", value):
        return value
    return "'" + value.replace("\\", "\\\\").replace("'", "\\'") + "'"
