"""Which workspace a folder is: the one that its state belongs to, a copy of it, or the same one moved elsewhere."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Annotated

from pydantic import Field

from ratchet.domain.record import Record


@dataclass(frozen=True)
class Place(Record):
    """A folder as the file system knows it: two paths with one `device` and `inode` are one folder."""

    device: int
    inode: int


@dataclass(frozen=True)
class Identity(Record):
    """What a workspace's state says of itself.

    `id` is drawn at random when the state is made, "" if the state is older than that. `home` is the path where the
    workspace was used last, `state` the place of its state folder there, None where that was not noted.
    """

    id: str
    home: Annotated[str, Field(pattern="^/")]
    state: Place | None = None


@dataclass(frozen=True)
class Here:
    """A workspace as it is found: its path, the place of its folder and that of its state folder."""

    path: str
    folder: Place
    state: Place


@dataclass(frozen=True)
class There:
    """What is found at the recorded `home`: the place of that folder, and the identity that its state has."""

    folder: Place
    identity: Identity | None


class Standing(StrEnum):
    """What a folder is to the state that it carries."""

    HOME = "home"
    COPY = "copy"
    MOVED = "moved"
    UNKNOWN = "unknown"
    """Copied or moved: the other place holds it no longer, or is on another machine, and nothing tells which."""


def recognise(known: Identity, here: Here, there: There | None) -> Standing:
    """Say what the folder `here` is; `there` is what is found at the recorded home, None for nothing.

    A folder keeps its inode when it is moved within its file system, and a copy always has another one.
    """
    if here.path == known.home:
        return Standing.HOME
    if there is not None and there.folder == here.folder:
        return Standing.HOME  # one folder under two names: a link, or a second mount of it
    if there is not None and there.identity is not None and known.id in (there.identity.id, ""):
        return Standing.COPY
    if known.state is not None and known.state == here.state:
        return Standing.MOVED
    return Standing.UNKNOWN


def relocated(address: str, old: str, new: str) -> str:
    """Return a path, or a `file://` address, under the folder `old` as the same one under `new`; others as they are."""
    scheme = "file://" if address.startswith("file://") else ""
    path = address.removeprefix(scheme)
    if path != old and not path.startswith(f"{old}/"):
        return address
    return f"{scheme}{new}{path.removeprefix(old)}"


def settle(seen: Standing, said: Standing | None) -> Standing | None:
    """Return what a folder is taken for by what was seen of it and what a person says; None where both disagree.

    What can be seen holds; a person is asked, and believed, only where it cannot.
    """
    if seen is Standing.UNKNOWN:
        return said or seen
    return seen if said in (None, seen) or seen is Standing.HOME else None
