"""The lab, and a registry that its nodes and this machine reach."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path

import docker
import pytest

from tests.e2e.lab.lab import GATEWAY, Lab
from tests.sweep import LABEL

REGISTRY_PORT = 15119


@pytest.fixture
def bare_lab(engine: docker.DockerClient) -> Iterator[Lab]:
    """Three engines that a test starts itself."""
    made = Lab(Path("/var/tmp/ratchet-lab"))
    try:
        yield made
    finally:
        made.stop()


@pytest.fixture
def lab(bare_lab: Lab) -> Lab:
    """Three engines in one swarm, with the base images."""
    bare_lab.start(["haproxy:lts", "redis:7"])
    return bare_lab


def serve_registry(engine: docker.DockerClient) -> Iterator[str]:
    """Run a registry on the lab's bridge, which has to be there, and yield its port."""
    addresses = [("127.0.0.1", REGISTRY_PORT), (GATEWAY, REGISTRY_PORT)]
    running = engine.containers.run("registry:2", detach=True, ports={"5000/tcp": addresses}, labels=[LABEL])
    try:
        time.sleep(2)
        yield str(REGISTRY_PORT)
    finally:
        running.remove(force=True, v=True)


@pytest.fixture
def registry(engine: docker.DockerClient, lab: Lab) -> Iterator[str]:
    """A registry that this machine pushes to and the lab's nodes pull from over the bridge; names for it differ."""
    for port in serve_registry(engine):
        yield f"127.0.0.1:{port}/team/bot"
