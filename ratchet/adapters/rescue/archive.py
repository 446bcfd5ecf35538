"""A backup's content: the manifest, then its files one after the other, all of it sealed.

There is no archive format in between: each file is a path, a size and a digest in the manifest, and its bytes.
Links, devices and compressed bombs cannot be expressed.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import shutil
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from ratchet.adapters.rescue import sealed
from ratchet.adapters.system.files import MALFORMED, replacing
from ratchet.adapters.targets.target import Say
from ratchet.domain.errors import RatchetError
from ratchet.domain.operations.backup import FORMAT, Manifest, Member, Part, require_sound
from ratchet.domain.wording import size

LONGEST_MANIFEST = 1 << 28
LENGTH = 8
"""Bytes of the number that says how long the manifest is."""
CHUNK = 1 << 20
STEP = 1 << 26
"""Progress is shown each time this number of bytes is done."""
ROOM = 1.1
"""What is unpacked needs this multiple of its size on the disk."""


@dataclass(frozen=True)
class Source:
    """A file that goes into a backup: where it is now, and its path and part there."""

    file: Path
    path: str
    part: Part

    def member(self) -> Member:
        """Return how the manifest names it; reads it whole."""
        digest, length = hashlib.sha256(), 0
        with self.file.open("rb") as opened:
            while chunk := opened.read(CHUNK):
                digest.update(chunk)
                length += len(chunk)
        return Member(self.path, length, digest.hexdigest(), self.part, self.file.stat().st_mode & 0o777)


def write(file: Path, manifest: Manifest, sources: Sequence[Source], passphrase: str, say: Say) -> None:
    """Write a backup, whole or not at all; `sources` are the manifest's members, in its order.

    Raises `RatchetError` if
    a file no longer matches the manifest.
    """
    said = {"workspace": manifest.workspace, "name": manifest.name, "made": manifest.made}
    head = json.dumps(manifest.as_dict()).encode()
    with replacing(file) as temporary, temporary.open("wb") as output:
        temporary.chmod(0o600)
        sealer = sealed.Sealer(output, passphrase, said | {"ratchet": manifest.ratchet})
        sealer.write(len(head).to_bytes(LENGTH, "big") + head)
        progress = Progress(manifest.size, say)
        for source, member in zip(sources, manifest.members, strict=True):
            append(sealer, source, member, progress)
        sealer.close()
        output.flush()
        os.fsync(output.fileno())


def append(sealer: sealed.Sealer, source: Source, member: Member, progress: Progress) -> None:
    """Write one file."""
    digest, length = hashlib.sha256(), 0
    with source.file.open("rb") as opened:
        while chunk := opened.read(CHUNK):
            digest.update(chunk)
            length += len(chunk)
            sealer.write(chunk)
            progress.add(len(chunk))
    if (length, digest.hexdigest()) != (member.size, member.sha256):
        raise RatchetError(
            f"{source.file} changed while it was backed up.",
            "No backup was written; run the same command again.",
        )


class Progress:
    """Reports progress from time to time."""

    def __init__(self, total: int, say: Say) -> None:
        self.total, self.say, self.done, self.said = total, say, 0, 0

    def add(self, count: int) -> None:
        """Count bytes."""
        self.done += count
        if self.done - self.said >= STEP:
            self.said = self.done
            self.say(f"{size(self.done)} of {size(self.total)}")


@contextlib.contextmanager
def reading(file: Path, passphrase: str) -> Iterator[tuple[Manifest, sealed.Opener]]:
    """Open a backup; gives its manifest and the content behind it.

    Raises `RatchetError` where there is no such file, and as `sealed.opened` and `require_sound` do.
    """
    with opening(file) as opened:
        content = sealed.opened(opened, str(file), passphrase)
        yield manifest_of(content), content


@contextlib.contextmanager
def opening(file: Path) -> Iterator[BinaryIO]:
    """Open a file that is to be a backup."""
    try:
        opened = file.open("rb")
    except OSError as error:
        raise RatchetError(
            f"{file} cannot be read: {error.strerror}.",
            "Name a file that `ratchet backup` made. To go back to older messages: "
            "`ratchet data restore REVISION`.",
        ) from error
    with opened:
        yield opened


def called(file: Path) -> str:
    """Return in words what a backup says of itself without its passphrase; nothing proves it yet."""
    with opening(file) as opened:
        said = sealed.read_label(opened, str(file)).said
    name, made = ("".join(filter(str.isprintable, str(said.get(word, ""))))[:60] for word in ("name", "made"))
    return f"the backup of {name} of {made}" if name and made else "the backup"


def manifest_of(content: sealed.Opener) -> Manifest:
    """Read the manifest."""
    length = int.from_bytes(content.exactly(LENGTH), "big")
    if length > LONGEST_MANIFEST:
        raise sealed.damaged(content.name)
    try:
        document = json.loads(content.exactly(length))
        if int(document["format"]) > FORMAT:
            made = str(document.get("ratchet", ""))
            raise RatchetError(
                f"{content.name} was made by Ratchet {made}, in a form that this one does not know.",
                "Upgrade Ratchet first.",
            )
        manifest = Manifest.from_dict(document)
    except MALFORMED as error:
        raise sealed.damaged(content.name) from error
    require_sound(manifest)
    return manifest


def verify(file: Path, passphrase: str, say: Say) -> Manifest:
    """Read a whole backup, compare every digest with its manifest, and return the manifest; writes nothing."""
    with reading(file, passphrase) as (manifest, content):
        progress = Progress(manifest.size, say)
        for member in manifest.members:
            for chunk in chunks(content, member):
                progress.add(len(chunk))
        end(content)
    return manifest


def unpack(file: Path, passphrase: str, folder: Path, say: Say) -> Manifest:
    """Write all files of a backup below an empty folder, each verified once more.

    Raises `RatchetError` before anything is written where the disk has no room for them.
    """
    with reading(file, passphrase) as (manifest, content):
        free = shutil.disk_usage(folder).free
        if free < manifest.size * ROOM:
            raise RatchetError(
                f"The backup needs {size(int(manifest.size * ROOM))} in {folder}, and the disk has {size(free)}.",
                "Make room, or name a folder on another disk with --into.",
            )
        progress = Progress(manifest.size, say)
        for member in manifest.members:
            path = folder / member.path
            path.parent.mkdir(parents=True, exist_ok=True)
            with path.open("xb") as output:
                for chunk in chunks(content, member):
                    output.write(chunk)
                    progress.add(len(chunk))
            path.chmod(member.mode | 0o400)
        end(content)
    return manifest


def chunks(content: sealed.Opener, member: Member) -> Iterator[bytes]:
    """Give the bytes of the next file; raises `Damaged` after them if they do not match the manifest."""
    digest, left = hashlib.sha256(), member.size
    while left:
        chunk = content.exactly(min(left, CHUNK))
        digest.update(chunk)
        left -= len(chunk)
        yield chunk
    if digest.hexdigest() != member.sha256:
        raise sealed.damaged(content.name)


def end(content: sealed.Opener) -> None:
    """Check that nothing follows the last file."""
    if content.read(1):
        raise sealed.damaged(content.name)
