"""What is advised about a fleet, followed to the letter; the engine and its `docker` command are stand-ins."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
import yaml
from docker.errors import ImageNotFound

from ratchet.adapters.bot import channel
from ratchet.adapters.prefect import server
from ratchet.adapters.registry.mlflow import Registry
from ratchet.adapters.settings import load_settings
from ratchet.adapters.targets.choice import choose_target
from ratchet.adapters.targets.swarm import (
    base,
    docker_service,
    image_registry,
    images,
    proxies,
    room,
    stack,
)
from ratchet.adapters.targets.swarm.conversations import FleetConversations
from ratchet.adapters.targets.swarm.images import BuildFailed
from ratchet.adapters.targets.swarm.rollout import Rollout
from ratchet.adapters.triggers import merged
from ratchet.domain.errors import RatchetError
from ratchet.domain.release.colours import Colour
from ratchet.domain.release.manifest import Release
from tests.adapters.rescue import machine
from tests.adapters.targets.swarm.test_faults import Fleet, fleet, release, warm
from tests.advice import commands, only, ratchet, shell
from tests.domain.release.test_manifest import model
from tests.fakes.engine import Container, Engine

__all__ = ["fleet"]
BOT = "fleet-blue_bot-blue"


@pytest.fixture
def recorded(fleet: Fleet, monkeypatch: pytest.MonkeyPatch) -> Iterator[Fleet]:
    """A fleet whose live release is in the workspace's registry, as commands find it."""
    monkeypatch.setenv("COLUMNS", "300")
    lines = {"RATCHET_TARGET": "swarm", "RATCHET_STACK": "fleet", "RATCHET_PORT": fleet.settings.port}
    (fleet.settings.workspace / ".env").write_text(
        "".join(f"{name}={text}\n" for name, text in lines.items())
    )
    (fleet.settings.state / "mlflow.db").write_bytes(machine.migrated())
    (fleet.settings.workspace / "params.yaml").write_text("rollout: {load_test: {seconds: 0}}\n")
    registry, archive = Registry(fleet.settings), fleet.settings.state / "model.tar.gz"
    archive.write_bytes(b"model")
    one = registry.register(model("", sha256=images.sha256(archive)), archive, [], {})
    older = replace(release("older"), model_version=one.version, model_sha256=one.sha256)
    fleet.live = replace(fleet.live, model_version=one.version, model_sha256=one.sha256, previous=older.id)
    for made in (older, fleet.live):
        registry.begin(made)
        registry.finish(made)
    yield fleet
    server.stop_server(fleet.settings)


def test_a_proxy_that_does_not_start_again_is_looked_at_and_waited_for_again(fleet: Fleet) -> None:
    """`docker service ps` shows its tasks, what served still does, and the same call is fine once the engine is."""
    fleet.engine.known["fleet_proxy"]["UpdateStatus"] = {"State": "paused"}
    client: Any = fleet.engine
    with pytest.raises(RatchetError, match=r"did not start again on every node \(paused\)") as told:
        base.await_update(client, fleet.settings)
    assert "paused" in fleet.engine.type(only(told.value.remedy, "docker"))
    assert fleet.answers() == fleet.live.id
    fleet.engine.known["fleet_proxy"]["UpdateStatus"] = {"State": "completed"}
    base.await_update(client, fleet.settings)


def test_an_engine_in_no_swarm_is_put_into_one_or_not_used(
    fleet: Fleet, monkeypatch: pytest.MonkeyPatch
) -> None:
    """`docker info` says where it is; `docker swarm init` and the line for .env each help."""
    fleet.engine.active, client = False, fleet.engine
    with pytest.raises(RatchetError, match="is not in a swarm") as told:
        docker_service.need_manager(client)  # type: ignore[arg-type]
    info, init, line = commands(told.value.remedy)
    assert client.type(info) == "Swarm: inactive"
    shell(fleet.settings.workspace, f"echo {line} >> .env")
    assert choose_target(load_settings(fleet.settings.workspace)).name == "process"
    client.type(init)
    assert docker_service.need_manager(client).manager  # type: ignore[arg-type]


def test_without_an_engine_the_line_for_env_is_the_way(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """No engine is asked then."""
    monkeypatch.setenv("DOCKER_HOST", f"unix://{tmp_path}/none.sock")
    (tmp_path / "bot").mkdir()
    (tmp_path / "params.yaml").write_text("")
    (tmp_path / ".env").write_text("RATCHET_TARGET=swarm\n")
    with pytest.raises(RatchetError, match="No Docker engine answers") as told:
        choose_target(load_settings(tmp_path))
    [line] = commands(told.value.remedy)
    shell(tmp_path, f"echo {line} >> .env")
    assert choose_target(load_settings(tmp_path)).replicas() == []


class Guarded:
    """An image registry that takes only what comes from somebody who logged in, at the one address that it has."""

    def __init__(self, address: str) -> None:
        self.address, self.known = address, False
        self.api = self

    def push(self, repository: str, tag: str, **_: Any) -> Iterator[dict[str, Any]]:
        if not repository.startswith(self.address):
            yield {"error": "no such host"}
        elif not self.known:
            yield {"error": "denied: requested access to the resource is denied"}
        else:
            yield {"aux": {"Digest": "sha256:abc"}}

    def type(self, line: str) -> None:
        """The `docker` command."""
        self.known = self.known or line == "docker login"


def test_a_push_that_is_refused_is_taken_after_a_login(tmp_path: Path) -> None:
    """And where RATCHET_REGISTRY, which the advice names first, is the registry's address."""
    (tmp_path / "bot").mkdir()
    (tmp_path / "params.yaml").write_text("")
    engine: Any = Guarded("registry.test/team")
    wrong = load_settings(tmp_path, registry="registri.test/team/bot")
    with pytest.raises(RatchetError, match="no such host") as told:
        image_registry.push(engine, wrong, "registri.test/team/bot:7")
    assert "RATCHET_REGISTRY" in told.value.remedy
    right = load_settings(tmp_path, registry="registry.test/team/bot")
    with pytest.raises(RatchetError, match="denied") as told:
        image_registry.push(engine, right, "registry.test/team/bot:7")
    engine.type(only(told.value.remedy, "docker"))
    assert image_registry.push(engine, right, "registry.test/team/bot:7").endswith("@sha256:abc")


LOCK = 'version = 1\nrequires-python = "==3.11.*"\n'


def bot(folder: Path, python: str = ">=3.11, <3.14") -> Any:
    """A workspace whose bot needs no package, and the recipes of its image."""
    (folder / "bot").mkdir()
    (folder / "params.yaml").write_text("")
    (folder / "bot" / "pyproject.toml").write_text(
        f'[project]\nname = "bot"\nversion = "0"\nrequires-python = "{python}"\n'
    )
    return load_settings(folder), {"bot/Dockerfile": stack.SOURCE / "deployments" / "bot" / "Dockerfile"}


def test_a_missing_lock_file_is_made_as_advised(tmp_path: Path) -> None:
    """With the real uv; then the runtime image is looked for. A project that is gone comes back from Git."""
    settings, recipes = bot(tmp_path)
    for line in ("git init -q", "git add .", "git -c user.name=a -c user.email=a@b commit -qm x"):
        shell(tmp_path, line)
    engine: Any = Engine()
    with pytest.raises(RatchetError, match=r"uv\.lock is missing") as told:
        images.ensure_runtime(engine, settings, recipes, print)
    shell(tmp_path.parent, only(told.value.remedy, "uv"), UV_OFFLINE="1")
    assert images.ensure_runtime(engine, settings, recipes, print).startswith("ratchet-runtime:")
    (tmp_path / "bot" / "pyproject.toml").unlink()
    with pytest.raises(RatchetError, match=r"pyproject\.toml is missing") as told:
        images.ensure_runtime(engine, settings, recipes, print)
    shell(tmp_path, only(told.value.remedy, "git"))
    assert images.ensure_runtime(engine, settings, recipes, print)


def test_a_base_image_that_cannot_be_had_is_named_by_docker(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The command says so; once it can, the image is built."""
    settings, recipes = bot(tmp_path, "==3.11.*")
    (tmp_path / "bot" / "uv.lock").write_text(LOCK)
    engine = Engine(lacking={"python:3.11-slim"})

    def get(reference: str) -> None:
        raise ImageNotFound(reference)

    def build(client: Any, archive: Any, *, tag: str, arguments: dict[str, str], **_: Any) -> None:
        if f"python:{arguments['PYTHON_VERSION']}-slim" in engine.lacking:
            raise BuildFailed(f"{tag} could not be built: not found.")

    monkeypatch.setattr(images, "build", build)
    client: Any = SimpleNamespace(images=SimpleNamespace(get=get))
    with pytest.raises(BuildFailed, match=r"could not be built\. ratchet-runtime") as told:
        images.ensure_runtime(client, settings, recipes, print)
    line = only(told.value.remedy, "docker")
    assert "not found" in engine.type(line)
    engine.lacking.clear()
    assert "not found" not in engine.type(line)
    assert images.ensure_runtime(client, settings, recipes, print)


def test_a_proxys_image_that_cannot_be_had_is_named_by_docker() -> None:
    """The command says why; once it can, the configuration is checked."""
    engine = Engine(lacking={"haproxy:9"})
    ran = SimpleNamespace(
        put_archive=lambda *_: True,
        start=lambda: None,
        wait=lambda timeout: {"StatusCode": 0},
        remove=lambda force: None,
    )

    def create(image: str, **_: Any) -> Any:
        if image in engine.lacking:
            raise ImageNotFound(f"manifest for {image} not found")
        return ran

    client: Any = SimpleNamespace(
        containers=SimpleNamespace(create=create), images=SimpleNamespace(pull=create)
    )
    with pytest.raises(RatchetError, match="The proxy's image haproxy:9 cannot be had") as told:
        proxies.faults(client, "haproxy:9", "")
    line = only(told.value.remedy, "docker")
    assert "not found" in engine.type(line)
    engine.lacking.clear()
    assert not engine.type(line)
    assert proxies.faults(client, "haproxy:9", "") == ""


def test_what_has_no_room_has_it_as_advised(fleet: Fleet) -> None:
    """With a smaller reservation in stack.yml, another node, or replica by replica: that asks for no room beside."""
    client: Any = fleet.engine
    values = stack.variables(fleet.settings, release("next"))
    document = stack.read(fleet.settings)
    document["services"]["bot"]["deploy"]["resources"]["reservations"]["memory"] = "9G"
    with pytest.raises(RatchetError, match="does not fit beside the live release") as told:
        room.require(client, document["services"]["bot"], values, "Release next")
    _, _, order = commands(told.value.remedy)
    assert "deploy.resources.reservations" in told.value.remedy
    document["services"]["bot"]["deploy"]["resources"]["reservations"]["memory"] = "256M"
    room.require(client, document["services"]["bot"], values, "Release next")
    key, _, value = order.partition(": ")
    section, name = key.split(".")
    (fleet.settings.workspace / "params.yaml").write_text(yaml.safe_dump({section: {name: value}}))
    target = choose_target(load_settings(fleet.settings.workspace, target="swarm", stack="fleet"))
    assert not target.needs_staging  # only staging starts a whole set of replicas beside


def test_a_fleet_that_could_not_be_brought_back_still_serves_and_is_shown(
    recorded: Fleet, monkeypatch: pytest.MonkeyPatch
) -> None:
    """`ratchet fleet` lists the replicas that run."""
    service = recorded.engine.known[BOT]
    service["PreviousSpec"] = service["Spec"]
    changes = Rollout(recorded.engine, recorded.settings, BOT)  # type: ignore[arg-type]
    fleet_now = docker_service.fleet(recorded.engine, BOT)  # type: ignore[arg-type]
    assert fleet_now is not None
    monkeypatch.setattr(Rollout, "watch", lambda *_: ("in progress", fleet_now))
    with pytest.raises(RatchetError, match="could not be brought back") as told:
        changes.restore(fleet_now, "in progress", True, print)
    shown = ratchet(recorded.settings.workspace, only(told.value.remedy, "ratchet"))
    assert "2 replicas on 1 node" in shown
    assert recorded.answers() == recorded.live.id


@pytest.mark.long
def test_an_image_that_is_gone_is_built_again_by_the_doctor(
    recorded: Fleet, monkeypatch: pytest.MonkeyPatch
) -> None:
    """`ratchet doctor --mend` puts it where the nodes can have it, and the release is taken then."""
    there: set[str] = set()
    monkeypatch.setattr(images, "exists", lambda client, image: image in there)

    def ensured(settings: Any, registry: Any, target: Any, live: Release, say: Any) -> Release:
        there.add(live.bundle)
        return live

    monkeypatch.setattr("ratchet.adapters.targets.rebuild.ensured", ensured)
    with pytest.raises(RatchetError, match="is not where the nodes can have it") as told:
        recorded.target.deploy(recorded.live, print)
    ratchet(recorded.settings.workspace, f"{only(told.value.remedy, 'ratchet')} --offline")
    recorded.target.deploy(recorded.live, print)


@pytest.mark.long
def test_a_colour_that_is_not_there_is_started_by_serve(recorded: Fleet) -> None:
    """`ratchet serve` brings the live release back, and `ratchet fleet` shows it."""
    del recorded.engine.known[BOT]
    with pytest.raises(RatchetError, match="is not there") as told:
        recorded.target.colours.switch(Colour.BLUE)
    serve, show = commands(told.value.remedy)
    ratchet(recorded.settings.workspace, serve)
    assert recorded.live.id in ratchet(recorded.settings.workspace, show)
    live = recorded.target.colours.live()
    assert live is not None
    recorded.target.colours.switch(live)


@pytest.mark.long
def test_where_the_engine_knows_no_way_back_a_rollback_is_one(
    recorded: Fleet, monkeypatch: pytest.MonkeyPatch
) -> None:
    """`ratchet rollback` gives the traffic to the release before, which is still warm."""
    older = warm(recorded, 10)
    now = docker_service.fleet(recorded.engine, BOT)  # type: ignore[arg-type]
    assert now is not None
    with pytest.raises(RatchetError, match="knows no way back") as told:
        Rollout(recorded.engine, recorded.settings, BOT).restore(now, "in progress", True, print)  # type: ignore[arg-type]
    said = {"ready": True, "release": older.id, "model_id": older.model_id}
    monkeypatch.setattr(channel, "readiness", lambda url: said)
    shown = ratchet(recorded.settings.workspace, only(told.value.remedy, "ratchet"))
    assert f"Back on release {older.id}" in shown
    assert recorded.answers() == older.id


@pytest.mark.long
def test_a_store_that_does_not_answer_is_started_by_serve(
    recorded: Fleet, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """`ratchet serve` brings its replica back, and the same call then reads it."""
    run = Container.exec_run

    def answer(self: Container, argv: list[str], **options: Any) -> tuple[int, bytes]:
        return (0, b"PONG") if "PING" in argv else run(self, argv, **options)

    monkeypatch.setattr(Container, "exec_run", answer)
    monkeypatch.setattr(Container, "attrs", {}, raising=False)
    recorded.engine.run(["docker", "service", "update", "--replicas", "0", "fleet_redis"])
    store = FleetConversations(recorded.engine, recorded.settings)  # type: ignore[arg-type]
    with pytest.raises(RatchetError, match="does not answer") as told:
        store.save(tmp_path, print)
    ratchet(recorded.settings.workspace, only(told.value.remedy, "ratchet"))
    assert store.save(tmp_path, print) == "there are none"


@pytest.mark.long
def test_a_release_of_another_target_is_made_again_for_the_swarm(
    recorded: Fleet, monkeypatch: pytest.MonkeyPatch
) -> None:
    """`ratchet release` with its version makes an image, and that is what serves then."""
    elsewhere = replace(recorded.live, target="process")
    with pytest.raises(RatchetError, match="was made for the target `process`") as told:
        recorded.target.deploy(elsewhere, print)
    monkeypatch.setattr(images, "build_release", lambda *_: ("sha256:again", "fleet:again"))
    monkeypatch.setattr(merged, "require", lambda *_: None)  # the stand-in's model names no code of a branch

    def readiness(url: str) -> dict[str, Any]:
        newest = [service for name, service in recorded.engine.known.items() if "_bot-" in name][-1]
        serving = docker_service.environment_of(newest["Spec"])["RATCHET_RELEASE"]
        return {"ready": True, "release": serving, "model_id": model("").model_id}

    monkeypatch.setattr(channel, "readiness", readiness)
    ratchet(recorded.settings.workspace, only(told.value.remedy, "ratchet"))
    made = Registry(recorded.settings).live()
    assert made is not None
    assert (made.target, made.bundle) == ("swarm", "sha256:again")
    assert recorded.answers() == made.id
