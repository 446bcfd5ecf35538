"""What of a fleet can be reached, and by whom: its two ports, its containers; `test_service.py` asks of a service."""

from __future__ import annotations

import json

import httpx
import pytest

from tests.e2e import probes
from tests.e2e.fleet.fleet import Fleet

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(900)]


def test_the_users_port_of_the_fleet_gives_the_channel_alone(fleet: Fleet) -> None:
    """HAProxy refuses the rest before it reaches a replica; health is `ok`, figures are not there."""
    assert not list(probes.wrong(fleet.settings.port))
    url = fleet.target.url()
    assert httpx.get(f"{url}/healthz", trust_env=False).text == "ok"
    assert httpx.get(f"{url}/status", trust_env=False).json()["ready"]
    assert httpx.post(f"{url}/parse", json={"messages": []}, trust_env=False).status_code == 404
    assert fleet.chat("probe", "i need a new laptop")["messages"]


def test_the_operation_port_gives_figures_and_health_alone(fleet: Fleet) -> None:
    """It is for operators: counts, and each replica's `/status`; nothing that trains, reads or writes."""
    port = fleet.settings.operation_port
    address = fleet.target.replicas()[0].url.rsplit("/", 1)[-1]
    assert probes.ask(port, "GET", f"/replica/{address}/status").statuses == (200,)
    assert b"haproxy_" in probes.ask(port, "GET", "/metrics").content
    known = {"/metrics", "/replica/127.0.0.1/status", "/replica/127.0.0.1/metrics"}
    for path in [path for path in (*probes.API, *probes.TRICKS) if path not in known]:
        assert set(probes.ask(port, "GET", path).statuses) <= probes.REFUSED, path
    for path in (
        "chat",
        "parse",
        "model",
        "",
        "status/../model",
        "status%2f..%2fmodel",
        "status?x",
        "STATUS",
    ):
        for method in ("GET", "POST", "PUT"):
            if (method, path) != ("GET", "status?x"):
                found = probes.ask(port, method, f"/replica/{address}/{path}")
                assert set(found.statuses) <= probes.REFUSED, (method, path, found)
    assert set(probes.ask(port, "POST", f"/replica/{address}/status").statuses) <= probes.REFUSED


def test_hand_offs_are_answered_at_the_operation_port_and_with_their_own_right(fleet: Fleet) -> None:
    """The users' port has no such path, whatever token comes; the operation port refuses a user's token, and none."""
    staging = (fleet.settings.state / "secrets" / "staging-token").read_text().strip()
    users, people = fleet.settings.port, fleet.settings.operation_port
    for method, path in probes.DESK:
        for token in (fleet.token, staging):
            headers = f"Host: a\r\nAuthorization: Bearer {token}"
            assert probes.ask(users, method, path, headers).statuses == (404,), (method, path)
        assert probes.ask(people, method, path).statuses == (401,), (method, path)
        headers = f"Host: a\r\nAuthorization: Bearer {fleet.token}"
        assert probes.ask(people, method, path, headers).statuses == (403,), (method, path)
    for method, path in (("GET", "/chat/replies?sender=anna"), ("POST", "/chat/rating")):
        assert probes.ask(users, method, path).statuses == (401,), path
        assert probes.ask(people, method, path).statuses == (404,), path
    allowed = f"Host: a\r\nAuthorization: Bearer {fleet.token}"
    assert probes.ask(users, "GET", "/chat/replies?sender=nobody", allowed).statuses == (200,)


def test_no_token_stands_where_somebody_who_may_inspect_sees_it(fleet: Fleet) -> None:
    """Services, containers and images: secrets are mounted as files, not set as variables or arguments."""
    secrets = fleet.settings.state / "secrets"
    values = [fleet.token, (secrets / "staging-token").read_text().strip()]
    shown = [service.attrs for service in fleet.client.services.list()]
    shown += [one.attrs for name in ("bot", "proxy", "redis") for one in fleet.containers(name)]
    assert fleet.live is not None
    image = fleet.client.images.get(fleet.live.bundle)
    shown += [image.attrs, *image.history()]
    text = json.dumps(shown)
    assert len(text) > 10_000
    assert not any(value in text for value in values)


@pytest.mark.parametrize("name", ["bot", "proxy", "redis"])
def test_containers_can_do_little(fleet: Fleet, name: str) -> None:
    """Read-only root, no capabilities, not privileged, no engine's socket; what runs in them is not root."""
    for one in fleet.containers(name):
        host = one.attrs["HostConfig"]
        assert host["ReadonlyRootfs"]
        assert host["CapDrop"] == ["ALL"]
        assert not host["Privileged"]
        assert not any("docker.sock" in mount.get("Source", "") for mount in one.attrs["Mounts"])
        if name == "redis" and "docker-entrypoint.sh" not in str(one.attrs["Config"]["Entrypoint"]):
            continue  # a stand-in for the official image, whose entrypoint becomes another user
        rows = fleet.client.api.top(one.id, ps_args="-eo pid,uid,comm")["Processes"]
        assert rows
        servers = [row for row in rows if not row[2].startswith(("docker-init", "tini"))]
        assert all(row[1] != "0" for row in servers), rows


def test_only_the_proxy_has_ports(fleet: Fleet) -> None:
    """Replicas and the store of conversations are reached through the fleet's own networks only."""
    for name in ("bot", "redis"):
        for one in fleet.containers(name):
            assert not any(one.attrs["NetworkSettings"]["Ports"].values()), name
    networks = {
        name: set(fleet.containers(name)[0].attrs["NetworkSettings"]["Networks"])
        for name in ("proxy", "redis")
    }
    assert not networks["proxy"] & networks["redis"], "the proxy has no way to the conversations"
