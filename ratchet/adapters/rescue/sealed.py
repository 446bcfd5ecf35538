"""A file that only its passphrase opens: scrypt makes the key, AES-256-GCM seals the content piece by piece.

The construction is STREAM, as the tool `age` has it: each piece is sealed under its number and whether it is the last,
so that none can be changed, left out, moved or cut off unseen. The key is of this file alone, because its salt is.

A file begins with a line that names its kind, one of what may be known without the passphrase, and the SHA-256 of both;
all three are bound to every piece. Piece 0 is empty: only a wrong passphrase fails there.
"""

from __future__ import annotations

import hashlib
import json
import os
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, BinaryIO

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.kdf.scrypt import Scrypt

from ratchet.adapters.system.files import MALFORMED
from ratchet.domain.errors import RatchetError

MAGIC = b"ratchet backup 1\n"
ANY_MAGIC = b"ratchet backup "
PIECE, TAG = 1 << 20, 16
"""Bytes of a piece before it is sealed, and those that sealing adds."""
COST, BLOCK, PARALLEL = 2**17, 8, 1
"""scrypt's: half a second and 128 MB for each passphrase that is tried."""
MOST_COST = 2**18
LONGEST_LINE = 65_536
SALT, KEY = 16, 32


class WrongPassphrase(RatchetError):
    """The passphrase is not the one that a backup was sealed with."""


class Damaged(RatchetError):
    """A backup was changed or cut off after it was written."""


@dataclass(frozen=True)
class Label:
    """What comes before the sealed pieces: `said` is what may be known without the passphrase, `raw` the bytes."""

    salt: bytes
    cost: int
    said: dict[str, Any]
    raw: bytes


class Sealer:
    """Writes sealed pieces; `close` seals the last one, without it the file cannot be opened."""

    def __init__(self, file: BinaryIO, passphrase: str, said: dict[str, Any]) -> None:
        salt = os.urandom(SALT)
        line = json.dumps({"salt": salt.hex(), "cost": COST, "said": said}).encode() + b"\n"
        self._label = with_digest(MAGIC + line)
        self._file, self._box = file, AESGCM(derived(passphrase, salt, COST))
        self._rest, self._number = bytearray(), 0
        file.write(self._label)
        self._seal(b"", last=False)

    def write(self, data: bytes) -> None:
        """Add bytes."""
        self._rest += data
        while len(self._rest) > PIECE:
            self._seal(bytes(self._rest[:PIECE]), last=False)
            del self._rest[:PIECE]

    def close(self) -> None:
        """Seal what is left."""
        self._seal(bytes(self._rest), last=True)
        self._rest.clear()

    def _seal(self, piece: bytes, last: bool) -> None:
        self._file.write(self._box.encrypt(nonce(self._number, last), piece, self._label))
        self._number += 1


@dataclass
class Opener:
    """Reads what `Sealer` wrote, in order."""

    file: BinaryIO
    name: str
    box: AESGCM
    label: bytes
    number: int = 0
    rest: bytearray = field(default_factory=bytearray)
    ahead: bytes = b""
    ended: bool = False

    def read(self, size: int) -> bytes:
        """Return `size` bytes, fewer only at the end; raises `Damaged`."""
        while len(self.rest) < size and not self.ended:
            self.rest += self._next()
        found = bytes(self.rest[:size])
        del self.rest[:size]
        return found

    def exactly(self, size: int) -> bytes:
        """Return exactly `size` bytes; raises `Damaged` where there are fewer."""
        found = self.read(size)
        if len(found) != size:
            raise damaged(self.name)
        return found

    def _next(self) -> bytes:
        piece, self.ahead = self.ahead, self.file.read(PIECE + TAG)
        self.ended = not self.ahead
        try:
            opened = self.box.decrypt(nonce(self.number, self.ended), piece, self.label)
        except InvalidTag as error:
            raise damaged(self.name) from error
        self.number += 1
        return opened


def opened(file: BinaryIO, name: str, passphrase: str) -> Opener:
    """Return a reader of a sealed file that was opened at its beginning; `name` is for errors.

    Raises `WrongPassphrase`, `Damaged`, and `RatchetError` for a file of another kind.
    """
    label = read_label(file, name)
    box = AESGCM(derived(passphrase, label.salt, label.cost))
    try:
        box.decrypt(nonce(0, last=False), file.read(TAG), label.raw)
    except InvalidTag as error:
        raise WrongPassphrase(
            f"The passphrase does not open {name}.",
            "Give the one that the backup was made with. Nothing was written.",
        ) from error
    return Opener(file, name, box, label.raw, number=1, ahead=file.read(PIECE + TAG))


def read_label(file: BinaryIO, name: str) -> Label:
    """Read what comes before the sealed pieces."""
    first = file.readline(len(MAGIC) + 16)
    if first != MAGIC:
        if first.startswith(ANY_MAGIC):
            raise RatchetError(
                f"{name} is of a newer kind than this Ratchet reads.", "Upgrade Ratchet first."
            )
        raise RatchetError(f"{name} is not a backup of Ratchet's.", "Name a file that `ratchet backup` made.")
    line, digest = file.readline(LONGEST_LINE), file.readline(LONGEST_LINE)
    if with_digest(first + line) != first + line + digest:
        raise damaged(name)
    try:
        content = json.loads(line)
        salt, cost, said = bytes.fromhex(content["salt"]), int(content["cost"]), dict(content["said"])
    except MALFORMED as error:
        raise damaged(name) from error
    if len(salt) != SALT or not 2 <= cost <= MOST_COST or cost & (cost - 1):
        raise damaged(name)
    return Label(salt, cost, said, first + line + digest)


def is_backup(path: Path) -> bool:
    """Say whether a file is a backup, of whichever version."""
    try:
        with path.open("rb") as file:
            return file.read(len(ANY_MAGIC)) == ANY_MAGIC
    except OSError:
        return False


def with_digest(content: bytes) -> bytes:
    """Return bytes with the line of their SHA-256."""
    return content + hashlib.sha256(content).hexdigest().encode() + b"\n"


def derived(passphrase: str, salt: bytes, cost: int) -> bytes:
    """Return the key that a passphrase makes."""
    return Scrypt(salt=salt, length=KEY, n=cost, r=BLOCK, p=PARALLEL).derive(passphrase.encode())


def nonce(number: int, last: bool) -> bytes:
    """Return the number under which a piece is sealed."""
    return number.to_bytes(11, "big") + bytes([last])


def damaged(name: str) -> Damaged:
    """Return the error for a file that is not as it was written."""
    return Damaged(
        f"{name} was changed or cut off since it was written.", "Nothing was written. Take another backup."
    )
