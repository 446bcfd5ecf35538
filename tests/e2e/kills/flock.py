"""A small workspace whose bot is a fleet on a swarm, and what has to hold in it when something dies."""

from __future__ import annotations

import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from ratchet.adapters.bot import channel
from ratchet.adapters.registry.mlflow import Registry
from ratchet.adapters.system.processes import free_port
from ratchet.adapters.targets.swarm import docker_service
from ratchet.adapters.targets.swarm.target import SwarmTarget
from tests.e2e.fleet.fleet import Fleet, until
from tests.e2e.fleet.load import Count
from tests.e2e.kills.admission import admit
from tests.e2e.kills.patient import Patient
from tests.e2e.kills.record import Row
from tests.tables import print_at_end

RATE = 5.0
"""Messages a second, in an open loop."""
WHOLE_SECONDS = 60.0
"""So soon after what happened does one release serve on every replica, on a machine that has time for it."""
HEADER = (
    "| killed or failed | times | serves right after: old / new / both / none | asked | failed "
    "| next run finished | seconds |\n"
    "| --- | --- | --- | --- | --- | --- | --- |"
)
ROWS: dict[str, Row] = {}


def row(name: str) -> Row:
    """Return the row of this name, made at first use; a fleet may have replicas of both releases for a while."""
    served = {"old": 0, "new": 0, "both": 0, "neither": 0}
    return ROWS.setdefault(name, Row(name, served=served))


@print_at_end
def table() -> list[str]:
    """The table, as docs/reliability.md has it."""
    return ["Docker engine and swarm:", HEADER, *(one.text() for one in ROWS.values())] if ROWS else []


@dataclass
class Flock(Patient):
    """A workspace with a live release of the small bot on two replicas."""

    @cached_property
    def fleet(self) -> Fleet:
        """The same fleet, as the tests of fleets see it."""
        target = SwarmTarget(self.settings)
        return Fleet(self.workspace, self.settings, target, target.client)

    def serving(self) -> set[str]:
        """The releases that the replicas name which are ready."""
        return {replica.release for replica in self.fleet.target.replicas() if replica.ready}

    def started(self) -> bool:
        """A replica of another release than the live one runs."""
        target = self.fleet.target
        live = target.colours.live()
        beside = docker_service.fleet(self.fleet.client, target.colours.service(live.other)) if live else None
        return beside is not None and bool(beside.running())

    def switched(self) -> Callable[[], bool]:
        """The condition that users get answers of another release than the recorded one."""
        live = Registry(self.settings).live()
        assert live is not None

        def condition() -> bool:
            said = channel.status(self.fleet.target.url())
            return said is not None and said["release"] != live.id

        return condition

    def when(
        self,
        step: str,
        moment: Callable[[], bool],
        happen: Callable[[subprocess.Popen[str]], object],
        *words: str,
    ) -> tuple[int, str]:
        """Run a command, and let something happen when a step ("": none) is over and a condition holds.

        Returns its exit code and what it printed; fails where it ended before that moment.
        """
        process = self.ratchet.start(*words, env=self.env, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
        assert process.stdout is not None
        said: list[str] = []
        while step and not (said and said[-1].startswith(f"✓ {step} ")):
            said.append(process.stdout.readline())
            assert said[-1], f"it ended before {step}:\n{''.join(said)}"
        while not moment():
            assert process.poll() is None, f"it ended too early:\n{''.join(said)}{process.stdout.read()}"
            time.sleep(0.05)
        happen(process)
        rest, _ = process.communicate(timeout=600)
        return process.returncode, "".join(said) + rest

    def await_whole(self) -> set[str]:
        """Wait until every declared replica answers as one and the same release, and return that."""
        found: list[set[str]] = []

        def whole() -> bool:
            replicas = self.fleet.target.replicas()
            found.append({replica.release for replica in replicas})
            return len(replicas) == 2 and all(one.ready for one in replicas) and len(found[-1]) == 1

        until(whole, WHOLE_SECONDS, "one release on every replica")
        return found[-1]

    def assert_fleet_settled(self) -> None:
        """Registry and replicas tell the same story, and nothing is left over."""
        live = self.assert_records_settled()
        assert [replica.release for replica in self.fleet.target.replicas()] == [live.id] * 2
        target = self.fleet.target
        assert docker_service.of_stack(self.fleet.client, target.comparison.stack) == []
        beside = target.colours.present(target.colours.live().other)
        assert beside is None or beside.warm_until is not None
        assert self.strangers() == []
        self.assert_no_lock()
        self.assert_registry_whole()

    def says(self) -> str:
        """What the bot answers to who wants a laptop."""
        answer = self.fleet.chat(f"asker-{time.monotonic_ns()}", "order a notebook")
        return str(answer["messages"][0]["text"])

    @contextmanager
    def load(self, noted: Row) -> Iterator[Count]:
        """Write to the bot for the time of the block, and add the counts to a row then."""
        with self.fleet.load(rate=RATE) as count:
            yield count
        noted.asked, noted.failed = noted.asked + count.sent, noted.failed + count.failed
        print(f"{count.sent} asked, failed: {count.failures[:3]} to {count.failures[-1:]}; {count.releases}")

    def note_serving(self, noted: Row, old: str) -> None:
        """Note what serves at this moment."""
        serving = self.serving()
        which = (
            "neither" if not serving else "old" if serving == {old} else "both" if old in serving else "new"
        )
        noted.served[which] += 1


def admit_flock(folder: Path, stack: str) -> Flock:
    """Make a workspace and bring its first release out on the engine that DOCKER_HOST names."""
    patient = admit(
        folder,
        RATCHET_TARGET="swarm",
        RATCHET_STACK=stack,
        RATCHET_OPERATION_PORT=str(free_port()),
    )
    return Flock(patient.ratchet, patient.settings)
