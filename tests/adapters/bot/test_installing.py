"""The bot's environment, installed at first use; uv is a stand-in that notes its calls."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest

from ratchet.adapters.bot import flavour, installing, rasa
from ratchet.adapters.settings import Settings, load_settings
from ratchet.adapters.system.files import read_json, write_json
from ratchet.adapters.system.processes import Replica, read_replica
from ratchet.domain.errors import RatchetError
from tests.advice import commands

UV = """#!/bin/sh
echo "$PWD $PYENV_VERSION $*" >> {calls}
mkdir -p "$UV_PROJECT_ENVIRONMENT/bin" && : > "$UV_PROJECT_ENVIRONMENT/bin/python"
if [ "$1 $2" = "python install" ]; then rm {broken}; fi
if [ -e {broken} ]; then echo "error: Could not connect, are you offline?"; exit 2; fi
"""


def lock(name: str, python: str = ">=3.11, <3.14") -> str:
    """The lock file of a bot that needs one package."""
    return (
        f'version = 1\nrequires-python = "{python}"\n\n[[package]]\nname = "bot"\nsource = {{ virtual = "." }}\n'
        f'dependencies = [{{ name = "{name}" }}]\n'
    )


@pytest.fixture
def settings(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Settings:
    """A workspace without an environment, and a uv that installs nothing."""
    workspace = tmp_path / "ws"
    (workspace / "bot").mkdir(parents=True)
    (workspace / "bot" / "uv.lock").write_text(lock("first"))
    (workspace / "params.yaml").write_text("")
    program = tmp_path / "uv"
    program.write_text(UV.format(calls=tmp_path / "calls", broken=tmp_path / "broken"))
    program.chmod(0o755)
    monkeypatch.setattr(installing, "uv", lambda: str(program))
    return load_settings(workspace)


def calls(settings: Settings) -> list[str]:
    """What uv was asked for."""
    file = settings.workspace.parent / "calls"
    return file.read_text().splitlines() if file.exists() else []


def test_the_environment_is_installed_at_first_use_and_not_again(
    settings: Settings, capsys: pytest.CaptureFixture[str]
) -> None:
    """Into the workspace's own bot/.venv, where `uv run` and editors find it, and it is said."""
    own = settings.bot / ".venv" / "bin" / "python"
    assert rasa.python(settings, settings.bot) == own == rasa.python(settings, settings.bot)
    assert len(calls(settings)) == 1
    assert calls(settings)[0].startswith(f"{settings.bot} 3.13 sync")
    assert "--locked" in calls(settings)[0]
    assert "Installing the bot's environment into bot/.venv" in capsys.readouterr().err


def test_one_that_the_team_made_is_taken_as_it_is(settings: Settings) -> None:
    """`uv sync` in bot/, with whatever groups, is all that a team has to do."""
    own = settings.bot / ".venv" / "bin" / "python"
    own.parent.mkdir(parents=True)
    own.touch()
    assert rasa.python(settings, settings.bot) == own
    assert calls(settings) == []


def test_one_that_was_left_half_made_is_finished(settings: Settings) -> None:
    """The error says what uv said; the next command installs again, although a Python is there."""
    broken = settings.workspace.parent / "broken"
    broken.touch()
    with pytest.raises(RatchetError, match="are you offline") as caught:
        rasa.python(settings, settings.bot)
    assert f"sync` in {settings.bot}" in caught.value.remedy
    broken.unlink()
    rasa.python(settings, settings.bot)
    assert len(calls(settings)) == 2


def test_one_that_ratchet_made_follows_the_lock_file(settings: Settings) -> None:
    """A dependency that the team adds is installed at the next use; what was installed besides stays."""
    rasa.python(settings, settings.bot)
    (settings.bot / "uv.lock").write_text(lock("second"))
    rasa.python(settings, settings.bot)
    assert len(calls(settings)) == 2
    assert all("--inexact" in call for call in calls(settings))


def test_older_code_gets_an_environment_of_its_own(settings: Settings, tmp_path: Path) -> None:
    """The workspace's is not touched by a model of before."""
    older = tmp_path / "older"
    older.mkdir()
    (older / "uv.lock").write_text(lock("older"))
    found = rasa.python(settings, older)
    assert found.is_relative_to(settings.state / "environments")
    assert not (settings.bot / ".venv").exists()
    assert "--no-install-package ratchet-bot" in calls(settings)[0]
    assert rasa.python(settings, older) == found
    assert len(calls(settings)) == 1


def test_an_environment_of_another_python_is_made_again(settings: Settings) -> None:
    """Also one that the team made: the lock file of a bot that was moved asks for other packages."""
    own = settings.bot / ".venv"
    installing.python_of(own).parent.mkdir(parents=True)
    installing.python_of(own).touch()
    (own / "pyvenv.cfg").write_text("home = /usr/bin\nversion_info = 3.10.13\n")
    rasa.python(settings, settings.bot)
    assert "--python 3.13" in calls(settings)[0]
    (settings.bot / ".python-version").write_text("3.11\n")
    rasa.python(settings, settings.bot)
    assert "--python 3.11" in calls(settings)[1]


def test_code_of_before_says_which_python_it_lacks(
    settings: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """By name, with the command that installs it: uv by its path where no shell would find it."""
    older = tmp_path / "older"
    older.mkdir()
    (older / "uv.lock").write_text(lock("older", "==3.10.*"))
    monkeypatch.setenv("PATH", "/usr/bin:/bin")
    monkeypatch.setattr(installing.shutil, "which", lambda name: None)
    (settings.workspace.parent / "broken").touch()
    with pytest.raises(RatchetError, match=r"code of before, for Python 3\.10") as caught:
        rasa.python(settings, older)
    assert "--python 3.10" in calls(settings)[0]
    [line] = commands(caught.value.remedy)
    variables = {"PYENV_VERSION": "", "UV_PROJECT_ENVIRONMENT": str(tmp_path / "none")}
    subprocess.run(line, shell=True, check=True, env={**os.environ, **variables})
    assert calls(settings)[1].endswith("python install 3.10")
    assert rasa.python(settings, older).exists()


def test_uv_is_called_as_a_shell_finds_it(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    """By its name where it is on PATH, by its path in a checkout."""
    program = installing.uv()
    monkeypatch.setattr(installing.shutil, "which", lambda name: program)
    assert installing.with_uv("Run `uv sync`.") == "Run `uv sync`."
    monkeypatch.setattr(installing.shutil, "which", lambda name: None)
    assert installing.with_uv("Run `uv sync`.") == f"Run `{program} sync`."


def test_an_environment_that_was_set_aside_serves_the_code_of_before(
    settings: Settings, tmp_path: Path
) -> None:
    """Nothing is installed for it again, and the workspace's own is free for another Python."""
    rasa.python(settings, settings.bot)
    older = tmp_path / "older"
    older.mkdir()
    (older / "uv.lock").write_text((settings.bot / "uv.lock").read_text())
    live = settings.state / "process" / "live.json"
    argv = (str(settings.bot / ".venv" / "bin" / "python"), "-m", "ratchet_bot.tools.serve")
    warm = live.with_name("warm.json")
    write_json(live, Replica("r1", 5005, 1, 0.0, argv).as_dict())
    write_json(warm, {**Replica("r0", 5006, 2, 0.0, argv).as_dict(), "until": "2027-01-01T00:00:00+00:00"})
    installing.set_aside(settings, flavour.environment_hash(older), "3.13")
    for note in (live, warm):
        replica = read_replica(note)
        assert replica is not None
        assert Path(replica.argv[0]).exists()
        assert replica.argv[1:] == argv[1:]
    assert read_json(warm)["until"] == "2027-01-01T00:00:00+00:00"  # type: ignore[index]
    (settings.bot / "uv.lock").write_text(lock("newer"))
    assert rasa.python(settings, older).is_relative_to(settings.state / "environments")
    assert len(calls(settings)) == 1
    assert rasa.python(settings, settings.bot).is_relative_to(settings.bot)
    assert len(calls(settings)) == 2


def test_an_interpreter_that_a_setting_names_must_exist(settings: Settings, tmp_path: Path) -> None:
    """Nothing is installed in its place; without the setting, it is."""
    with pytest.raises(RatchetError, match="RATCHET_BOT_PYTHON names"):
        rasa.python(load_settings(settings.workspace, bot_python=tmp_path / "none"), settings.bot)
    assert calls(settings) == []
    assert rasa.python(settings, settings.bot).exists()


def test_a_home_that_cannot_be_written_is_not_needed(
    settings: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """uv's cache and Pythons go under `.ratchet/` then, unless a variable says where; else they stay where they are."""
    for name in ("XDG_CACHE_HOME", "UV_CACHE_DIR", "UV_PYTHON_INSTALL_DIR"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("HOME", str(tmp_path))
    assert installing.homeless(settings) == {}
    (tmp_path / "no folder").touch()
    monkeypatch.setenv("HOME", str(tmp_path / "no folder" / "home"))
    assert set(installing.homeless(settings)) == {"UV_CACHE_DIR", "UV_PYTHON_INSTALL_DIR"}
    assert all(path.startswith(str(settings.state)) for path in installing.homeless(settings).values())
    monkeypatch.setenv("UV_CACHE_DIR", str(tmp_path / "cache"))
    assert set(installing.homeless(settings)) == {"UV_PYTHON_INSTALL_DIR"}


def test_uv_comes_with_ratchet() -> None:
    """None has to be on PATH."""
    assert Path(installing.uv()).is_file()
