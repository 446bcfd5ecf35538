"""What Ratchet advises about a bot, its service and its records, typed as it is printed; the bot is a stand-in."""

from __future__ import annotations

import contextlib
import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from typer.testing import CliRunner

from ratchet.adapters.bot import channel
from ratchet.adapters.monitoring.probe import FrontDoor
from ratchet.adapters.prefect import server
from ratchet.adapters.registry.mlflow import Registry
from ratchet.adapters.rescue import collect, sealed
from ratchet.adapters.rescue.mending import put_back
from ratchet.adapters.service import running
from ratchet.adapters.settings import Settings, load_settings
from ratchet.adapters.targets.process import ProcessTarget
from ratchet.adapters.targets.rebuild import CannotRebuild, ensured
from ratchet.adapters.triggers import merged
from ratchet.cli import backup
from ratchet.cli.app import app
from ratchet.domain.errors import RatchetError
from ratchet.domain.release.manifest import Release
from tasks.release.recover import recover
from tests.adapters.rescue import machine
from tests.adapters.targets.test_ports import program
from tests.advice import commands, only, ratchet
from tests.corpora import git
from tests.e2e.cli import Ratchet
from tests.workspaces import ROOT, fake_workspace


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Settings:
    """A machine with two releases of which none serves."""
    return machine.make(tmp_path_factory.mktemp("made") / "bot-team")


@pytest.fixture
def settings(made: Settings, monkeypatch: pytest.MonkeyPatch) -> Iterator[Settings]:
    """The same, stopped after each test."""
    monkeypatch.setenv("COLUMNS", "300")
    yield made
    ProcessTarget(made).stop(print)
    server.stop_server(made)


def live(settings: Settings) -> Release:
    """The release that is recorded."""
    found = Registry(settings).live()
    assert found is not None
    return found


def serving(settings: Settings) -> ProcessTarget:
    """The target, on which it serves."""
    target = ProcessTarget(settings)
    target.stage(live(settings), print)
    target.deploy(live(settings), print)
    return target


def test_the_status_says_why_a_bot_is_silent(settings: Settings) -> None:
    """It does not serve, and what starts it."""
    with pytest.raises(channel.BotSilent) as told:
        channel.talk(ProcessTarget(settings).url(), "a", "hi")
    said = ratchet(settings.workspace, only(told.value.remedy, "ratchet"), code=1)
    assert "no replica runs; `ratchet serve` starts it again" in said


def test_the_replicas_output_says_why_a_message_was_refused(settings: Settings) -> None:
    """What the bot wrote is in what `ratchet fleet logs` prints."""
    target = serving(settings)
    with pytest.raises(RatchetError, match="refused the message") as told:
        channel.talk(target.url(), "a", "refuse this")
    assert "refused: refuse this" in ratchet(settings.workspace, only(told.value.remedy, "ratchet"))


@pytest.mark.long
def test_checks_whose_token_is_of_another_machine_pass_after_a_new_start(settings: Settings) -> None:
    """The bot reads the token as it starts: `ratchet stop`, then `ratchet serve`."""
    serving(settings)
    file = channel.staging_token(settings)
    file.write_text("another machine's")
    door = FrontDoor(settings, 1e9)
    with pytest.raises(RatchetError, match="refuses the token") as told:
        door.say("hi", {})
    for line in commands(told.value.remedy):
        ratchet(settings.workspace, line)
    assert door.say("hi", {}).release == live(settings).id


def test_a_lost_registry_is_no_obstacle_once_nothing_serves(settings: Settings) -> None:
    """`ratchet stop`, as advised for a start without it."""
    target = serving(settings)
    lost: Any = SimpleNamespace(
        live=lambda: None,
        begun=lambda: None,
        models=list,
        releases=list,
        attempts=list,
        set_aliases=lambda: None,
        clean=lambda: 0,
        settings=settings,
    )
    run = SimpleNamespace(registry=lost, target=target, name="run")
    with pytest.raises(RatchetError, match="its database is lost") as told:
        recover.fn(run)  # type: ignore[attr-defined]
    ratchet(settings.workspace, only(told.value.remedy, "ratchet"))
    assert recover.fn(run) == "nothing was left half done"  # type: ignore[attr-defined]


def test_a_damaged_registry_comes_back_from_the_last_backup(
    settings: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With the file's name put in, typed in the workspace; then a backup can be made again."""
    monkeypatch.setattr(sealed, "COST", machine.CHEAP)
    copy = tmp_path / "bot-team"
    file, database = tmp_path / "last.backup", copy / ".ratchet" / "mlflow.db"
    monkeypatch.setenv(backup.PASSPHRASE, machine.PASSPHRASE)
    ratchet(settings.workspace, f"ratchet backup {file}")
    shutil.copytree(settings.workspace, copy)
    database.write_bytes(b"SQLite format 3\0" + b"x" * 5000)
    with pytest.raises(RatchetError, match="cannot be backed up") as told:
        collect.snapshot(database, tmp_path / "copy.db")
    monkeypatch.chdir(copy)
    monkeypatch.setenv(backup.PASSPHRASE, machine.PASSPHRASE)
    line = only(told.value.remedy, "ratchet").replace("FILE", str(file))
    done = CliRunner().invoke(app, line.split()[1:])
    assert done.exit_code == 0, (done.output, done.exception)
    assert collect.snapshot(database, tmp_path / "copy.db").exists()
    assert live(load_settings(copy)) == live(settings)


@pytest.mark.long
def test_a_release_that_cannot_be_built_again_has_two_ways_on(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Another release, by a name that `ratchet history` shows, and one of its model with today's code."""
    monkeypatch.setattr(merged, "require", lambda *_: None)  # the stand-in's model names no code of a branch
    target, registry = serving(settings), Registry(settings)
    older = registry.releases()[0]
    lost = replace(older, code_commit="0" * 40, code="", bundle="0" * 64)
    with pytest.raises(CannotRebuild) as told:
        ensured(settings, registry, target, lost, print)
    back, history, again = commands(told.value.remedy)
    assert older.id in ratchet(settings.workspace, history)
    assert older.id in ratchet(settings.workspace, back.replace("ID", older.id))
    assert channel.serves(target.url(), older.id)
    git(settings.workspace, "checkout", "-q", older.code_commit)
    assert f"(version {older.model_version})" in ratchet(settings.workspace, again)
    git(settings.workspace, "checkout", "-q", "-")


def test_the_conversations_of_a_fleet_are_no_longer_named_once_their_folder_is_gone(
    settings: Settings,
) -> None:
    """They are kept until then."""
    folder = settings.workspace / collect.CONVERSATIONS
    folder.mkdir()
    (folder / "conversations.rdb").write_bytes(b"REDIS")
    with pytest.raises(RatchetError, match="those of a fleet cannot go there") as told:
        put_back(settings, ProcessTarget(settings), print)
    assert str(folder) in told.value.remedy
    assert "fleet's store" in ratchet(settings.workspace, "ratchet doctor --offline", code=1)
    shutil.rmtree(folder)
    assert "fleet's store" not in ratchet(settings.workspace, "ratchet doctor --offline", code=1)


@pytest.mark.long
def test_an_event_is_taken_once_the_service_runs(settings: Settings) -> None:
    """`ratchet up`, as advised where no server runs."""
    line = f"ratchet emit code.changed --commit {live(settings).code_commit}"
    with pytest.raises(RatchetError, match="No Prefect server runs") as told:
        ratchet(settings.workspace, line)
    up = only(told.value.remedy, "ratchet")
    service = Ratchet(settings.workspace).start(*up.split()[1:], stdout=subprocess.DEVNULL)
    try:
        announced = ""
        while not announced:
            assert service.poll() is None
            with contextlib.suppress(RatchetError):
                announced = ratchet(settings.workspace, line)
        assert "Announced ratchet.code.changed" in announced
    finally:
        service.send_signal(signal.SIGINT)
        service.wait(120)


HELD = """
import sys, pathlib
from ratchet.adapters.service import running
from ratchet.adapters.settings import load_settings
with running.alone(load_settings(pathlib.Path(sys.argv[1]))):
    print("held", flush=True)
    running.end_on_signals()
    try:
        sys.stdin.read()
    except KeyboardInterrupt:
        pass
"""


def test_a_service_that_runs_already_is_stopped_as_advised(settings: Settings) -> None:
    """`ratchet up` says so, and `ratchet down` ends it."""
    argv = [sys.executable, "-c", HELD, str(settings.workspace)]
    with subprocess.Popen(argv, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as other:
        try:
            assert other.stdout is not None
            assert other.stdout.readline() == "held\n"
            said = ratchet(settings.workspace, "ratchet up")
            assert "runs already. `ratchet down` stops it." in said
            ratchet(settings.workspace, commands(said)[0])
            assert other.wait(30) == 0
        finally:
            other.kill()
    with running.alone(settings):
        assert running.running(settings)


def test_a_port_that_is_anothers_is_replaced_by_the_one_that_is_named(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The service comes past its ports then; here it ends before its first part starts."""
    begun: list[int] = []

    def start(found: Settings, *_: Any) -> None:
        begun.append(found.prefect_port)
        raise KeyboardInterrupt

    monkeypatch.setattr(running, "start_each", start)
    taken = running.ports.free_port()
    with program(taken), pytest.raises(RatchetError, match=f"Port {taken}") as told:
        ratchet(settings.workspace, f"ratchet up --port {taken}")
    line = only(told.value.remedy, "ratchet")
    ratchet(settings.workspace, line)
    assert begun == [int(line.split()[-1])] != [taken]


def test_the_service_of_a_workspace_that_was_moved_ends_and_the_move_is_noted(tmp_path: Path) -> None:
    """`ratchet adopt` in the new place; every command works there afterwards."""
    moved = fake_workspace(tmp_path / "before")
    ratchet(moved.workspace, "ratchet history")
    moved.state.mkdir(exist_ok=True)
    moved.workspace.rename(tmp_path / "after")
    with pytest.raises(RatchetError, match="is no longer there") as told:
        running.end_if_gone(moved, {})
    ratchet(tmp_path / "after", only(told.value.remedy, "ratchet"))
    ratchet(tmp_path / "after", "ratchet history")


def test_a_project_is_named_where_an_option_needs_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The option that is shown is the one that was missing: the project is looked for where it says."""
    (tmp_path / "here").mkdir()
    monkeypatch.chdir(tmp_path / "here")
    done = CliRunner().invoke(app, ["init", "my-bot", "--check"])
    assert isinstance(done.exception, RatchetError)
    [option] = commands(done.exception.remedy)
    done = CliRunner().invoke(app, ["init", "my-bot", "--check", *option.split()])
    assert isinstance(done.exception, RatchetError)
    assert "their-project" in done.exception.fact
    assert not os.listdir(tmp_path / "here")


def test_a_pipeline_without_the_default_classifier_is_compared_with_a_new_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """`ratchet init` writes one that has it, into the folder whose name is put in."""
    from ratchet.adapters.bot import trial

    config = tmp_path / "config.yml"
    config.write_text("pipeline: [{name: WhitespaceTokenizer}]\n")
    with pytest.raises(RatchetError, match="has no LinearIntentClassifier") as told:
        trial.configured(config, "english")
    monkeypatch.chdir(tmp_path)
    line = only(told.value.remedy, "ratchet").replace("FOLDER", "new")
    done = CliRunner().invoke(app, line.split()[1:])
    assert done.exit_code == 0, (done.output, done.exception)
    assert trial.configured(tmp_path / "new" / "bot" / "config.yml", "english")
