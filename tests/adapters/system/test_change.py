"""Several files changed all together or not at all."""

from __future__ import annotations

from pathlib import Path

import pytest

from ratchet.adapters.system.change import changing, put, undo
from ratchet.domain.errors import RatchetError

BEFORE = {"bot/tools/train.py": b"old", "bot/config.yml": b"one", "params.yaml": b"two"}
CHANGE = {"bot/tools/train.py": None, "bot/config.yml": b"new", "bot/vendor/x.whl": b"wheel"}


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """A workspace with some files."""
    for name, content in BEFORE.items():
        put(tmp_path / "ws", name, content)
    return tmp_path / "ws"


def content(root: Path) -> dict[str, bytes]:
    """Every file of the workspace."""
    return {p.relative_to(root).as_posix(): p.read_bytes() for p in root.rglob("*") if p.is_file()}


def test_all_files_change_and_empty_folders_go(root: Path) -> None:
    """Nothing of the way there is left."""
    with changing(root, root / ".kept", CHANGE):
        pass
    assert content(root) == {"bot/config.yml": b"new", "bot/vendor/x.whl": b"wheel", "params.yaml": b"two"}
    assert not (root / "bot" / "tools").exists()
    assert not (root / ".kept").exists()


@pytest.mark.parametrize("error", [OSError, KeyboardInterrupt])
def test_an_error_or_an_interrupt_puts_all_back(root: Path, error: type[BaseException]) -> None:
    """Also what came after the files, such as a commit that Git refuses."""
    with pytest.raises(error), changing(root, root / ".kept", CHANGE):
        raise error
    assert content(root) == BEFORE
    assert not (root / "bot" / "vendor").exists()


@pytest.mark.parametrize("number", range(4))
def test_whenever_it_is_killed_all_is_put_back_later(
    root: Path, number: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Killed before each of the files, and after the last."""
    from ratchet.adapters.system import change

    done: list[str] = []

    def dying(*arguments: object) -> None:
        if len(done) == number:
            raise SystemExit
        done.append("file")
        put(*arguments)  # type: ignore[arg-type]

    def nothing(*_: object) -> list[str]:
        return []

    with monkeypatch.context() as killed:
        killed.setattr(change, "put", dying)
        killed.setattr(change, "undo", nothing)
        with pytest.raises(SystemExit), changing(root, root / ".kept", CHANGE):
            raise SystemExit
    assert undo(root, root / ".kept")
    assert content(root) == BEFORE
    assert not undo(root, root / ".kept")


def test_a_file_that_cannot_be_written_is_named_and_all_is_as_it_was(
    root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is not written to put it back, either: it never changed."""
    from ratchet.adapters.system import change

    def refusing(root: Path, name: str, data: bytes | None) -> None:
        if name == "bot/config.yml":
            raise PermissionError(1, "Operation not permitted")
        put(root, name, data)

    monkeypatch.setattr(change, "put", refusing)
    with (
        pytest.raises(
            RatchetError, match=r"bot/config.yml cannot be changed: Operation not permitted"
        ) as caught,
        changing(root, root / ".kept", CHANGE),
    ):
        pass
    assert "All files are as they were" in caught.value.remedy
    assert content(root) == BEFORE


def test_what_cannot_be_put_back_is_named_and_put_back_the_next_time(
    root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The others are put back at once."""
    from ratchet.adapters.system import change

    def refusing(root: Path, name: str, data: bytes | None) -> None:
        if name == "bot/config.yml" and data == b"one":
            raise PermissionError(1, "Operation not permitted")
        put(root, name, data)

    with monkeypatch.context() as stuck:
        stuck.setattr(change, "put", refusing)
        with pytest.raises(RatchetError, match="cannot be put back"), changing(root, root / ".kept", CHANGE):
            raise KeyboardInterrupt
        assert (root / "bot" / "tools" / "train.py").read_bytes() == b"old"
    assert undo(root, root / ".kept")
    assert content(root) == BEFORE
