"""What of a running Ratchet can be reached, and by whom: sockets, the channel's address, the fleet's containers."""

from __future__ import annotations

import ipaddress
import json
import stat
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import httpx
import psutil
import pytest

from adapters.files import read_json
from adapters.settings import SOURCE
from tests.e2e import probes
from tests.e2e.fleet.fleet import Fleet
from tests.e2e.service import Service

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(900)]


@dataclass
class Listeners:
    """Every address on which a process of a workspace was seen to listen, with the process's command."""

    folder: Path
    seen: dict[tuple[str, int], str] = field(default_factory=dict)
    done: threading.Event = field(default_factory=threading.Event)

    def look(self) -> None:
        """Look once."""
        for process in psutil.process_iter():
            try:
                words = " ".join([process.cwd(), *process.cmdline()])
                if str(self.folder) not in words and str(self.folder) not in str(process.environ()):
                    continue
                for one in process.net_connections("inet"):
                    if one.laddr and not one.raddr and one.status in (psutil.CONN_LISTEN, psutil.CONN_NONE):
                        self.seen[one.laddr.ip, one.laddr.port] = words[:200]
            except (psutil.Error, OSError):
                continue

    def watch(self) -> None:
        """Look again and again, so that what listens for a moment is seen too: staging, the load test."""
        while not self.done.wait(0.5):
            self.look()


@dataclass(frozen=True)
class Running:
    """A service with a released bot, and what listened from the first training on."""

    service: Service
    listeners: Listeners


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    """What `make run` and `make up` do, in a workspace of its own."""
    if not (SOURCE / "bot" / ".venv").exists():
        pytest.skip("the bot environment is missing: make setup")
    service = Service(tmp_path_factory.mktemp("security"))
    listeners = Listeners(service.folder)
    watcher = threading.Thread(target=listeners.watch, daemon=True)
    watcher.start()
    try:
        service.make("storage")
        service.ratchet("retrain")
        service.up()
        time.sleep(2)
        listeners.look()
        yield Running(service, listeners)
    finally:
        listeners.done.set()
        service.down()
        service.ratchet("stop")


def test_nothing_listens_on_all_interfaces(running: Running) -> None:
    """Bot, its supervisor, staging, Prefect, MLflow, worker, watcher and monitor: on loopback or not at all."""
    seen = running.listeners.seen
    env = running.service.env
    for name in ("RATCHET_PORT", "RATCHET_PREFECT_PORT", "RATCHET_MLFLOW_PORT"):
        assert ("127.0.0.1", int(env[name])) in seen, (name, seen)
    assert len(seen) >= 4, seen  # the three and the bot's own
    outside = {
        place: words for place, words in seen.items() if not ipaddress.ip_address(place[0]).is_loopback
    }
    assert not outside


def test_nothing_of_rasa_is_reachable_on_a_bot_without_an_engine(running: Running) -> None:
    """Neither at the address that people use nor at the replica's own: training, models, conversations, domain."""
    live = read_json(running.service.home / ".ratchet" / "process" / "live.json")
    assert live is not None
    assert not list(probes.wrong(running.service.bot_port))
    assert not list(probes.wrong(live["port"], ("GET", "POST", "PUT")))
    assert running.service.say("hello")["messages"]


def test_health_says_no_secret(running: Running) -> None:
    """`/status` is open; it names release and model, and nothing of people or machines."""
    said = httpx.get(f"http://127.0.0.1:{running.service.bot_port}/status", trust_env=False).json()
    assert set(said) == {"ready", "release", "model_version", "model_id", "sha256", "started_at", "events"}


def test_secrets_are_files_that_only_their_owner_reads(running: Running) -> None:
    """Tokens are in files with mode 0600, and in no command line, environment, log or run folder."""
    secrets = running.service.home / ".ratchet" / "secrets"
    tokens = [path for path in secrets.iterdir() if path.is_file()]
    assert tokens
    values = [path.read_text().strip() for path in tokens]
    for path in tokens:
        assert stat.S_IMODE(path.stat().st_mode) == 0o600, path
    for process in psutil.process_iter(["cmdline", "environ"]):
        shown = json.dumps([process.info["cmdline"], process.info["environ"]])
        assert not any(value in shown for value in values), process
    state = running.service.home / ".ratchet"
    for path in [*state.rglob("*.log"), *(state / "runs").rglob("*.json"), *(state / "runs").rglob("*.html")]:
        text = path.read_text(encoding="utf-8", errors="replace")
        assert not any(value in text for value in values), path


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
