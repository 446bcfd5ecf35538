"""A machine is lost, and users of another one do not notice."""

from __future__ import annotations

import os
import time
from dataclasses import replace
from pathlib import Path

import pytest

from tests.e2e.fleet.fleet import UNKNOWN, Fleet, make_fleet, until
from tests.e2e.lab.lab import GATEWAY, Lab, Node

pytestmark = [
    pytest.mark.e2e,
    pytest.mark.long,
    pytest.mark.timeout(600),
    pytest.mark.skipif(os.geteuid() != 0, reason="needs root for network namespaces"),
]


def test_a_lost_node_loses_no_request(
    lab: Lab, registry: str, fleet: Fleet, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Three replicas on three nodes: one node goes away, its replica starts elsewhere, and nobody notices."""
    pushed = fleet.package(
        target=type(fleet.target)(fleet.settings.model_copy(update={"registry": registry}))
    )
    image = pushed.bundle.replace("127.0.0.1", GATEWAY)
    entry = lab.nodes[0]
    monkeypatch.setenv("DOCKER_HOST", entry.host)
    far = make_fleet(tmp_path / "workspace", "lab", 15205, registry=image.partition("@")[0])
    declared = far.workspace / "deployments" / "stack.yml"
    declared.write_text(declared.read_text().replace("replicas: 2", "replicas: 3"))
    release = replace(pushed, bundle=image)
    far.target = far.with_rollout(deploy_timeout_seconds=300.0)  # each node fetches the image
    far.target.stage(release, far.say)
    far.target.deploy(release, far.say)
    far.assert_serves(release)
    assert far.chat("emil", UNKNOWN)["intent"]["name"] == "nlu_fallback"
    assert {replica.node for replica in far.target.replicas()} == {node.name for node in lab.nodes}
    lost = without_state(lab, far)
    with far.load() as count:
        lab.cut(lost)
        seconds = until(lambda: whole_without(far, lost), 60, "three replicas on two nodes")
        time.sleep(5)
    assert far.chat("emil", UNKNOWN)["intent"]["name"] == "nlu_handoff"
    fleet.note("node lost, of three (load through another node's proxy)", "replica moved", count, seconds)
    assert count.failed == 0, count.failures[:5]


def without_state(lab: Lab, far: Fleet) -> Node:
    """A node that is neither the load's entry nor the home of the conversations."""
    entry = lab.nodes[0].client()
    homes = {task["NodeID"] for task in entry.api.tasks(filters={"service": f"{far.settings.stack}_redis"})}
    names = {node["Description"]["Hostname"] for node in entry.api.nodes() if node["ID"] in homes}
    return next(node for node in lab.nodes[1:] if node.name not in names)


def whole_without(far: Fleet, lost: Node) -> bool:
    """Whether three replicas answer, none of them on the lost node."""
    replicas = far.target.replicas()
    return len(replicas) == 3 and all(one.ready and one.node != lost.name for one in replicas)
