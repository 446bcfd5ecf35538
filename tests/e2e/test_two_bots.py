"""Two workspaces on one machine, under a shell that names other servers: each has pages of its own."""

from __future__ import annotations

import re
import socket
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from ratchet.adapters.registry.mlflow import Registry
from ratchet.adapters.service import running
from ratchet.adapters.service.service_parts import folder, parts
from ratchet.adapters.settings import Settings, load_settings
from ratchet.adapters.system.processes import free_port, read_replica
from ratchet.adapters.targets import ports
from ratchet.adapters.workspace.owners import recorded
from tests.e2e.cli import Ratchet
from tests.e2e.hostile import surround
from tests.workspaces import fake_workspace

pytestmark = pytest.mark.e2e


@pytest.fixture(scope="module", autouse=True)
def shell() -> Iterator[None]:
    """The shell that all commands of this file are typed in."""
    with pytest.MonkeyPatch.context() as patch:
        surround(patch)
        yield


@pytest.fixture(scope="module")
def first(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Settings]:
    """A workspace whose MLflow pages are open."""
    settings = fake_workspace(tmp_path_factory.mktemp("first") / "first")
    Registry(settings).experiment("of the first")
    settings = ports.take(settings, ["mlflow_port"])
    [part] = parts(settings, ["mlflow"])
    try:
        running.await_part(settings, part, running.start(settings, part))
        yield settings
    finally:
        running.stop(settings, print)


@pytest.fixture
def second(tmp_path: Path) -> Iterator[Ratchet]:
    """Another workspace, which was never used."""
    fake_workspace(tmp_path / "second")
    (tmp_path / "second" / ".env").write_text(f"RATCHET_PREFECT_PORT={free_port()}\nRATCHET_TARGET=process\n")
    ratchet = Ratchet(tmp_path / "second")
    yield ratchet
    ratchet("down")
    ratchet("stop")


def experiments(settings: Settings) -> set[str]:
    """Return the experiments that a workspace's MLflow pages show."""
    url = f"http://127.0.0.1:{settings.mlflow_port}/api/2.0/mlflow/experiments/search"
    found: Any = (
        httpx.post(url, json={"max_results": 100}, trust_env=False, timeout=30).raise_for_status().json()
    )
    return {one["name"] for one in found["experiments"]}


@pytest.mark.long
def test_a_port_that_is_taken_is_refused_at_once_and_the_remedy_leads_to_pages_of_its_own(
    first: Settings, second: Ratchet
) -> None:
    """The owner is named, a program or the first workspace, before anything is started; the remedy is typed as told."""
    env, home = second.workspace / ".env", second.workspace
    with socket.socket() as program:
        program.bind(("127.0.0.1", 0))
        program.listen()
        port = program.getsockname()[1]
        said = second("up", env={"RATCHET_MLFLOW_PORT": str(port)}, code=1)
        assert re.search(
            rf"Port {port} on 127.0.0.1 cannot be opened for MLflow's pages: .+ \(process \d+\)", said
        )
        assert "export RATCHET_MLFLOW_PORT=" in said
        said = second("up", "--detach", "--port", str(port), code=1)
        assert "for the Prefect server" in said
        assert re.search(r"`ratchet up --port \d+`", said)
    with env.open("a") as file:
        file.write(f"RATCHET_MLFLOW_PORT={first.mlflow_port}\n")
    said = second("up", "--detach", code=1)
    assert f"the workspace {first.workspace} (process" in said
    assert not list(recorded(home))
    remedy = re.search(r"`echo (\S+) >> (\S+)`", said)
    assert remedy is not None
    assert Path(remedy[2]) == env
    with env.open("a") as file:
        file.write(f"{remedy[1]}\n")
    assert "Ready" in second("up", "--detach", "--only", "mlflow")
    Registry(load_settings(home)).experiment("of the second")
    assert experiments(load_settings(home)) == {"Default", "of the second"}
    assert "of the second" not in experiments(first)


@pytest.mark.long
def test_a_workspace_that_names_no_port_leaves_a_running_ones_alone(first: Settings, second: Ratchet) -> None:
    """The first one's pages stay its own; the second gets others, and says where."""
    (second.workspace / ".env").write_text("RATCHET_TARGET=process\n")
    settings = ports.take(load_settings(second.workspace), ["mlflow_port"])
    [part] = parts(settings, ["mlflow"])
    running.await_part(settings, part, running.start(settings, part))
    assert settings.mlflow_port != first.mlflow_port
    assert "of the first" in experiments(first)
    assert "of the first" not in experiments(settings)
    assert read_replica(folder(settings) / "mlflow.json") is not None
