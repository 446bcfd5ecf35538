"""SIGKILL of Ratchet while it changes a fleet: at step boundaries, and at moments within the rollout itself.

Only `make test-long` runs it; in `make test` tests/e2e/fleet/test_faults.py kills one release of a fleet.
"""

from __future__ import annotations

import signal
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import docker
import pytest

from ratchet.adapters.registry.mlflow import Registry
from tests.e2e.cli import ROOT
from tests.e2e.kills.dying import end_tools
from tests.e2e.kills.flock import Flock, admit_flock, row

pytestmark = [pytest.mark.e2e, pytest.mark.long, pytest.mark.timeout(600)]


@dataclass(frozen=True)
class Kill:
    """One death: of which command, where, and who dies with it (`alone`, or its `tools` too).

    Where is `after:STEP`, or the moment when a replica of the new colour has `started`, or users have `switched`.
    """

    command: str
    point: str
    whom: str

    @property
    def name(self) -> str:
        """Its row in the table."""
        at = (
            "at a step boundary"
            if self.point.startswith("after:")
            else "while a colour starts or traffic is switched"
        )
        return f"swarm: `{self.command}` killed {at}"


KILLS = (
    Kill("release", "started", "alone"),
    Kill("release", "after:package", "tools"),
    Kill("release", "after:stage", "alone"),
    Kill("release", "started", "tools"),
    Kill("release", "switched", "alone"),
    Kill("release", "switched", "tools"),
    Kill("release", "after:deploy", "alone"),
    Kill("release", "after:verify", "tools"),
    Kill("release", "after:record", "alone"),
    Kill("rollback", "switched", "alone"),
    Kill("rollback", "switched", "tools"),
    Kill("rollback", "after:revert", "alone"),
)


@pytest.fixture(scope="module")
def flock(engine: docker.DockerClient, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Flock]:
    """A workspace with a live release on two replicas; its stack and conversations are taken away at the end."""
    if not (ROOT / "bot" / ".venv").exists():
        pytest.skip("the bot environment is missing: make setup")
    made = admit_flock(Path(tmp_path_factory.mktemp("flock")) / "workspace", "ratchet-kills")
    yield made
    made.fleet.remove()
    made.end_everything()


@pytest.mark.parametrize(
    "kill",
    KILLS,
    ids=lambda kill: f"{kill.command}-{kill.point}-{kill.whom}",
)
def test_a_killed_release_leaves_a_whole_fleet_and_the_next_one_finishes(flock: Flock, kill: Kill) -> None:
    """The swarm ends by itself what was ordered, nobody notices, and the next release needs no hands."""
    if kill.command == "rollback":  # so that there is something to go back to
        flock.another_wording()
        flock.run("release")
    old = Registry(flock.settings).live()
    assert old is not None
    words = flock.another_wording()
    noted = row(kill.name)
    noted.times += 1
    with flock.load(noted) as count:
        carry_out(flock, kill)
        flock.assert_no_lock()
        flock.note_serving(noted, old.id)
        assert flock.serving() <= {old.id} | flock.release_ids()
        if kill.whom == "alone":  # otherwise the next one comes while the swarm is still changing replicas
            flock.await_whole()
        _, seconds = flock.run("release")
    assert not count.failures, count.failures[:5]
    assert flock.says() == words
    assert set(count.releases) <= flock.release_ids()
    flock.assert_fleet_settled()
    noted.finished += 1
    noted.seconds.append(seconds)


def carry_out(flock: Flock, kill: Kill) -> None:
    """Start the command and kill it."""
    if kill.point.startswith("after:"):
        flock.kill_at(kill.point, kill.whom, kill.command)
        return
    moment = flock.started if kill.point == "started" else flock.switched()

    def end(process: subprocess.Popen[str]) -> None:
        if kill.whom == "tools":
            end_tools(process.pid, flock.workspace)
        process.kill()

    code, said = flock.when("", moment, end, kill.command)
    assert code == -signal.SIGKILL, f"it was too late: {code}\n{said}"
