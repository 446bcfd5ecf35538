"""Several files changed all together or not at all."""

from __future__ import annotations

from pathlib import Path

import pytest

from ratchet.adapters.system.change import changing, put, undo

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

    def nothing(*_: object) -> bool:
        return False

    with monkeypatch.context() as killed:
        killed.setattr(change, "put", dying)
        killed.setattr(change, "undo", nothing)
        with pytest.raises(SystemExit), changing(root, root / ".kept", CHANGE):
            raise SystemExit
    assert undo(root, root / ".kept")
    assert content(root) == BEFORE
    assert not undo(root, root / ".kept")
