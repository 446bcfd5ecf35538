"""Channels and custom actions of a fleet, through the proxy and through a release: no message is lost."""

from __future__ import annotations

import ssl
import subprocess
from collections.abc import Iterator
from pathlib import Path

import docker
import httpx
import pytest

from ratchet.adapters.bot import project, rasa
from ratchet.adapters.system.processes import free_port
from ratchet.domain.errors import RatchetError
from tests.e2e import probes
from tests.e2e.fleet import with_channels
from tests.e2e.fleet.fleet import ROOT, Fleet, make_fleet, until

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(600)]


@pytest.fixture(scope="module")
def host(engine: docker.DockerClient) -> str:
    """The address under which containers reach this machine."""
    bridge = engine.networks.get("docker_gwbridge")
    return str(bridge.attrs["IPAM"]["Config"][0]["Gateway"])


@pytest.fixture(scope="module")
def channels(host: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Fleet, int]]:
    """A fleet of the small bot with channels, an action of its own and TLS; and the port of the fake platform."""
    if not (ROOT / "bot" / ".venv").exists():
        pytest.skip("the bot environment is missing: make setup")
    folder, platform = Path(tmp_path_factory.mktemp("channels")), free_port()
    certificate = self_signed(folder)
    made = make_fleet(
        folder / "workspace", "ratchet-talk", 15155, tls_certificate=certificate, tls_port=15157
    )
    with_channels.bring(made.workspace, f"http://{host}:{platform}/")
    made.remove()
    try:
        project.inspect(made.settings, made.say)
        made.roll_out(made.package())
        until(made.answers, 15, "the proxy of a new fleet finds its replicas")
        yield made, platform
    finally:
        print("\n".join(made.said))
        made.remove()


@pytest.mark.long  # on the target `process` in ../test_channels.py
def test_no_message_is_lost_in_a_release(channels: tuple[Fleet, int]) -> None:
    """Signed requests of Slack, updates as Telegram sends them and two real Socket.IO clients: each has its reply.

    A wrong signature is refused; an update that comes twice is one turn, whichever replica gets it.
    """
    fleet, platform = channels
    python = rasa.python(fleet.settings, fleet.settings.bot)
    with with_channels.people(python, fleet.target.url(), platform) as found:
        until(lambda: answered(fleet) > 20, 60, "people talk")
        fleet.roll_out(fleet.package())
        until(lambda: answered(fleet) > 20, 60, "people talk to the new release")
        until(lambda: with_channels.connections(platform) >= 4, 60, "both pages are with the new release")
    assert len(found["sent"]) > 10
    assert found["refused"]
    assert with_channels.lost(found) == {}
    assert with_channels.twice(found) == {}


def test_each_colour_has_its_own_custom_actions(channels: tuple[Fleet, int]) -> None:
    """A service from the release's image beside the replicas of a colour; its lines are among the fleet's."""
    fleet, _ = channels
    live = fleet.target.colours.live()
    assert live is not None
    assert fleet.live is not None
    found = fleet.client.services.list(filters={"name": f"ratchet-talk-{live}_actions-{live}"})[0]
    image = found.attrs["Spec"]["TaskTemplate"]["ContainerSpec"]["Image"]
    assert image == fleet.live.bundle
    assert "actions answer on 0.0.0.0:5055" in fleet.target.logs(200)


def test_what_can_be_reached_is_what_is_in_the_file(channels: tuple[Fleet, int]) -> None:
    """Rasa's paths of the channels that the file names; all else is refused, whatever it looks like."""
    fleet, _ = channels
    url = fleet.target.url()
    asked = {"sender": "anna", "message": "i need a new laptop"}
    assert httpx.post(f"{url}/webhooks/rest/webhook", json=asked, trust_env=False, timeout=30).json()
    for path in (
        *(
            "/webhooks/telegram/webhook",
            "/webhooks/rest/elsewhere",
            "/webhooks/../model",
            "/webhooks/rest/../chat",
        ),
        *(
            "/webhooks/rest/%2e%2e/model",
            "/webhooks",
            "/webhooks/",
            "/socket.io/../model",
            "/socket.iox",
            "/webhook",
        ),
    ):
        answer = probes.ask(fleet.settings.port, "POST", path, body="{}")
        assert set(answer.statuses) <= probes.REFUSED, (path, answer)
    assert set(probes.ask(fleet.settings.port, "DELETE", "/webhooks/rest/webhook").statuses) <= probes.REFUSED


def test_the_proxy_speaks_tls(channels: tuple[Fleet, int]) -> None:
    """With the certificate that the setting names."""
    fleet, _ = channels
    context = ssl.create_default_context(cafile=str(fleet.settings.tls_certificate))
    answer = httpx.get("https://localhost:15157/status", verify=context, trust_env=False, timeout=10)
    assert answer.json()["ready"]


def test_no_secret_of_a_channel_is_where_somebody_who_may_inspect_sees_it(
    channels: tuple[Fleet, int],
) -> None:
    """Neither in services nor in images: it is in a secret of the engine."""
    fleet, _ = channels
    shown = [str(service.attrs) for service in fleet.client.services.list()]
    assert fleet.live is not None
    image = fleet.client.images.get(fleet.live.bundle)
    shown += [str(image.attrs), str(image.history())]
    for secret in ("chatter-secret", "signing-secret", "xoxb-one"):
        assert not any(secret in text for text in shown), secret


@pytest.mark.long  # the words: ratchet_bot/tests/test_credentials.py
def test_a_channel_without_its_secret_is_refused_by_name(channels: tuple[Fleet, int]) -> None:
    """Before an image is built, with file and line."""
    fleet, _ = channels
    env = fleet.workspace / ".env"
    kept = env.read_text(encoding="utf-8")
    env.write_text(kept.replace("SLACK_TOKEN", "SLACK_TOKEN_OF_BEFORE"), encoding="utf-8")
    try:
        with pytest.raises(
            RatchetError, match=r"bot/credentials.yml line 4: slack needs the variable SLACK_TOKEN"
        ):
            project.inspect(fleet.settings, fleet.say)
    finally:
        env.write_text(kept, encoding="utf-8")


def answered(fleet: Fleet) -> int:
    """How many requests to the colour that has the traffic HAProxy has sent on."""
    return figure(fleet, "haproxy_backend_http_requests_total", f"bot_{fleet.target.colours.live()}")


def figure(fleet: Fleet, name: str, backend: str) -> int:
    """A figure of HAProxy's."""
    text = httpx.get(f"http://127.0.0.1:{fleet.settings.operation_port}/metrics", trust_env=False).text
    wanted = f'{name}{{proxy="{backend}"}}'
    return sum(int(float(line.split()[-1])) for line in text.splitlines() if line.startswith(wanted))


def self_signed(folder: Path) -> Path:
    """Make a certificate for this machine, and return the file that holds it and its key."""
    argv = [
        "openssl",
        "req",
        "-x509",
        "-newkey",
        "rsa:2048",
        "-nodes",
        "-days",
        "2",
        "-subj",
        "/CN=localhost",
    ]
    argv += ["-addext", "subjectAltName=DNS:localhost,IP:127.0.0.1"]
    files = ["-keyout", str(folder / "key.pem"), "-out", str(folder / "chain.pem")]
    subprocess.run([*argv, *files], check=True, capture_output=True, timeout=60)
    both = folder / "bot.pem"
    both.write_bytes((folder / "chain.pem").read_bytes() + (folder / "key.pem").read_bytes())
    return both
