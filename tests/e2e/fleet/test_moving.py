"""A fleet of one set of replicas, as releases before two colours made it, is moved by its next release."""

from __future__ import annotations

import os
import re
import subprocess
from collections.abc import Iterator
from pathlib import Path

import docker
import pytest

from ratchet.adapters.targets.swarm import base, docker_service, stack
from ratchet.domain.release.manifest import Release
from tests.e2e.fleet.fleet import ROOT, UNKNOWN, Fleet, make_fleet, until

pytestmark = [pytest.mark.e2e, pytest.mark.long, pytest.mark.timeout(600)]

FORMER = ROOT / "tests" / "adapters" / "targets" / "swarm"


@pytest.fixture
def former(engine: docker.DockerClient, tmp_path: Path) -> Iterator[Fleet]:
    """A fleet in the former form, with a release on two replicas."""
    made = make_fleet(tmp_path / "workspace", "ratchet-second", 15505)
    made.remove()
    try:
        release = made.package()
        stand_up(made, release, tmp_path / "former")
        until(made.answers, 60, "an answer of the fleet in the former form")
        made.live = release
        yield made
    finally:
        subprocess.run(
            ["docker", "service", "rm", base.before_colours(made.settings)], capture_output=True, check=False
        )
        made.remove()


def stand_up(fleet: Fleet, release: Release, folder: Path) -> None:
    """Deploy a release as Ratchet did before there were colours."""
    (folder / "proxy").mkdir(parents=True)
    (folder / "stack.yml").write_text((FORMER / "stack-of-one-colour.yml").read_text())
    (folder / "proxy" / "haproxy.cfg").write_text((FORMER / "haproxy-of-one-colour.cfg").read_text())
    values = stack.variables(fleet.settings, release) | {"RATCHET_HAPROXY_HASH": "former"}
    argv = ["docker", "stack", "deploy", "--resolve-image", "never", "-c", "stack.yml", fleet.settings.stack]
    subprocess.run(argv, cwd=folder, env={**os.environ, **values}, check=True, timeout=120)


def test_the_next_release_moves_it_and_conversations_continue(former: Fleet) -> None:
    """Nothing is lost but what comes while the proxy, the one owner of its port, starts again once."""
    assert former.chat("emil", UNKNOWN)["intent"]["name"] == "nlu_fallback"
    assert former.live is not None
    assert [one.release for one in former.target.replicas()] == [former.live.id] * 2
    release = former.package()
    with former.load() as count:
        former.bring_out(release)
    former.assert_serves(release)
    assert former.chat("emil", UNKNOWN)["intent"]["name"] == "nlu_handoff"
    assert docker_service.inspect(former.client, base.before_colours(former.settings)) is None
    former.note("a fleet of one colour is moved to two", "moved", count)
    away = re.compile(
        "Cannot connect|Connect call failed|Can not write|disconnected|reset by peer", re.IGNORECASE
    )
    assert [one for one in count.failures if not away.search(one)] == []
    assert count.mixed == 0
