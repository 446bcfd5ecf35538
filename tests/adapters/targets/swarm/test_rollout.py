"""Replica by replica: each replica asks the custom actions of its own release."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from ratchet.adapters.system import commands
from ratchet.adapters.targets.swarm import companions, derived
from ratchet.adapters.targets.swarm.rollout import Rollout
from ratchet.domain.release.colours import Colour
from ratchet.domain.release.rollout import Wanted
from tests.fakes.engine import STACK, Engine
from tests.workspaces import fake_workspace

BOT = "fleet-blue_bot-blue"
OLD, NEW = companions.key(Colour.BLUE), companions.key(Colour.BLUE, "new")
BESIDE = {name: f"fleet-blue_{name}" for name in (OLD, NEW)}


def asks(name: str) -> str:
    """The variable that tells a replica its action service."""
    return f"{companions.WHERE}=http://{name}:{companions.PORT}"


def spec(name: str, release: str, *environment: str) -> dict[str, Any]:
    """What a service is told for a release."""
    container = {"Image": f"sha256:{release}", "Env": [f"RATCHET_RELEASE={release}", *environment]}
    told: dict[str, Any] = {
        "Name": name,
        "Labels": {STACK: "fleet-blue"},
        "Mode": {"Replicated": {"Replicas": 2}},
    }
    return {**told, "TaskTemplate": {"ContainerSpec": container}}


@pytest.fixture
def engine(monkeypatch: pytest.MonkeyPatch) -> Engine:
    """A fleet on its way from the release `old` to `new`, each with custom actions of its own."""
    bot = {"ID": BOT, "Spec": spec(BOT, "new", asks(NEW)), "PreviousSpec": spec(BOT, "old", asks(OLD))}
    beside = {
        BESIDE[name]: {"ID": BESIDE[name], "Spec": spec(BESIDE[name], of)}
        for name, of in ((OLD, "old"), (NEW, "new"))
    }
    made = Engine(known={BOT: bot, **beside})
    monkeypatch.setattr(commands, "run", made.run)
    return made


def rollout(engine: Engine, tmp_path: Path) -> Rollout:
    """The changes of its replicas."""
    return Rollout(engine, fake_workspace(tmp_path / "ws", target="swarm", stack="fleet"), BOT)


def test_only_the_actions_that_the_replicas_ask_stay(engine: Engine, tmp_path: Path) -> None:
    """Once the last replica was changed, or has gone back."""
    changes = rollout(engine, tmp_path)
    changes.tidy()
    assert set(engine.known) == {BOT, BESIDE[NEW]}
    changes.tidy()
    assert set(engine.known) == {BOT, BESIDE[NEW]}


def test_replicas_that_went_back_keep_their_actions(engine: Engine, tmp_path: Path) -> None:
    """Those of the release that failed are taken away."""
    engine.run(["docker", "service", "rollback", "--detach", BOT])
    rollout(engine, tmp_path).tidy()
    assert set(engine.known) == {BOT, BESIDE[OLD]}


@pytest.mark.parametrize("beside", ["none", "another release's"])
def test_the_engines_own_way_back_needs_the_actions_of_that_release(
    engine: Engine, tmp_path: Path, beside: str
) -> None:
    """Else the old release would talk with none, or with the new one's, which nobody has seen together."""
    changes, previous = rollout(engine, tmp_path), engine.known[BOT]["PreviousSpec"]
    assert changes.has_actions(previous)
    if beside == "none":
        del engine.known[BESIDE[OLD]]
    else:
        engine.known[BESIDE[OLD]]["Spec"] = spec(BESIDE[OLD], "new")
    assert not changes.has_actions(previous)
    started: list[str] = []
    assert not changes.order(Wanted("sha256:old", "old"), "", lambda: started.append("old"), print)
    assert started == ["old"]


def test_a_release_without_actions_goes_back_by_the_engine(engine: Engine, tmp_path: Path) -> None:
    """There are none to wait for."""
    assert rollout(engine, tmp_path).has_actions(spec(BOT, "old"))


@pytest.mark.parametrize(
    ("service", "told", "found"),
    [
        (BOT, OLD, "fleet-blue_actions-blue"),
        ("my_bot-x-blue_bot-blue", OLD, "my_bot-x-blue_actions-blue"),
        (BOT, NEW, BESIDE[NEW]),
        (BOT, "", ""),
        ("fleet_bot", OLD, ""),
    ],
)
def test_the_service_beside_is_the_one_that_replicas_ask(service: str, told: str, found: str) -> None:
    """Whatever the fleet is called; before there were colours there was none."""
    assert companions.beside(service, dict([asks(told).split("=", 1)]) if told else {}) == found


@pytest.mark.parametrize(("secrets", "started"), [("today's", False), ("another's", True)])
def test_replicas_of_the_release_are_changed_where_their_secrets_were(
    engine: Engine, tmp_path: Path, secrets: str, started: bool
) -> None:
    """Else a token that was taken away would be let in for as long as the release serves."""
    engine.known[BOT]["Spec"]["Labels"][derived.SECRETS] = "today's"
    done: list[str] = []

    def start() -> None:
        engine.known[BOT]["UpdateStatus"] = {"State": "completed", "StartedAt": "later"}
        done.append("started")

    rollout(engine, tmp_path).replace(Wanted("sha256:new", "new"), secrets, start, print)
    assert bool(done) is started
