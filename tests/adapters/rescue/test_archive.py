"""Tests of a backup's content: what the manifest does not say is not written, and nothing before all is right."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from ratchet.adapters.rescue import archive, sealed
from ratchet.adapters.rescue.archive import LENGTH, Source, unpack, verify, write
from ratchet.domain.errors import RatchetError
from ratchet.domain.operations.backup import Manifest, Member, Part
from tests.adapters.rescue.machine import PASSPHRASE
from tests.domain.operations.test_backup import SHA, manifest


def described(*sources: Source) -> Manifest:
    """The manifest of some files."""
    return manifest(members=tuple(source.member() for source in sources))


def forge(file: Path, document: object, content: bytes = b"") -> Path:
    """Seal a manifest and content with the right passphrase, which an attacker may know."""
    head = document if isinstance(document, bytes) else json.dumps(document).encode()
    with file.open("wb") as output:
        sealer = sealed.Sealer(output, PASSPHRASE, {})
        sealer.write(len(head).to_bytes(LENGTH, "big") + head + content)
        sealer.close()
    return file


@pytest.fixture
def sources(tmp_path: Path) -> list[Source]:
    """Two files, one with a secret's mode, and an empty one."""
    folder = tmp_path / "from"
    folder.mkdir()
    for name, content, mode in (
        ("a", b"x" * 3_000_000, 0o644),
        ("token", b"secret", 0o600),
        ("none", b"", 0o644),
    ):
        (folder / name).write_bytes(content)
        (folder / name).chmod(mode)
    return [Source(folder / name, f"sub/{name}", Part.FILES) for name in ("a", "token", "none")]


def test_what_was_written_is_unpacked_with_its_modes(tmp_path: Path, sources: list[Source]) -> None:
    """Byte for byte; and how much is done is said on the way."""
    file, into, said = tmp_path / "x.backup", tmp_path / "into", list[str]()
    into.mkdir()
    write(file, described(*sources), sources, PASSPHRASE, said.append)
    assert file.stat().st_mode & 0o777 == 0o600
    assert verify(file, PASSPHRASE, said.append) == described(*sources)
    unpack(file, PASSPHRASE, into, said.append)
    for source in sources:
        assert (into / source.path).read_bytes() == source.file.read_bytes()
        assert (into / source.path).stat().st_mode == source.file.stat().st_mode


def test_progress_is_said_in_bytes() -> None:
    """Now and then, not for every file."""
    said: list[str] = []
    progress = archive.Progress(200_000_000, said.append)
    for _ in range(200):
        progress.add(1_000_000)
    assert said == ["68.0 MB of 200.0 MB", "136.0 MB of 200.0 MB"]


def test_a_file_that_changes_meanwhile_leaves_no_backup(tmp_path: Path, sources: list[Source]) -> None:
    """Neither half of one, nor the old one replaced by it."""
    file = tmp_path / "x.backup"
    file.write_bytes(b"the old one")
    known = described(*sources)
    sources[1].file.write_bytes(b"other")
    with pytest.raises(RatchetError, match="changed while it was backed up"):
        write(file, known, sources, PASSPHRASE, print)
    assert file.read_bytes() == b"the old one"
    assert sorted(path.name for path in tmp_path.iterdir()) == ["from", "x.backup"]


@pytest.mark.parametrize("path", ["../evil", "/tmp/evil", "a/../../evil", ".git/hooks/post-checkout"])
def test_a_forged_path_is_refused_before_anything_is_written(tmp_path: Path, path: str) -> None:
    """Also with the right passphrase."""
    bad = manifest("fine", path).as_dict()
    file, into = forge(tmp_path / "x.backup", bad, b"abcabc"), tmp_path / "into"
    into.mkdir()
    for read in (lambda: verify(file, PASSPHRASE, print), lambda: unpack(file, PASSPHRASE, into, print)):
        with pytest.raises(RatchetError, match="not one that Ratchet made"):
            read()
    assert list(into.iterdir()) == []
    assert not (tmp_path / "evil").exists()


@pytest.mark.parametrize(
    ("content", "said"),
    [(b"abc", "changed or cut off"), (b"ab", "changed or cut off"), (b"abcd", "changed or cut off")],
)
def test_content_that_is_not_the_manifests_is_refused(tmp_path: Path, content: bytes, said: str) -> None:
    """Another digest, too little, and too much."""
    file = forge(tmp_path / "x.backup", manifest("a").as_dict(), content)
    with pytest.raises(RatchetError, match=said):
        verify(file, PASSPHRASE, print)


@pytest.mark.parametrize(
    ("head", "said"),
    [
        (b"no json", "changed or cut off"),
        (b"[]", "changed or cut off"),
        (b'{"format": 1}', "changed or cut off"),
        (b'{"format": 2, "ratchet": "9.0"}', r"made by Ratchet 9\.0.*Upgrade"),
        ({**manifest("a").as_dict(), "members": "x"}, "changed or cut off"),
    ],
)
def test_a_manifest_that_is_none_is_refused(tmp_path: Path, head: object, said: str) -> None:
    """In words, whatever is in its place."""
    with pytest.raises(RatchetError, match=said):
        verify(forge(tmp_path / "x.backup", head), PASSPHRASE, print)


def test_a_manifest_that_claims_to_be_huge_is_not_read(tmp_path: Path) -> None:
    """No memory is given for what a number says."""
    file = tmp_path / "x.backup"
    with file.open("wb") as output:
        sealer = sealed.Sealer(output, PASSPHRASE, {})
        sealer.write((1 << 62).to_bytes(LENGTH, "big"))
        sealer.close()
    with pytest.raises(RatchetError, match="changed or cut off"):
        verify(file, PASSPHRASE, print)


def test_a_disk_without_room_is_said_before_anything_is_written(tmp_path: Path) -> None:
    """A size that no disk has, too."""
    huge = manifest(members=(Member("a", 10**18, SHA, Part.FILES),))
    file, into = forge(tmp_path / "x.backup", huge.as_dict()), tmp_path / "into"
    into.mkdir()
    with pytest.raises(RatchetError, match=r"The backup needs .* TB"):
        unpack(file, PASSPHRASE, into, print)
    assert list(into.iterdir()) == []


def test_a_file_that_is_not_there_names_both_restores(tmp_path: Path) -> None:
    """Who meant older messages is told the other command."""
    with pytest.raises(RatchetError, match="ratchet data restore REVISION"):
        verify(tmp_path / "HEAD~1", PASSPHRASE, print)
