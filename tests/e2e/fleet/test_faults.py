"""What users notice of faults: nothing. Each test has an open-loop load on the channel for its whole time."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
import time
from datetime import UTC, datetime

import httpx
import pytest

from ratchet.adapters.system import commands
from ratchet.adapters.targets import warmth
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
    assert count.mixed == 0


@pytest.mark.parametrize("order", ["two-colours", exhaustive("rolling")])
def test_an_image_that_crashes_comes_to_no_user(fleet: Fleet, order: str) -> None:
    """An image whose server ends at once, even where it gets past the proof; the error has its last words."""
    with fleet.code(
        "bot/ratchet_bot/tools/serve.py", lambda text: text.replace("def main(", f"{CRASHES}\ndef main(", 1)
    ):
        release = fleet.package()
    assert fleet.live is not None
    with fleet.load() as count:
        started = time.monotonic()
        with pytest.raises(RatchetError, match="Broken on purpose"):
            fleet.roll_out(release, fleet.with_rollout(order=order))
        seconds = time.monotonic() - started
        fleet.assert_serves(fleet.live)
    fleet.note(f"image that crashes ({order})", "the old one serves", count, seconds)
    assert count.failed == 0, count.failures[:5]
    assert set(count.releases) == {fleet.live.id}


@pytest.mark.long
def test_an_image_that_never_becomes_healthy_comes_to_no_user(fleet: Fleet) -> None:
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
        with pytest.raises(RatchetError, match="its sha256 is 'another'"):
            fleet.roll_out(release)
        seconds = time.monotonic() - started
        fleet.assert_serves(fleet.live)
    fleet.note("image that never becomes healthy", "the old one serves", count, seconds)
    assert count.failed == 0, count.failures[:5]
    assert set(count.releases) == {fleet.live.id}


@pytest.mark.parametrize(
    ("before", "after", "said"),
    [
        ('memory: "${RATCHET_REPLICA_MEMORY}"}', "memory: 4000G}", "reserves 4,096,000 MiB of memory"),
        (
            "        preferences:\n",
            "        max_replicas_per_node: 1\n        preferences:\n",
            "max_replicas_per_node is 1",
        ),
        (
            "        preferences:\n",
            "        constraints: [node.labels.disk == ssd]\n        preferences:\n",
            "no node meets",
        ),
    ],
)
def test_what_no_node_has_room_for_is_refused_before_it_starts(
    fleet: Fleet, before: str, after: str, said: str
) -> None:
    """With what is asked for and what there is; nothing was started."""
    release = fleet.package()
    assert fleet.live is not None
    impossible = fleet.code("deployments/stack.yml", lambda text: text.replace(before, after, 1))
    with impossible, pytest.raises(RatchetError, match=said):
        fleet.target.stage(release, fleet.say)
    assert fleet.target.colours.present(fleet.target.colours.live().other) is None
    fleet.assert_serves(fleet.live)


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


@pytest.mark.long
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
    [
        ("replica SIGKILLed", signal.SIGKILL, 15.0),
        exhaustive("replica SIGSTOPped", signal.SIGSTOP, 60.0),
    ],
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


@pytest.mark.parametrize("how", ["warm", "cold"])
def test_a_rollback_loses_no_request(fleet: Fleet, how: str) -> None:
    """While the release before is warm the way back is one switch; later it is started again first."""
    assert fleet.live is not None
    older, newer = fleet.live, fleet.package()
    fleet.roll_out(newer)
    if how == "cold":  # its time is over, and the monitor's next look ends it
        left = fleet.target.colours.live()
        assert left is not None
        fleet.target.colours.keep_warm(left.other, datetime.now(UTC))
        assert older.id in warmth.end(fleet.settings, fleet.say)
        assert fleet.target.warm() is None
    with fleet.load() as count:
        started = time.time()
        assert fleet.target.switch_back(as_older(older), fleet.say) is (how == "warm")
        if how == "cold":
            fleet.target.stage(as_older(older), fleet.say)
            decided = time.time()
            fleet.target.deploy(as_older(older), fleet.say)
        else:
            decided = started
        fleet.assert_serves(older)
    fleet.live = older
    last = count.last_of(newer.id)
    fleet.note(
        f"rollback, {how}", f"last old answer {last - decided:.1f} s after the switch", count, last - started
    )
    assert count.failed == 0, count.failures[:5]
    assert count.mixed == 0


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
target, release = SwarmTarget(settings), Release.from_dict(json.loads(sys.argv[4]))
target.stage(release, lambda line: print(line, flush=True))
target.deploy(release, lambda line: print(line, flush=True))
"""


@pytest.mark.parametrize("moment", [exhaustive("1 of 2"), "all traffic goes to"])
def test_the_orchestrator_may_die_in_the_middle_of_a_release(fleet: Fleet, moment: str) -> None:
    """Killed while a colour starts, or after the switch, it leaves one serving; the next run cleans up and releases."""
    assert fleet.live is not None
    release = fleet.package()
    settings = fleet.settings
    argv = [sys.executable, "-c", DEPLOY, str(fleet.workspace), settings.stack, str(settings.port)]
    argv += [json.dumps(release.as_dict())]
    with fleet.load() as count:
        process = commands.start(argv, cwd=ROOT, stdout=subprocess.PIPE)
        assert process.stdout is not None
        for line in process.stdout:
            if line.startswith(moment):
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
        fleet.roll_out(release, pushing)
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
