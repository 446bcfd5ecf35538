"""Which version a workspace has, beside the program's."""

from __future__ import annotations

import tomllib
from pathlib import Path

import pytest

from ratchet.adapters.settings import CODE, load_settings
from ratchet.adapters.workspace import version
from ratchet.domain.errors import RatchetError
from tests.workspaces import fake_workspace


def with_wheel(root: Path, number: str) -> Path:
    """A workspace with the framework's wheel of this version."""
    fake_workspace(root)
    (root / "bot" / "vendor").mkdir()
    name = f"ratchet_bot-{number}-py3-none-any.whl"
    (root / "bot" / "vendor" / name).touch()
    entry = f'[[package]]\nname = "ratchet-bot"\nsource = {{ path = "vendor/{name}" }}\n'
    (root / "bot" / "uv.lock").write_text(entry)
    return root


def test_program_and_framework_have_one_version() -> None:
    """The wheel's version in a workspace says which program made it."""
    for project in ("pyproject.toml", "ratchet_bot/pyproject.toml"):
        assert tomllib.loads((CODE / project).read_text())["project"]["version"] == version.of_program()


def test_a_newer_workspace_is_refused_and_an_older_one_is_told(tmp_path: Path) -> None:
    """Every command reads the settings; the remedy is an upgrade of the program."""
    newer = with_wheel(tmp_path / "newer", "99.0")
    with pytest.raises(RatchetError, match=r"made or upgraded with Ratchet 99\.0") as caught:
        load_settings(newer)
    assert "uv tool upgrade ratchet" in caught.value.remedy
    older = with_wheel(tmp_path / "older", "0.0.1")
    assert load_settings(older)
    assert version.outdated(older).startswith("made with 0.0.1, and this is Ratchet")


def test_a_workspace_of_today_and_a_checkout_are_not_outdated(tmp_path: Path) -> None:
    """Nothing is said of them; a bot with a copy of the framework is one of before."""
    assert version.outdated(with_wheel(tmp_path / "today", version.of_program())) == ""
    assert version.outdated(CODE) == ""
    before = tmp_path / "before"
    (before / "bot" / "tools").mkdir(parents=True)
    (before / "bot" / "tools" / "train.py").touch()
    assert version.OLDER_FORM in version.outdated(before)


def test_the_lock_file_says_it_also_where_the_wheel_is_gone_or_another_lies_beside(tmp_path: Path) -> None:
    """A deleted wheel makes no checkout of a workspace."""
    root = with_wheel(tmp_path / "ws", "0.0.1")
    (root / "bot" / "vendor" / "ratchet_bot-0.0.9-py3-none-any.whl").touch()
    assert version.of_workspace(root) == "0.0.1"
    for wheel in (root / "bot" / "vendor").iterdir():
        wheel.unlink()
    assert version.of_workspace(root) == "0.0.1"


def test_after_an_upgrade_that_was_killed_every_command_names_the_way_back(tmp_path: Path) -> None:
    """Half of the files are of another version until then."""
    root = with_wheel(tmp_path / "ws", version.of_program())
    version.unfinished(root).mkdir(parents=True)
    (version.unfinished(root) / "journal.json").write_text("[]")
    with pytest.raises(RatchetError, match="was not finished") as caught:
        load_settings(root)
    assert "`ratchet upgrade`" in caught.value.remedy
