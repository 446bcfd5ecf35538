"""The Docker engine gives way while Ratchet releases to the swarm that it manages: stopped, frozen, its disk full.

The engine is one of its own, in a network namespace that the test makes, and its data lie on a small disk. Each time:
exit code 1 with one fact and one remedy and no traceback, or all went well; when the engine is back, one release serves
on every replica, and the next run finishes without hands. Only `make test-long` runs them.
"""

from __future__ import annotations

import os
import signal
import subprocess
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

import docker
import pytest

from ratchet.adapters.registry.mlflow import Registry
from ratchet.adapters.settings import load_settings
from ratchet.adapters.targets.swarm import images, stack
from tests.e2e.cli import ROOT
from tests.e2e.kills.disk import Disk, possible, run
from tests.e2e.kills.flock import Flock, admit_flock, row
from tests.e2e.kills.starving import silent, without
from tests.e2e.kills.told import assert_told
from tests.e2e.lab.lab import Lab, Node

pytestmark = [
    pytest.mark.e2e,
    pytest.mark.long,
    pytest.mark.timeout(900),
    pytest.mark.skipif(os.geteuid() != 0, reason="needs root for network namespaces"),
]

FOLDER = Path("/var/tmp/ratchet-engine")
DISK_MEGABYTES = {"while the images come": 5000, "then": 2000}
SHORT_SECONDS, LONG_SECONDS = 10.0, 20.0
"""A swarm takes a node for lost that says nothing for 15 s, and starts its replicas anew."""


@dataclass
class World:
    """A fleet on an engine of its own, whose data lie on a disk of its own."""

    flock: Flock
    lab: Lab
    disk: Disk

    @property
    def node(self) -> Node:
        """The one node."""
        return self.lab.nodes[0]

    def stopped(self) -> AbstractContextManager[None]:
        """The engine is stopped, and started again when the command has ended."""
        return without(lambda: self.lab.halt(self.node), lambda: self.lab.resume(self.node))

    @contextmanager
    def restarted(self) -> Iterator[None]:
        """The engine is stopped and started again at once, while the command goes on."""
        with self.stopped():
            pass
        yield

    def frozen(self) -> AbstractContextManager[None]:
        """The engine does nothing until the command has ended; containers run on."""
        return without(lambda: self.signal(signal.SIGSTOP), lambda: self.signal(signal.SIGCONT))

    def slow(self, seconds: float = SHORT_SECONDS) -> AbstractContextManager[None]:
        """The engine does nothing for a while."""
        return silent(self.signal, seconds)

    def full(self) -> AbstractContextManager[None]:
        """The engine's disk takes nothing more until the command has ended."""
        return self.disk.full()

    def signal(self, sign: signal.Signals) -> None:
        """Send a signal to the engine, and not to its containers."""
        assert self.node.process is not None
        self.node.process.send_signal(sign)


@dataclass(frozen=True)
class Fault:
    """What happens after which step ("": at the start), or `within` deploy; what is said, "" where all goes well.

    `unnoticed` is whether no message may fail: a stopped engine takes its containers with it, one that was frozen for
    long starts them anew, and on a full disk no conversation can be kept.
    """

    name: str
    happen: Callable[[World], AbstractContextManager[None]]
    after: str
    says: str
    unnoticed: bool = False

    @property
    def when(self) -> str:
        """When it happens, in words."""
        if self.after == "within":
            return "while a colour starts"
        return f"after {self.after}" if self.after else "from the start"


def slower(world: World) -> AbstractContextManager[None]:
    """The engine does nothing for so long that the swarm takes its node for lost."""
    return world.slow(LONG_SECONDS)


SHORT, LONGER = (f"engine frozen for {seconds:g} s" for seconds in (SHORT_SECONDS, LONG_SECONDS))
FAULTS = (
    Fault("engine stopped", World.stopped, "within", "Docker"),
    Fault(SHORT, World.slow, "within", "", unnoticed=True),
    Fault("engine's disk full", World.full, "", "no space left"),
    Fault(LONGER, slower, "within", ""),
    Fault("engine restarted", World.restarted, "within", "Docker"),
    Fault("engine stopped", World.stopped, "package", "Docker"),
    Fault("engine frozen", World.frozen, "within", "Docker"),
    Fault(SHORT, World.slow, "package", "", unnoticed=True),
    Fault("engine stopped", World.stopped, "stage", "Docker"),
    Fault("engine's disk full", World.full, "package", "."),
    Fault("engine frozen", World.frozen, "package", "Docker"),
)


@pytest.fixture(scope="module")
def world(engine: docker.DockerClient, tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    """A workspace with a live release on two replicas of that engine."""
    if not (ROOT / "bot" / ".venv").exists():
        pytest.skip("the bot environment is missing: make setup")
    if not possible():
        pytest.skip("needs to mount a small disk")
    settings = load_settings(ROOT)
    runtime = images.ensure_runtime(engine, settings, stack.recipes(settings), print)
    with ExitStack() as cleaning:
        disk = Disk(FOLDER, DISK_MEGABYTES["while the images come"])
        cleaning.callback(disk.unmount)
        lab = Lab(FOLDER, nodes=1)
        cleaning.callback(lab.stop)
        lab.start(["haproxy:lts", "redis:7", runtime])
        run("mount", "-o", f"remount,size={DISK_MEGABYTES['then']}m", FOLDER)
        elsewhere = pytest.MonkeyPatch()
        cleaning.callback(elsewhere.undo)
        elsewhere.setenv("DOCKER_HOST", lab.nodes[0].host)
        flock = admit_flock(Path(tmp_path_factory.mktemp("engine")) / "workspace", "ratchet-engine")
        cleaning.callback(flock.end_everything)
        yield World(flock, lab, disk)


@pytest.mark.parametrize(
    "fault",
    FAULTS,
    ids=lambda fault: f"{fault.name}-{fault.after or 'start'}".replace(" ", "-"),
)
def test_a_failing_engine_is_named_and_the_next_release_after_it_finishes(world: World, fault: Fault) -> None:
    """One fact, one remedy, one release on every replica; with the engine back, `ratchet release` goes through."""
    flock, noted = world.flock, row(f"{fault.name}, {fault.when}")
    old = Registry(flock.settings).live()
    assert old is not None
    words = flock.another_wording()
    noted.times += 1
    with flock.load(noted) as count:
        with ExitStack() as broken:
            code, said = carry_out(flock, fault, lambda: broken.enter_context(fault.happen(world)))
            print(said)
        whole = flock.await_whole()
        flock.note_serving(noted, old.id)
        assert whole <= {old.id} | flock.release_ids()
        _, seconds = flock.run("release")
    assert_told(code, said, fault.says)
    assert flock.says() == words
    flock.assert_fleet_settled()
    assert not (fault.unnoticed and count.failures), count.failures[:5]
    noted.finished += 1
    noted.seconds.append(seconds)


def carry_out(flock: Flock, fault: Fault, happen: Callable[[], object]) -> tuple[int, str]:
    """Run a release with what happens to it; returns its exit code and what it printed."""
    if fault.after != "within":
        return flock.disturbed(fault.after, happen, "release")

    def now(_: subprocess.Popen[str]) -> None:
        happen()

    return flock.when("", flock.started, now, "release")
