"""A node lost, of three: engines on this machine, each in a network namespace of its own."""

from __future__ import annotations

import os
import time
from dataclasses import replace
from pathlib import Path

import docker

from benchmarks.release.bench import Row
from tests.e2e.fleet.fleet import make_fleet, until
from tests.e2e.lab.lab import GATEWAY, Lab
from tests.e2e.lab.test_node_loss import whole_without, without_state

REGISTRY_PORT = 15419


def lost(folder: Path) -> Row:
    """The load goes through a node that stays; needs root."""
    lab, engine = Lab(Path("/var/tmp/ratchet-lab")), docker.from_env()
    addresses = [("127.0.0.1", REGISTRY_PORT), (GATEWAY, REGISTRY_PORT)]
    host, running = os.environ.get("DOCKER_HOST"), None
    try:
        lab.start(["haproxy:lts", "redis:7"])
        running = engine.containers.run("registry:2", detach=True, ports={"5000/tcp": addresses})
        time.sleep(2)
        registry = f"127.0.0.1:{REGISTRY_PORT}/team/bot"
        near = make_fleet(folder / "near", "ratchet-benchmark-lab", 15425, registry=registry)
        pushed = near.package()
        image = pushed.bundle.replace("127.0.0.1", GATEWAY)
        os.environ["DOCKER_HOST"] = lab.nodes[0].host
        far = make_fleet(folder / "far", "lab", 15205, registry=image.partition("@")[0])
        declared = far.workspace / "deployments" / "stack.yml"
        declared.write_text(declared.read_text().replace("replicas: 2", "replicas: 3"))
        far.target = far.with_rollout(deploy_timeout_seconds=300.0)  # each node fetches the image
        far.roll_out(replace(pushed, bundle=image))
        node = without_state(lab, far)
        with far.load() as count:
            started = time.monotonic()
            lab.cut(node)
            until(lambda: whole_without(far, node), 60, "three replicas on two nodes")
            seconds = time.monotonic() - started
            time.sleep(5)
        return Row("node lost", count, seconds, "its replica moved")
    finally:
        os.environ.pop("DOCKER_HOST", None)
        if host:
            os.environ["DOCKER_HOST"] = host
        if running is not None:
            running.remove(force=True, v=True)
        lab.stop()
