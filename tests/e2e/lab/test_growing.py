"""A fleet grows from one node to three while it serves, as docs/fleet.md says."""

from __future__ import annotations

import os
import re
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import docker
import httpx
import pytest

from ratchet.adapters.targets.swarm import images, stack
from tests.docs.reading import FENCE, ROOT
from tests.e2e.fleet.fleet import Fleet, until
from tests.e2e.kills.flock import Flock, admit_flock
from tests.e2e.lab.conftest import serve_registry
from tests.e2e.lab.lab import GATEWAY, Lab, Node

pytestmark = [
    pytest.mark.e2e,
    pytest.mark.long,
    pytest.mark.timeout(900),
    pytest.mark.skipif(os.geteuid() != 0, reason="needs root for network namespaces"),
]

PAGE = ROOT / "docs" / "fleet.md"


def test_a_fleet_grows_from_one_node_to_three_as_the_page_says(
    bare_lab: Lab,
    engine: docker.DockerClient,
    fleet: Fleet,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Its commands, in their order, under load; then each node has a replica and lets users in."""
    recipes = stack.recipes(fleet.settings)
    runtime = images.ensure_runtime(engine, fleet.settings, recipes, fleet.say)
    bare_lab.start(["haproxy:lts", "redis:7"], first=[runtime], joined=1)
    first = bare_lab.nodes[0]
    monkeypatch.setenv("DOCKER_HOST", first.host)
    monkeypatch.setenv("NO_PROXY", f"127.0.0.1,{first.address}")
    grown = admit_flock(tmp_path / "workspace", "lab")
    try:
        with registry_at(engine) as repository, grown.fleet.load() as count:
            for node in bare_lab.nodes[1:]:
                bare_lab.join(node)
            declare(grown, first)
            said = walk(grown, repository)
        assert all(node.name in said for node in bare_lab.nodes)
        replicas = grown.fleet.target.replicas()
        assert {one.node for one in replicas} == {node.name for node in bare_lab.nodes}
        assert all(one.ready for one in replicas)
        for node in bare_lab.nodes:
            until(lambda node=node: healthy(grown, node), 30, f"the proxy of {node.name}")  # type: ignore[misc]
        assert count.failed == 0, count.failures[:5]
        assert count.mixed == 0
    finally:
        grown.ratchet("stop")


@contextmanager
def registry_at(engine: docker.DockerClient) -> Iterator[str]:
    """A registry on the lab's bridge; yields the repository as the nodes name it."""
    for port in serve_registry(engine):
        yield f"{GATEWAY}:{port}/team/bot"


def declare(grown: Flock, first: Node) -> None:
    """Change stack.yml as the page says."""
    file = grown.workspace / "deployments" / "stack.yml"
    text = file.read_text().replace("replicas: 2", "replicas: 3", 1)
    before, redis, after = text.partition("\n  redis:\n")
    after = after.replace("node.role == manager", f"node.hostname == {first.name}", 1)
    file.write_text(before + redis + after)


def walk(grown: Flock, repository: str) -> str:
    """Run the section's shell blocks in the workspace, with this repository; returns what they printed."""
    text = PAGE.read_text(encoding="utf-8")
    section = text[text.index("## From one node to three") :].partition("\n## ")[0]
    scripts = FENCE.findall(section)
    assert [language for _, language, _ in scripts] == ["sh", "sh"]
    said = ""
    for _, _, script in scripts:
        command = re.sub(r"ghcr\.io/team/bot", repository, script)
        path = f"{ROOT / '.venv' / 'bin'}:{os.environ['PATH']}"
        done = subprocess.run(
            ["bash", "-e", "-c", command],
            cwd=grown.workspace,
            env={**os.environ, "PATH": path},
            capture_output=True,
            text=True,
            timeout=300,
        )
        assert done.returncode == 0, f"{command}\n{done.stdout}{done.stderr}"
        said += done.stdout
    return said


def healthy(grown: Flock, node: Node) -> bool:
    """Whether a node's proxy sends people to a replica."""
    try:
        answer = httpx.get(f"http://{node.address}:{grown.settings.port}/status", trust_env=False)
        return answer.status_code == 200
    except httpx.HTTPError:
        return False
