"""Replica by replica: who goes back to a release, goes back to its custom actions, too."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from ratchet.adapters.system import commands
from ratchet.adapters.targets.swarm import companions, docker_service
from ratchet.adapters.targets.swarm.rollout import Rollout
from ratchet.domain.release.rollout import ServiceState
from tests.fakes.engine import Engine
from tests.workspaces import fake_workspace

BOT, ACTIONS = "fleet-blue_bot-blue", "fleet-blue_actions-blue"
ASKS = f"{companions.WHERE}=http://actions-blue:5055"


def spec(name: str, release: str, *environment: str) -> dict[str, Any]:
    """What a service is told for a release."""
    container = {"Image": f"sha256:{release}", "Env": [f"RATCHET_RELEASE={release}", *environment]}
    told: dict[str, Any] = {"Name": name, "Labels": {}, "Mode": {"Replicated": {"Replicas": 2}}}
    return {**told, "TaskTemplate": {"ContainerSpec": container}}


@pytest.fixture
def engine(monkeypatch: pytest.MonkeyPatch) -> Engine:
    """A fleet on its way from the release `old` to `new`, each with custom actions."""
    bot = {"ID": BOT, "Spec": spec(BOT, "new", ASKS), "PreviousSpec": spec(BOT, "old", ASKS)}
    made = Engine(known={BOT: bot, ACTIONS: {"ID": ACTIONS, "Spec": spec(ACTIONS, "new")}})
    monkeypatch.setattr(commands, "run", made.run)
    return made


def rollout(engine: Engine, tmp_path: Path) -> Rollout:
    """The changes of its replicas."""
    return Rollout(engine, fake_workspace(tmp_path / "ws", target="swarm", stack="fleet"), BOT)


def image(engine: Engine, name: str) -> str:
    """The image that a service is told."""
    return docker_service.wanted_by(engine.inspect_service(name)["Spec"]).image


def test_custom_actions_go_back_with_their_replicas(engine: Engine, tmp_path: Path) -> None:
    """Else the old release would talk with the new one's actions, which nobody has seen together."""
    changes = rollout(engine, tmp_path)
    changes.go_back(engine.known[BOT]["PreviousSpec"])
    assert image(engine, BOT) == image(engine, ACTIONS) == "sha256:old"
    changes.bring_actions(engine.known[BOT]["Spec"])
    assert sum("--image" in command for command in engine.commands) == 1


def test_they_follow_where_the_engine_went_back_by_itself(engine: Engine, tmp_path: Path) -> None:
    """As a stack.yml with `failure_action: rollback` lets it."""
    engine.run(["docker", "service", "rollback", "--detach", BOT])
    state = docker_service.fleet(engine, BOT)
    assert isinstance(state, ServiceState)
    rollout(engine, tmp_path).restore(state, "rolled back", True, print)
    assert image(engine, ACTIONS) == "sha256:old"


def test_a_release_that_asks_no_action_service_leaves_it(engine: Engine, tmp_path: Path) -> None:
    """Its image may have no actions: a service of it would never start."""
    rollout(engine, tmp_path).go_back(spec(BOT, "old"))
    assert image(engine, ACTIONS) == "sha256:new"


@pytest.mark.parametrize(
    ("service", "found"),
    [(BOT, ACTIONS), ("my_bot-x-blue_bot-blue", "my_bot-x-blue_actions-blue"), ("fleet_bot", "")],
)
def test_the_service_beside_is_found_by_name(service: str, found: str) -> None:
    """Whatever the fleet is called; before there were colours there was none."""
    assert companions.beside(service) == found
