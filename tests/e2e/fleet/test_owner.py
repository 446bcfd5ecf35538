"""One stack name on one swarm, and two workspaces that would both use it."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

import pytest

from ratchet.adapters.targets import ports
from ratchet.adapters.targets.ports import PortTaken
from ratchet.adapters.targets.swarm import docker_service, fleet_owner
from ratchet.adapters.targets.swarm.fleet_owner import ForeignFleet
from ratchet.adapters.targets.swarm.target import SwarmTarget
from tests.e2e.fleet.fleet import Fleet, make_fleet

pytestmark = pytest.mark.e2e


@pytest.fixture
def other(fleet: Fleet, tmp_path: Path) -> Fleet:
    """A second workspace with the same names as the first: a copy that was adopted, or another bot."""
    return make_fleet(tmp_path / "other", fleet.settings.stack, fleet.settings.port)


@pytest.mark.parametrize("act", ["check", "deploy", "stop"])
def test_another_workspaces_fleet_is_neither_changed_nor_stopped(
    fleet: Fleet, other: Fleet, act: str
) -> None:
    """It is named by its folder, and its replicas and proxy are the same ones as before."""
    assert fleet.live is not None
    live = fleet.live
    before = {one.id for service in ("bot", "proxy") for one in fleet.containers(service)}
    acts: dict[str, Callable[[], None]] = {
        "check": other.target.check,
        "deploy": lambda: other.target.deploy(live, print),
        "stop": lambda: other.target.stop(print),
    }
    with pytest.raises(ForeignFleet, match=f"belongs to the workspace {fleet.workspace}"):
        acts[act]()
    assert {one.id for service in ("bot", "proxy") for one in fleet.containers(service)} == before
    assert fleet.serves(live)


def test_the_remedy_gives_a_fleet_of_its_own_and_its_ports_are_refused_as_well(
    fleet: Fleet, other: Fleet
) -> None:
    """A name as told passes; then the port is the first fleet's. One's own fleet passes with both."""
    with pytest.raises(ForeignFleet) as told:
        other.target.check()
    found = re.search(r"RATCHET_STACK=(\S+) >>", told.value.remedy)
    assert found is not None
    named = SwarmTarget(other.settings.model_copy(update={"stack": found[1]}))
    with pytest.raises(PortTaken, match=f"Port {fleet.settings.port} "):
        named.check()
    named.stop(print)
    fleet.target.check()
    assert ports.running(fleet.settings, "port") == fleet.settings.port
    assert ports.running(fleet.settings, "operation_port") == fleet.settings.operation_port


def test_clones_that_share_a_registry_share_the_fleet(fleet: Fleet, other: Fleet) -> None:
    """A team releases from several machines; a fleet from before they shared a registry stays its workspace's own."""
    spec = docker_service.inspect(fleet.client, fleet.target.service) or {}
    assert spec["Spec"]["Labels"][fleet_owner.OWNER] == fleet_owner.key(fleet.settings)
    shared = {"tracking_uri": "postgresql://ana:secret@db/mlflow"}
    one, two = (made.settings.model_copy(update=shared) for made in (fleet, other))
    two = two.model_copy(update={"tracking_uri": "postgresql://ben:other@db/mlflow"})
    assert fleet_owner.key(one) == fleet_owner.key(two)
    fleet_owner.require(fleet.client, one)
