"""Which version a workspace has, beside the program's."""

from __future__ import annotations

import sys
import tomllib
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from ratchet.adapters.bot import installing
from ratchet.adapters.rescue import places
from ratchet.adapters.settings import CODE, load_settings
from ratchet.adapters.workspace import version
from ratchet.domain.errors import RatchetError
from tests.advice import only, shell
from tests.wheel import build, stand_in
from tests.workspaces import fake_workspace


def installed_as_advised(remedy: str, before: str, wanted: str, folder: Path) -> str:
    """Install a tool from its wheel, follow the remedy beside the wheel of the wanted version; returns what it is then.

    uv is the real one; the wheels are called as Ratchet's and DVC's, and hold a command that prints its version.
    """
    for number in (before, wanted):
        stand_in(folder, "ratchet", number)
    stand_in(folder, "dvc", "99.0")  # newer than the real one, which the cache may have
    variables = {"UV_TOOL_DIR": f"{folder}/tools", "UV_TOOL_BIN_DIR": f"{folder}/bin", "UV_OFFLINE": "1"}
    variables["UV_FIND_LINKS"] = str(folder)
    shell(folder, f"uv tool install --python {sys.executable} ratchet-{before}-py3-none-any.whl", **variables)
    shell(folder, only(remedy, "uv"), **variables)
    assert shell(folder, "bin/dvc", **variables).strip() == "99.0"
    return shell(folder, "bin/ratchet", **variables).strip()


def with_wheel(root: Path, number: str) -> Path:
    """A workspace with the framework's wheel of this version."""
    fake_workspace(root)
    (root / "bot" / "vendor").mkdir()
    name = f"ratchet_bot-{number}-py3-none-any.whl"
    (root / "bot" / "vendor" / name).touch()
    entry = f'[[package]]\nname = "ratchet-bot"\nsource = {{ path = "vendor/{name}" }}\n'
    (root / "bot" / "uv.lock").write_text(entry)
    return root


def test_a_wheel_has_the_name_that_is_advised(tmp_path: Path) -> None:
    """For any Python and platform: what `uv build` makes is called so."""
    wheel = build(tmp_path, "--wheel")
    assert wheel.name == version.wheel(version.of_program())


def test_a_backup_of_a_newer_ratchet_is_refused_with_the_way_to_that_version(tmp_path: Path) -> None:
    """As a newer workspace is, which it would become."""
    manifest: Any = SimpleNamespace(ratchet="99.0")
    with pytest.raises(RatchetError, match=r"made with Ratchet 99\.0") as caught:
        places.require_version(manifest)
    assert installed_as_advised(caught.value.remedy, version.of_program(), "99.0", tmp_path) == "99.0"


def test_a_ratchet_without_uv_is_installed_again_as_advised(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """From the wheel of the same version."""
    program, own = installing.uv(), version.of_program()

    def gone() -> str:
        raise FileNotFoundError("uv")

    with monkeypatch.context() as patch:
        patch.setattr("uv.find_uv_bin", gone)
        with pytest.raises(RatchetError, match="is missing from Ratchet's own") as caught:
            installing.uv()
    assert installing.uv() == program
    assert "--reinstall" in caught.value.remedy
    assert installed_as_advised(caught.value.remedy, own, own, tmp_path) == own


def test_program_and_framework_have_one_version() -> None:
    """The wheel's version in a workspace says which program made it."""
    for project in ("pyproject.toml", "ratchet_bot/pyproject.toml"):
        assert tomllib.loads((CODE / project).read_text())["project"]["version"] == version.of_program()


def test_a_newer_workspace_is_refused_and_an_older_one_is_told(tmp_path: Path) -> None:
    """Every command reads the settings; the remedy installs the wheel of the version that is needed."""
    newer = with_wheel(tmp_path / "newer", "99.0")
    with pytest.raises(RatchetError, match=r"made or upgraded with Ratchet 99\.0") as caught:
        load_settings(newer)
    assert installed_as_advised(caught.value.remedy, version.of_program(), "99.0", tmp_path) == "99.0"
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
