"""Half-updated fleet.

Servers were updated by hand, one after the other. When the second update failed or was forgotten, one server had the
new bot and the other the old: who asked twice got two answers, and nothing showed it.
"""

from __future__ import annotations

import subprocess

import pytest

from ratchet.domain.errors import RatchetError
from ratchet.domain.release.manifest import Release
from tests.e2e.fleet.fleet import Fleet, until

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(400)]

ONLY_ONE_STARTS = """
import redis
if redis.Redis.from_url(os.environ["RATCHET_REDIS_URL"]).incr(os.environ["RATCHET_RELEASE"]) > 1:
    raise SystemExit("error: there is no licence for a second server")
"""


def package_what_starts_once(fleet: Fleet) -> Release:
    """Make an image whose first server starts and whose second one ends at once."""
    with fleet.code(
        "bot/ratchet_bot/tools/serve.py",
        lambda text: text.replace("DRAIN_SECONDS =", f"{ONLY_ONE_STARTS}\nDRAIN_SECONDS =", 1),
    ):
        return fleet.package()


def test_by_hand_a_fleet_is_half_updated_and_ratchet_mends_it(fleet: Fleet) -> None:
    """The old way leaves two releases behind one address; what Ratchet does first in each run brings one back."""
    release, live = package_what_starts_once(fleet), fleet.live
    assert live is not None
    service = fleet.target.service
    argv = ["docker", "service", "update", "--detach", "--no-resolve-image", "--image", release.bundle]
    argv += ["--env-add", f"RATCHET_RELEASE={release.id}", "--update-failure-action", "pause", service]
    subprocess.run(argv, check=True, capture_output=True, timeout=60)
    until(lambda: update_state(fleet, service) == "paused", 90, "the failure of the second update")
    assert {fleet.chat(f"user-{number}", "hello")["release"] for number in range(8)} == {live.id, release.id}

    fleet.target.clean(live, fleet.say)
    fleet.assert_serves(live)


@pytest.mark.long  # in two colours: fleet/test_faults.py, an image that crashes
def test_a_release_is_everywhere_or_nowhere(fleet: Fleet) -> None:
    """The same image as a release: the second replica fails, so the first goes back too, and the run says why."""
    release, live = package_what_starts_once(fleet), fleet.live
    assert live is not None
    with fleet.load() as count, pytest.raises(RatchetError, match="no licence for a second server"):
        fleet.roll_out(release)
    fleet.assert_serves(live)
    assert count.failed == 0, count.failures[:5]
    assert {fleet.chat(f"user-{number}", "hello")["release"] for number in range(8)} == {live.id}


def update_state(fleet: Fleet, service: str) -> str:
    """How far the engine's update of a service is."""
    found = fleet.client.api.inspect_service(service)
    return str((found.get("UpdateStatus") or {}).get("State"))
