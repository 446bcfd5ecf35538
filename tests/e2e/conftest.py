"""The engine, the fleet and the database that the tests here break on purpose."""

from __future__ import annotations

import os
import subprocess
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import docker
import pytest
from docker.errors import DockerException

from tests.e2e import postgres as postgresql
from tests.e2e.fleet.fleet import ROOT, Fleet, make_fleet, until
from tests.e2e.incidents.team import Team
from tests.sweep import sweep_engine
from tests.tables import print_at_end

TOOLS = ROOT.parent / "shared" / "tools"
IMAGES = ("python:3.13-slim", "haproxy:lts", "redis:7", "registry:2")
HEADER = (
    "| fault | requests | failed | p95 | longest | back after | outcome |\n"
    "| --- | --- | --- | --- | --- | --- | --- |"
)
_fleets: list[Fleet] = []


@pytest.fixture(scope="session")
def engine() -> docker.DockerClient:
    """A Docker engine that manages a swarm, with the base images; started where the machine's tools can."""
    tools = [TOOLS / "docker-engine", TOOLS / "base-images"]
    if not ready() and os.geteuid() == 0 and all(tool.exists() for tool in tools):
        for tool in tools:
            subprocess.run(["bash", str(tool)], check=True, timeout=900, stdout=subprocess.DEVNULL)
    if not ready():
        pytest.skip(f"needs a Docker engine that manages a swarm and has or can pull {', '.join(IMAGES)}")
    client = docker.from_env()
    sweep_engine(client)
    return client


def ready() -> bool:
    """Whether an engine answers that manages a swarm and has the images."""
    try:
        client = docker.from_env()
        if not client.info()["Swarm"]["ControlAvailable"]:
            return False
        for image in IMAGES:
            client.images.get(image)
    except DockerException:
        return False
    return True


@pytest.fixture(scope="session")
def fleet(engine: docker.DockerClient, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Fleet]:
    """A fleet with the first release of the small bot on it; taken away at the end."""
    if not (ROOT / "bot" / ".venv").exists():
        pytest.skip("the bot environment is missing: make setup")
    made = make_fleet(Path(tmp_path_factory.mktemp("fleet")) / "workspace", "ratchet-test", 15105)
    made.remove()
    _fleets.append(made)
    try:
        made.bring_out(made.package())
        until(made.answers, 15, "the proxy of a new fleet finds its replicas")
        yield made
    finally:
        made.remove()


@pytest.fixture(scope="session")
def museum(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Team]:
    """A team whose bot is live, with three weeks behind it."""
    if not (ROOT / "bot" / ".venv").exists():
        pytest.skip("the bot environment is missing: make setup")
    made = Team(tmp_path_factory.mktemp("museum") / "team")
    try:
        made.make()
        yield made
    finally:
        made.ratchet("stop")


@pytest.fixture
def team(museum: Team) -> Iterator[Team]:
    """The team; what an exhibit breaks is mended after it."""
    yield museum
    museum.restore()


@pytest.fixture(scope="module")
def postgres(tmp_path_factory: pytest.TempPathFactory) -> Iterator[postgresql.Postgres]:
    """A PostgreSQL of its own with a database for Prefect and one for MLflow."""
    programs = postgresql.programs()
    if programs is None:
        pytest.skip("PostgreSQL is missing: apt-get install postgresql")
    with tempfile.TemporaryDirectory(prefix="ratchet-postgres-") as folder:
        made = postgresql.Postgres(Path(folder), programs, tmp_path_factory.getbasetemp())
        try:
            made.make()
            yield made
        finally:
            made.stop()


@pytest.fixture(autouse=True)
def settled(request: pytest.FixtureRequest) -> Iterator[None]:
    """Between tests the fleet is whole again, whatever the last one broke; what it said is shown on failure."""
    yield
    if "fleet" not in request.fixturenames:
        return
    made: Fleet = request.getfixturevalue("fleet")
    print("\n".join(made.said[-40:]))
    made.said.clear()
    if made.live is not None:
        made.target.clean(made.live, made.say)
        deadline = time.monotonic() + 90
        while not made.serves(made.live) and time.monotonic() < deadline:
            time.sleep(0.5)


@print_at_end
def faults() -> list[str]:
    """The table of faults, as docs/reliability.md has it."""
    rows = [fault.row() for made in _fleets for fault in made.faults]
    return [HEADER, *rows] if rows else []
