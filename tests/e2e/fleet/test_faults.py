"""What users notice of faults: nothing. Each test has an open-loop load on the channel for its whole time."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
import time

import httpx
import pytest

from ratchet.adapters.system import commands
from ratchet.adapters.targets.swarm.target import SwarmTarget
from ratchet.domain.errors import RatchetError
from tests.e2e.fleet.fleet import ROOT, UNKNOWN, Fleet, as_older, until
from tests.sweep import LABEL
from tests.tiers import exhaustive

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(400)]

CRASHES = "raise SystemExit('error: broken on purpose')"
NEVER_HEALTHY = "--start-period=8s --retries=2"


@pytest.mark.timeout(900)
@pytest.mark.parametrize("number", [1, exhaustive(3)])
def test_good_releases_in_a_row_lose_no_request(fleet: Fleet, number: int) -> None:
    """Each goes over staging, conversations, load test and rollout, and costs users nothing."""
    with fleet.load() as count:
        started = time.monotonic()
        for _ in range(number):
            fleet.bring_out(fleet.package())
        seconds = (time.monotonic() - started) / number
    fleet.note(f"good release, {number} in a row", "new release on every replica", count, seconds)
    assert count.failed == 0, count.failures[:5]
    assert len(count.releases) == number + 1


def test_an_image_that_crashes_is_rolled_back(fleet: Fleet) -> None:
    """An image whose server ends at once comes to no user, even past staging; the error has its last words."""
    with fleet.code(
        "bot/ratchet_bot/tools/serve.py", lambda text: text.replace("def main(", f"{CRASHES}\ndef main(", 1)
    ):
        release = fleet.package()
    assert fleet.live is not None
    with fleet.load() as count:
        started = time.monotonic()
        with pytest.raises(RatchetError, match="non-zero exit") as refused:
            fleet.target.deploy(release, fleet.say)
        seconds = time.monotonic() - started
        fleet.assert_serves(fleet.live)
    assert "broken on purpose" in str(refused.value)
    fleet.note("image that crashes", "engine rolled back", count, seconds)
    assert count.failed == 0, count.failures[:5]
    assert set(count.releases) == {fleet.live.id}


def test_an_image_that_never_becomes_healthy_is_rolled_back(fleet: Fleet) -> None:
    """A server whose status names another model than its image holds is never healthy, so it never serves."""
    with (
        fleet.code(
            "bot/ratchet_bot/channel/chat.py",
            lambda text: text.replace('"sha256": service.sha256', '"sha256": "another"'),
        ),
        fleet.code(
            "deployments/bot/model.Dockerfile",
            lambda text: text.replace("--start-period=120s --retries=4", NEVER_HEALTHY),
        ),
    ):
        release = fleet.package()
    assert fleet.live is not None
    with fleet.load() as count:
        started = time.monotonic()
        with pytest.raises(RatchetError, match="sha256 is 'another'"):
            fleet.target.deploy(release, fleet.say)
        seconds = time.monotonic() - started
        fleet.assert_serves(fleet.live)
    fleet.note("image that never becomes healthy", "engine rolled back", count, seconds)
    assert count.failed == 0, count.failures[:5]
    assert set(count.releases) == {fleet.live.id}


def test_a_replica_that_no_node_has_room_for_is_rolled_back(fleet: Fleet) -> None:
    """A task that waits for ever becomes a rollback at the time limit, with the scheduler's reason."""
    release = fleet.package()
    assert fleet.live is not None
    hungry = fleet.code(
        "deployments/stack.yml", lambda text: text.replace("memory: 256M}", "memory: 4000G}", 1)
    )
    with fleet.load() as count, hungry:
        started = time.monotonic()
        with pytest.raises(RatchetError, match=r"insufficient resources|no suitable node"):
            fleet.with_rollout(deploy_timeout_seconds=12.0).deploy(release, fleet.say)
        seconds = time.monotonic() - started
        fleet.assert_serves(fleet.live)
    fleet.note(
        "task that cannot be placed (limit set to 12 s)", "rolled back at the time limit", count, seconds
    )
    assert count.failed == 0, count.failures[:5]


def test_wrong_answers_do_not_leave_staging(fleet: Fleet) -> None:
    """A healthy image with a model that confuses its intents is stopped by the conversations."""
    release = fleet.package("wrong")
    with fleet.load() as count:
        started = time.monotonic()
        with pytest.raises(RatchetError, match="does not answer as"):
            fleet.bring_out(release)
        seconds = time.monotonic() - started
    fleet.note("healthy image with wrong answers", "stopped in staging", count, seconds)
    assert count.failed == 0, count.failures[:5]
    assert release.id not in count.releases


def test_a_slow_image_does_not_leave_staging(fleet: Fleet) -> None:
    """An image whose answers are right but take 0.7 s longer is stopped by the load test."""
    slow = "import time; time.sleep(0.7)\n        processor = self.agent.processor\n        output"
    before = "processor = self.agent.processor\n        output"
    with fleet.code("bot/ratchet_bot/channel/conversation.py", lambda text: text.replace(before, slow, 1)):
        release = fleet.package()
    with fleet.load() as count:
        started = time.monotonic()
        with pytest.raises(RatchetError, match="did not pass the load test"):
            fleet.bring_out(release)
        seconds = time.monotonic() - started
    fleet.note("too slow image", "stopped in staging", count, seconds)
    assert count.failed == 0, count.failures[:5]
    assert release.id not in count.releases


@pytest.mark.parametrize(
    ("name", "sign", "limit"),
    [("replica SIGKILLed", signal.SIGKILL, 15.0), ("replica SIGSTOPped", signal.SIGSTOP, 60.0)],
)
def test_a_lost_replica_is_replaced(fleet: Fleet, name: str, sign: signal.Signals, limit: float) -> None:
    """A replica that is killed or hangs loses no request, and the swarm starts another in its place."""
    assert fleet.live is not None
    known = {container.id for container in fleet.containers()}
    with fleet.load() as count:
        fleet.signal_replica(sign)
        seconds = until(lambda: replaced(fleet, known), limit, "a new replica")
        fleet.assert_serves(fleet.live)
    fleet.note(name, "replaced", count, seconds)
    assert count.failed == 0, count.failures[:5]


def test_docker_stop_of_a_replica_loses_nothing(fleet: Fleet) -> None:
    """`docker stop` drains a replica, and the swarm starts another."""
    assert fleet.live is not None
    known = {container.id for container in fleet.containers()}
    with fleet.load() as count:
        commands.run(["docker", "stop", "--time", "20", fleet.containers()[0].id], timeout=60)
        seconds = until(lambda: replaced(fleet, known), 30.0, "a new replica")
    fleet.note("`docker stop` of a replica", "replaced", count, seconds)
    assert count.failed == 0, count.failures[:5]


def replaced(fleet: Fleet, known: set[str]) -> bool:
    """Whether a container that was not there before runs and every replica answers."""
    assert fleet.live is not None
    return bool({container.id for container in fleet.containers()} - known) and fleet.serves(fleet.live)


def test_a_rollback_loses_no_request(fleet: Fleet) -> None:
    """The way back to the recorded release, replica by replica; the table says how long it took."""
    assert fleet.live is not None
    older = fleet.live
    fleet.roll_out(fleet.package())
    with fleet.load() as count:
        started = time.monotonic()
        first: list[float] = []

        def say(line: str) -> None:
            fleet.say(line)
            if line.startswith(("1 of", "2 of")) and not first:
                first.append(time.monotonic() - started)

        fleet.target.deploy(as_older(older), say)
        everywhere = time.monotonic() - started
        fleet.assert_serves(older)
    fleet.live = older
    fleet.note("rollback", f"first replica after {first[0]:.1f} s", count, everywhere)
    assert count.failed == 0, count.failures[:5]


def test_a_conversation_goes_on_where_it_was(fleet: Fleet) -> None:
    """A person who was asked to say it in other words is handed over after a release and a lost replica."""
    first = fleet.chat("anna", UNKNOWN)
    assert first["intent"]["name"] == "nlu_fallback"
    second = fleet.chat("berta", UNKNOWN)
    with fleet.load() as count:
        fleet.roll_out(fleet.package())
        after_release = fleet.chat("anna", UNKNOWN)
        known = {container.id for container in fleet.containers()}
        fleet.signal_replica(signal.SIGKILL)
        until(lambda: replaced(fleet, known), 30.0, "a new replica")
        after_loss = fleet.chat("berta", UNKNOWN)
    assert second["intent"]["name"] == "nlu_fallback"
    assert after_release["intent"]["name"] == "nlu_handoff"
    assert after_loss["intent"]["name"] == "nlu_handoff"
    fleet.note("conversation in progress during release and replica loss", "went on where it was", count)
    assert count.failed == 0, count.failures[:5]


def test_a_repeated_request_is_answered_once(fleet: Fleet) -> None:
    """The channel drops the second of two requests with one message id, on whichever replica it arrives."""
    once = fleet.chat("clara", UNKNOWN, message_id="m-1")
    again = [fleet.chat("clara", UNKNOWN, message_id="m-1") for _ in range(4)]
    assert all(reply == once for reply in again)


DEPLOY = """
import sys
from pathlib import Path
from tests.e2e.fleet.fleet import *
port = int(sys.argv[3])
settings = load_settings(Path(sys.argv[1]), target="swarm", stack=sys.argv[2], port=port, operation_port=port + 1)
SwarmTarget(settings).deploy(Release.from_dict(json.loads(sys.argv[4])), lambda line: print(line, flush=True))
"""


def test_the_orchestrator_may_die_in_the_middle_of_a_release(fleet: Fleet) -> None:
    """Killed in mid-rollout, it leaves old or new serving; the next run brings the fleet to what it wants."""
    assert fleet.live is not None
    release = fleet.package()
    settings = fleet.settings
    argv = [sys.executable, "-c", DEPLOY, str(fleet.workspace), settings.stack, str(settings.port)]
    argv += [json.dumps(release.as_dict())]
    with fleet.load() as count:
        process = commands.start(argv, cwd=ROOT, stdout=subprocess.PIPE)
        assert process.stdout is not None
        for line in process.stdout:
            if line.startswith("1 of 2"):
                process.kill()
        process.wait()
        started = time.monotonic()
        fleet.target.clean(fleet.live, fleet.say)
        fleet.assert_serves(fleet.live)
        fleet.roll_out(release)
        seconds = time.monotonic() - started
    fleet.note("orchestrator killed in mid-release", "next run cleaned up and released", count, seconds)
    assert count.failed == 0, count.failures[:5]


def test_a_registry_that_is_down_does_not_matter(fleet: Fleet) -> None:
    """Deployed by digest from a registry that then goes away, a killed replica is started again all the same."""
    registry = fleet.client.containers.run(
        "registry:2", detach=True, ports={"5000/tcp": ("127.0.0.1", 15109)}, labels=[LABEL]
    )
    pushing = SwarmTarget(fleet.settings.model_copy(update={"registry": "127.0.0.1:15109/team/bot"}))
    try:
        until(lambda: answers("http://127.0.0.1:15109/v2/"), 20, "the registry")
        release = fleet.package(target=pushing)
        assert release.bundle.startswith("127.0.0.1:15109/team/bot@sha256:")
        pushing.deploy(release, fleet.say)
        fleet.live = release
    finally:
        registry.remove(force=True)
    known = {container.id for container in fleet.containers()}
    with fleet.load() as count:
        fleet.signal_replica(signal.SIGKILL)
        seconds = until(lambda: replaced(fleet, known), 15.0, "a new replica")
    fleet.note("registry down, replica SIGKILLed", "replaced", count, seconds)
    assert count.failed == 0, count.failures[:5]


def answers(url: str) -> bool:
    """Whether anything answers there."""
    try:
        return httpx.get(url, trust_env=False).status_code < 500
    except httpx.HTTPError:
        return False
