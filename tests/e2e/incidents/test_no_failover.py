"""No failover.

The bot ran on one machine; 'failover' was a second one, stopped, with last month's code. When the first one died, the
bot was gone until somebody had noticed, started the other one, and copied code and model over by hand.
"""

from __future__ import annotations

import signal
import subprocess
import time

import httpx
import pytest

from ratchet.adapters.bot import channel, rasa
from ratchet.adapters.system.processes import free_port
from tests.e2e.fleet.fleet import Fleet, until
from tests.e2e.incidents.team import Team

pytestmark = pytest.mark.e2e


def test_one_server_that_dies_is_gone(team: Team) -> None:
    """The old way: the real server of the live release, alone; killed, it answers nobody, and stays away."""
    live, port = team.live(), free_port()
    bundle = team.workspace / ".ratchet" / "bundles" / live.bundle
    argv = rasa.tool(team.settings, bundle / "bot", "serve", "--model", bundle / "model.tar.gz")
    argv += ["--port", str(port), "--release", live.id, "--model-version", live.model_version]
    argv += ["--sha256", live.model_sha256]
    server = subprocess.Popen(argv, cwd=bundle / "bot", stderr=subprocess.DEVNULL)
    url = f"http://127.0.0.1:{port}"
    try:
        until(lambda: channel.serves(url, live.id), 60, "the start of the server")
    finally:
        server.kill()
        server.wait()
    for _ in range(6):
        with pytest.raises(httpx.ConnectError):
            httpx.get(f"{url}/status", trust_env=False)
        time.sleep(0.5)


@pytest.mark.long  # tests/e2e/fleet/test_faults.py kills a replica in every run
def test_a_fleet_that_loses_a_replica_answers_everybody(fleet: Fleet) -> None:
    """A replica is killed; no request is lost, and another one is started in its place, with the same release."""
    assert fleet.live is not None
    live, known = fleet.live, {container.id for container in fleet.containers()}
    assert len(known) >= 2
    with fleet.load() as count:
        fleet.signal_replica(signal.SIGKILL)
        until(
            lambda: bool({one.id for one in fleet.containers()} - known) and fleet.serves(live),
            60,
            "a new replica",
        )
    assert count.sent > 0
    assert count.failed == 0, count.failures[:5]
    assert set(count.releases) == {live.id}
