"""What the fleet is made of: a lean, closed image, and a proxy that lets nothing but the channel through."""

from __future__ import annotations

import httpx
import pytest

from ratchet.adapters.targets.swarm import stack
from ratchet.adapters.targets.swarm.images import ensure_runtime
from ratchet.adapters.targets.swarm.target import SwarmTarget
from ratchet.domain.errors import RatchetError
from tests.e2e.fleet.fleet import Fleet, until

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(300)]


def test_the_image_is_lean_and_says_what_it_is(fleet: Fleet) -> None:
    """At most 0.8 GB, without a compiler, and labelled with model, code and data."""
    assert fleet.live is not None
    image = fleet.client.images.get(fleet.live.bundle)
    assert image.attrs["Size"] <= 0.8e9
    labels = image.labels
    assert labels["org.opencontainers.image.version"] == fleet.live.model_version
    assert labels["org.opencontainers.image.revision"] == fleet.live.code_commit
    assert labels["ratchet.model.sha256"] == fleet.live.model_sha256
    for program in ("gcc", "cc", "g++", "make"):
        code, _ = fleet.containers()[0].exec_run(["sh", "-c", f"command -v {program}"])
        assert code != 0, f"{program} is in the image"


def test_a_replica_can_do_little(fleet: Fleet) -> None:
    """No root, no capabilities, no writing outside /tmp, secrets as files, an init that reaps."""
    replica = fleet.containers()[0]
    attributes = replica.attrs
    assert attributes["Config"]["User"] == "10001:10001"
    assert attributes["HostConfig"]["ReadonlyRootfs"]
    assert attributes["HostConfig"]["CapDrop"] == ["ALL"]
    assert attributes["HostConfig"]["Init"]
    assert replica.exec_run(["sh", "-c", "touch /app/x"])[0] != 0
    assert replica.exec_run(["sh", "-c", "touch /tmp/x"])[0] == 0
    assert b"ratchet_client_tokens" in replica.exec_run(["ls", "/run/secrets"])[1]
    assert not any("TOKEN=" in line for line in attributes["Config"]["Env"])
    # Compiled when the image was built, because nothing can be written later.
    assert (
        replica.exec_run(["sh", "-c", "ls /app/env/lib/python3.13/site-packages/rasa/__pycache__/*.pyc"])[0]
        == 0
    )


def test_a_port_that_is_taken_is_refused_before_any_work(fleet: Fleet) -> None:
    """The engine would restart the proxy for ever, and the release fail at its very end."""
    second = SwarmTarget(fleet.settings.model_copy(update={"stack": "ratchet-second"}))
    with pytest.raises(RatchetError, match=f"Port {fleet.settings.port}"):
        second.check()


def test_a_model_is_a_layer_on_the_runtime_image(fleet: Fleet) -> None:
    """A new model's image shares every layer of the runtime: nothing is installed again."""
    runtime = ensure_runtime(fleet.client, fleet.settings, stack.recipes(fleet.settings), fleet.say)
    shared = fleet.client.images.get(runtime).attrs["RootFS"]["Layers"]
    layers = fleet.client.images.get(fleet.package("wrong").bundle).attrs["RootFS"]["Layers"]
    assert layers[: len(shared)] == shared
    assert 0 < len(layers) - len(shared) <= 6


def test_nobody_talks_without_a_token(fleet: Fleet) -> None:
    """The channel refuses who has no token, or a wrong one."""
    for headers in ({}, {"Authorization": "Bearer 0123456789abcdef0"}):
        body = {"sender": "eve", "message": "hello"}
        answer = httpx.post(f"{fleet.target.url()}/chat", json=body, headers=headers, trust_env=False)
        assert answer.status_code == 401


def test_a_proxy_that_stops_says_so_first(fleet: Fleet) -> None:
    """While it drains, `/healthz` answers 503 and requests are still served; the swarm starts another."""
    url = f"{fleet.target.url()}/healthz"
    assert httpx.get(url, trust_env=False).status_code == 200
    old = fleet.containers("proxy")[0]
    old.kill(signal="SIGUSR1")
    until(lambda: httpx.get(url, trust_env=False).status_code == 503, 3, "draining")
    assert fleet.chat("dora", "i need a new laptop")["messages"]
    until(lambda: {one.id for one in fleet.containers("proxy")} not in (set(), {old.id}), 40, "a new proxy")
    until(lambda: fleet_answers(url), 10, "an answer of the new proxy")


def fleet_answers(url: str) -> bool:
    """Whether the proxy answers."""
    try:
        return httpx.get(url, trust_env=False).status_code == 200
    except httpx.HTTPError:
        return False
