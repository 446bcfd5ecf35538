"""Tests of sealed files: what was changed or cut off, or meets a wrong passphrase, does not open."""

from __future__ import annotations

import io
import itertools
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ratchet.adapters.rescue import sealed
from ratchet.adapters.rescue.sealed import Damaged, Sealer, WrongPassphrase, opened
from ratchet.domain.errors import RatchetError

SECRET = "correct horse battery staple"
PIECE = 64


@pytest.fixture(scope="module", autouse=True)
def small() -> Iterator[None]:
    """Many pieces of little content."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(sealed, "PIECE", PIECE)
        yield


def seal(content: bytes, *cuts: int) -> bytes:
    """Seal content that is written in parts."""
    file = io.BytesIO()
    sealer = Sealer(file, SECRET, {"name": "bot"})
    edges = [0, *sorted(cut % (len(content) + 1) for cut in cuts), len(content)]
    for start, end in itertools.pairwise(edges):
        sealer.write(content[start:end])
    sealer.close()
    return file.getvalue()


def unseal(file: bytes, secret: str = SECRET) -> bytes:
    """Open sealed content and read it whole."""
    reader = opened(io.BytesIO(file), "x.backup", secret)
    parts = []
    while part := reader.read(50):
        parts.append(part)
    return b"".join(parts)


@given(st.binary(max_size=4 * PIECE), st.lists(st.integers(0), max_size=3))
def test_what_was_sealed_comes_back(content: bytes, cuts: list[int]) -> None:
    """Also nothing at all, and what just fills its pieces."""
    assert unseal(seal(content, *cuts)) == content


@pytest.mark.parametrize("length", [0, 1, PIECE - 1, PIECE, PIECE + 1, 3 * PIECE])
def test_every_cut_is_noticed(length: int) -> None:
    """A file that ends early does not open, wherever it ends."""
    file = seal(b"x" * length)
    for end in range(len(file)):
        with pytest.raises(RatchetError):
            unseal(file[:end])
    with pytest.raises(Damaged):
        unseal(file + b"more")


@given(st.binary(min_size=1, max_size=3 * PIECE), st.integers(0), st.integers(1, 255))
def test_every_changed_byte_is_noticed(content: bytes, place: int, change: int) -> None:
    """In the label or in what is sealed: no other content is ever given."""
    file = bytearray(seal(content))
    file[place % len(file)] ^= change
    with pytest.raises(RatchetError):
        unseal(bytes(file))


def test_pieces_that_change_places_are_noticed() -> None:
    """Each is sealed under its number."""
    file = seal(bytes(range(64)) * 3)
    step, start = PIECE + sealed.TAG, len(file) - 3 * (PIECE + sealed.TAG)
    first, second, third = (file[start + n * step : start + (n + 1) * step] for n in range(3))
    for order in ([second, first, third], [first, third], [first, first, second, third]):
        with pytest.raises(Damaged):
            unseal(file[:start] + b"".join(order))


def test_a_wrong_passphrase_is_said_plainly() -> None:
    """And a damaged file is not taken for one."""
    with pytest.raises(
        WrongPassphrase, match=r"does not open x.backup.*the one that the backup was made with"
    ):
        unseal(seal(b"content"), "correct horse battery stable")
    file = seal(b"content")
    with pytest.raises(Damaged, match="changed or cut off"):
        unseal(file.replace(b'"name": "bot"', b'"name": "bad"'))


def test_two_files_of_one_content_and_passphrase_have_nothing_in_common() -> None:
    """Each has a key of its own."""
    one, two = seal(b"content"), seal(b"content")
    assert one[-32:] != two[-32:]
    assert SECRET.encode() not in one
    assert b"content" not in one


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"", "not a backup of Ratchet's"),
        (b"PK\x03\x04 a zip", "not a backup of Ratchet's"),
        (b"ratchet backup 9\n{}\n", "Upgrade Ratchet first"),
        (b"ratchet backup 1\n" + b"x" * 200_000, "changed or cut off"),
    ],
)
def test_another_file_is_named_as_what_it_is(content: bytes, said: str) -> None:
    """Before anybody's passphrase is tried on it."""
    with pytest.raises(RatchetError, match=said):
        unseal(content)


@pytest.mark.parametrize("cost", [0, 3, 2**30])
def test_a_file_cannot_ask_for_more_than_is_given(cost: int) -> None:
    """What a passphrase costs is bounded: no file makes this machine compute for an hour."""
    line = b'{"salt": "%s", "cost": %d, "said": {}}\n' % (b"00" * sealed.SALT, cost)
    with pytest.raises(Damaged):
        unseal(sealed.with_digest(sealed.MAGIC + line) + b"x" * 100)


def test_a_backup_is_known_by_its_beginning(tmp_path: Path) -> None:
    """So that none is packed into the next."""
    file = tmp_path / "a.backup"
    file.write_bytes(seal(b"content"))
    assert sealed.is_backup(file)
    assert not sealed.is_backup(tmp_path / "absent")
    assert not sealed.is_backup(Path(__file__))
