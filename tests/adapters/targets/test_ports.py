"""Each workspace's own ports, with real listeners and real processes."""

from __future__ import annotations

import contextlib
import socket
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from ratchet.adapters.settings import Settings, load_settings
from ratchet.adapters.system.files import write_json
from ratchet.adapters.system.processes import (
    await_ready,
    ensure_supervisor,
    free_port,
    launch,
    listening,
    terminate,
)
from ratchet.adapters.targets import ports
from ratchet.adapters.targets.colours import stop_all
from ratchet.adapters.targets.ports import PortTaken
from ratchet.adapters.workspace import owned, owners


@contextlib.contextmanager
def program(port: int) -> Iterator[None]:
    """Another program, here the test itself, listens on a port."""
    with socket.socket() as other:
        other.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        other.bind(("127.0.0.1", port))
        other.listen()
        yield


def workspace(folder: Path, **chosen: object) -> Settings:
    """An empty workspace."""
    (folder / "bot").mkdir(parents=True)
    (folder / "params.yaml").write_text("")
    return load_settings(folder, **chosen)


@pytest.fixture
def preferred(monkeypatch: pytest.MonkeyPatch) -> int:
    """MLflow's usual port, for this test one that nobody has: tests run beside each other."""
    port = free_port()
    monkeypatch.setattr(Settings.model_fields["mlflow_port"], "default", port)
    return port


@pytest.fixture
def neighbour(tmp_path: Path) -> Iterator[Settings]:
    """Another workspace, whose bot's address is open."""
    settings = workspace(tmp_path / "the neighbour", port=free_port())
    folder = settings.state / "process"
    folder.mkdir(parents=True)
    ensure_supervisor(folder, settings.port)
    yield settings
    stop_all(folder)


def test_the_usual_port_is_taken_where_it_is_free_and_kept(tmp_path: Path, preferred: int) -> None:
    """The next command reads it from the state, also while another program has it."""
    settings = workspace(tmp_path / "ws")
    assert ports.choose(settings).mlflow_port == preferred
    assert not ports.choose(settings).explicit("mlflow_port")
    with program(preferred):
        assert ports.choose(load_settings(settings.workspace)).mlflow_port == preferred


def test_a_taken_port_is_left_to_its_owner(tmp_path: Path, preferred: int) -> None:
    """Chosen for the first time, or again for a page: another port, and the choice is noted."""
    settings = workspace(tmp_path / "ws")
    with program(preferred):
        chosen = ports.take(settings, ["mlflow_port"]).mlflow_port
        assert chosen != preferred
    assert load_settings(settings.workspace).mlflow_port == chosen
    with program(chosen):
        assert ports.take(load_settings(settings.workspace), ["mlflow_port"]).mlflow_port != chosen


def test_a_port_that_a_setting_names_is_refused_with_the_programs_name(tmp_path: Path) -> None:
    """At once, with a port that is free; following the remedy to the letter leads on."""
    port = free_port()
    settings = workspace(tmp_path / "ws")
    (settings.workspace / ".env").write_text(f"RATCHET_MLFLOW_PORT={port}\n")
    with (
        program(port),
        pytest.raises(PortTaken, match=rf"Port {port} .* MLflow's pages: .*process \d+") as told,
    ):
        ports.take(load_settings(settings.workspace), ["mlflow_port"])
    assert f"echo RATCHET_MLFLOW_PORT={told.value.free} >> {settings.workspace / '.env'}" in str(told.value)
    with (settings.workspace / ".env").open("a") as file:
        file.write(f"RATCHET_MLFLOW_PORT={told.value.free}\n")
    assert ports.take(load_settings(settings.workspace), ["mlflow_port"]).mlflow_port == told.value.free


def test_a_variable_of_the_shell_is_told_as_one(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A line in .env would change nothing: the shell's variable wins."""
    port = free_port()
    monkeypatch.setenv("RATCHET_PORT", str(port))
    with program(port), pytest.raises(PortTaken, match="`export RATCHET_PORT="):
        ports.take(workspace(tmp_path / "ws"), ["port"])


def test_another_workspace_is_named_by_its_folder(tmp_path: Path, neighbour: Settings) -> None:
    """Its bot's address is refused; one's own is no other's."""
    ports.take(neighbour, ["port"])
    with pytest.raises(PortTaken, match=f"the workspace {neighbour.workspace} "):
        ports.take(workspace(tmp_path / "ws", port=neighbour.port), ["port"])


def test_ports_of_a_running_neighbour_are_left_free_for_it(
    tmp_path: Path, neighbour: Settings, preferred: int
) -> None:
    """Also one on which nothing of it listens at the moment."""
    owned.note(neighbour.workspace, {"mlflow_port": preferred})
    assert ports.choose(workspace(tmp_path / "ws")).mlflow_port != preferred


def test_the_bots_port_never_moves_by_itself(tmp_path: Path) -> None:
    """Others have its address: who has the port is said instead."""
    settings = workspace(tmp_path / "ws")
    owned.note(settings.workspace, {"port": (port := free_port())})
    with program(port), pytest.raises(PortTaken, match="the bot"):
        ports.take(load_settings(settings.workspace), ["port"])


def test_ones_own_bot_that_is_in_the_way_is_told_to_be_stopped(neighbour: Settings) -> None:
    """After a change from one process to a fleet; the port is the same."""
    fleet = neighbour.model_copy(update={"target": "swarm", "stack": "ratchet-nowhere"})
    with pytest.raises(PortTaken, match="this workspace's own bot") as told:
        ports.require(fleet, "port")
    assert f"ratchet --workspace '{neighbour.workspace}' stop" in told.value.remedy


def test_who_only_claims_to_be_of_a_workspace_is_not_taken_for_it(tmp_path: Path) -> None:
    """A shell's RATCHET_WORKSPACE is inherited by programs that no workspace knows."""
    settings, port = workspace(tmp_path / "ws"), free_port()
    argv = (sys.executable, "-m", "http.server", str(port), "--bind", "127.0.0.1")
    env = {"RATCHET_WORKSPACE": str(settings.workspace)}
    started = launch(argv, cwd=tmp_path, env=env, log=tmp_path / "log", port=port)
    try:
        await_ready(started, lambda: listening(port), 30, tmp_path / "log")
        found = owners.owner(port)
        assert found is not None
        assert (found.pid, found.workspace) == (started.pid, None)
        write_json(settings.state / "process" / "supervisor.json", started.as_dict())
        found = owners.owner(port)
        assert found is not None
        assert found.workspace == settings.workspace
    finally:
        write_json(settings.state / "process" / "supervisor.json", started.as_dict())
        stop_all(settings.state / "process")


def test_what_answers_on_a_port_is_told_from_what_was_started(tmp_path: Path, neighbour: Settings) -> None:
    """Somebody else's server that answers is not the part that one waits for."""
    there = next(owners.recorded(neighbour.workspace))
    argv = (sys.executable, "-c", "import time; time.sleep(60)")
    silent = launch(argv, cwd=tmp_path, env={}, log=tmp_path / "log", port=neighbour.port)
    try:
        assert owners.served_by(neighbour.port, there)
        assert not owners.served_by(neighbour.port, silent)
    finally:
        terminate(silent)
