"""Tests of `ratchet backup`, `restore` and `doctor` as commands: what they ask, print and end with."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest
from typer.testing import CliRunner

from ratchet.adapters.settings import Settings
from ratchet.cli import backup as command
from ratchet.cli.app import app
from ratchet.domain.errors import RatchetError, UsageError
from tests.adapters.rescue import machine
from tests.adapters.rescue.machine import PASSPHRASE, Gone
from tests.corpora import data_workspace
from tests.docs.schemas import validate


@pytest.fixture(scope="module")
def settings(tmp_path_factory: pytest.TempPathFactory) -> Settings:
    """A machine whose release does not serve."""
    return machine.make(tmp_path_factory.mktemp("machine") / "bot-team")


@pytest.fixture(autouse=True)
def passphrase(monkeypatch: pytest.MonkeyPatch) -> None:
    """The passphrase is in the environment."""
    monkeypatch.setenv(command.PASSPHRASE, PASSPHRASE)
    monkeypatch.setenv("COLUMNS", "300")


def run(*words: str | Path) -> tuple[int, str]:
    """Run a command; returns its exit code and what it printed."""
    done = CliRunner().invoke(app, [str(word) for word in words])
    if isinstance(done.exception, RatchetError):
        raise done.exception
    return done.exit_code, done.stdout


def test_a_backup_says_what_is_in_it_and_how_big(settings: Settings, tmp_path: Path) -> None:
    """Part by part, with what is left out; and the passphrase is handed to no program after that."""
    code, said = run("--workspace", settings.workspace, "backup", tmp_path / "a.backup")
    assert code == 0
    for word in ("registry", "bundles", "secrets", "data remote", "git repository", "Not in it:", "kB"):
        assert word in said
    assert PASSPHRASE not in said
    assert command.PASSPHRASE not in os.environ


def test_a_backup_for_machines_is_json_alone(settings: Settings, tmp_path: Path) -> None:
    """With the digest of the live release."""
    _, said = run("--workspace", settings.workspace, "backup", tmp_path / "a.backup", "--json")
    found = json.loads(said)
    assert found["bytes"] == (tmp_path / "a.backup").stat().st_size
    assert found["parts"]["registry"]["files"] == 1
    assert len(found["bundle"]) == 64


def test_without_a_passphrase_nothing_is_written(
    settings: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Without a terminal the variable is named; a short one is refused."""
    monkeypatch.delenv(command.PASSPHRASE)
    with pytest.raises(UsageError, match="RATCHET_BACKUP_PASSPHRASE"):
        run("--workspace", settings.workspace, "backup", tmp_path / "a.backup")
    monkeypatch.setenv(command.PASSPHRASE, "short")
    with pytest.raises(UsageError, match="has 5 characters"):
        run("--workspace", settings.workspace, "backup", tmp_path / "a.backup")
    assert list(tmp_path.iterdir()) == []


def test_a_backup_can_be_verified_without_restoring_it(gone: Gone, tmp_path: Path) -> None:
    """Every digest; nothing is written."""
    _, said = run("restore", gone.file, "--check", "--json")
    assert json.loads(said)["release"] == gone.manifest.release
    _, said = run_again("restore", gone.file, "--check")
    assert "Next:" not in said


def run_again(*words: str | Path) -> tuple[int, str]:
    """Run one more command: the first took the passphrase out of the environment."""
    os.environ[command.PASSPHRASE] = PASSPHRASE
    return run(*words)


def test_a_restore_says_where_and_what_comes_next(gone: Gone, tmp_path: Path) -> None:
    """The printed command is the one that serves."""
    code, said = run("restore", gone.file, "--into", tmp_path / "new")
    assert code == 0
    assert f"Restored into {tmp_path / 'new'}." in said
    assert f"Next: ratchet --workspace {tmp_path / 'new'} serve" in said
    _, said = run_again("restore", gone.file, "--into", tmp_path / "newer", "--json")
    assert json.loads(said)["workspace"] == str(tmp_path / "newer")


def test_a_revision_in_place_of_a_file_leads_to_the_other_restore(tmp_path: Path) -> None:
    """Before a passphrase is asked for."""
    os.environ.pop(command.PASSPHRASE)
    with pytest.raises(RatchetError, match="ratchet data restore REVISION"):
        run("restore", tmp_path / "HEAD~1")


def test_the_doctor_ends_with_1_where_something_is_left(settings: Settings) -> None:
    """Each fault with its command, and whether it can be mended; the same for machines."""
    code, said = run("--workspace", settings.workspace, "doctor", "--offline")
    assert code == 1
    assert "serving: Release" in said
    assert "Run `ratchet serve`." in said
    assert "`ratchet doctor --mend` puts 1 of 1 right." in said
    code, said = run("--workspace", settings.workspace, "doctor", "--offline", "--json")
    assert code == 1
    validate("doctor", json.loads(said))
    [fault] = json.loads(said)["faults"]
    assert (fault["name"], fault["mendable"]) == ("serving", True)


def test_the_doctor_ends_with_0_where_nothing_is_wrong(tmp_path: Path) -> None:
    """A workspace in which nothing was released yet."""
    workspace = data_workspace(tmp_path / "new").workspace
    assert run("--workspace", workspace, "doctor", "--offline") == (0, "Nothing is wrong.\n")
