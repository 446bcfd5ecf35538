"""What a project has beside its dialogue: its variables, and what is looked at before a release."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from ratchet.adapters.bot import project
from ratchet.adapters.settings import Settings, load_settings


@pytest.fixture
def settings(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Settings:
    """A workspace whose `.env` has variables of Ratchet's and of the team's."""
    (tmp_path / "bot").mkdir()
    (tmp_path / "params.yaml").write_text("")
    (tmp_path / ".env").write_text("RATCHET_STACK=team\nSLACK_TOKEN='x$y ${A} \"z'\nEMPTY=\nSHARED=file\n")
    monkeypatch.setenv("SHARED", "shell")
    monkeypatch.setenv("NAMED", "by the channel")
    monkeypatch.setenv("OTHER", "nobody's")
    return load_settings(tmp_path)


def test_the_projects_variables_are_its_own(settings: Settings) -> None:
    """Those of `.env` that are not Ratchet's, as they are written, and those of the shell that a channel names."""
    (settings.bot / "credentials.yml").write_text("a.B:\n  token: ${NAMED}\n  other: ${NOWHERE}\n")
    assert project.variables(settings) == {
        "SLACK_TOKEN": 'x$y ${A} "z',
        "SHARED": "shell",
        "NAMED": "by the channel",
    }


def test_they_go_to_replicas_in_a_file_of_this_user(settings: Settings) -> None:
    """Which is written again only where something changed: its digest names a secret of the engine."""
    file = project.variables_file(settings)
    assert json.loads(file.read_text()) == project.variables(settings)
    assert file.stat().st_mode & 0o777 == 0o600
    before = file.stat().st_mtime_ns
    assert project.variables_file(settings).stat().st_mtime_ns == before


def test_another_shell_takes_no_secret_away(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    """What only the shell of the release had stays as it was told, until the channel names it no more."""
    credentials = settings.bot / "credentials.yml"
    credentials.write_text("a.B:\n  token: ${NAMED}\n")
    project.variables_file(settings)
    monkeypatch.delenv("NAMED")
    assert project.variables(settings)["NAMED"] == "by the channel"
    (settings.workspace / ".env").write_text("NAMED=of the file\n")
    assert project.variables(settings)["NAMED"] == "of the file"
    (settings.workspace / ".env").write_text("NAMED=\n")
    assert "NAMED" not in project.variables(settings)
    (settings.workspace / ".env").unlink()
    credentials.write_text("a.B:\n")
    assert project.variables(settings) == {}


def test_a_secret_that_is_deleted_from_the_file_is_gone(settings: Settings) -> None:
    """Also where a channel names it still: what was revoked is not used on."""
    (settings.bot / "credentials.yml").write_text("slack:\n  slack_token: ${SLACK_TOKEN}\n")
    project.variables_file(settings)
    assert "SLACK_TOKEN" in project.variables(settings)
    (settings.workspace / ".env").write_text("")
    assert "SLACK_TOKEN" not in project.variables(settings)
    assert "SLACK_TOKEN" not in project.variables_file(settings).read_text()


def test_a_bot_without_channels_and_actions_is_not_looked_at(settings: Settings) -> None:
    """No process is started for it: it has no environment here."""
    said: list[str] = []
    project.inspect(settings, said.append)
    assert said == []
