"""The monitor on a real Docker Swarm: what the engine repairs by itself is told all the same."""

from __future__ import annotations

import time
from dataclasses import replace
from typing import cast

import pytest

from ratchet.adapters.monitoring import monitor, prometheus
from ratchet.adapters.monitoring.monitor import Memory
from ratchet.adapters.monitoring.probe import FrontDoor, knock
from ratchet.adapters.registry.mlflow import Registry
from ratchet.domain.operations import health, incidents
from ratchet.domain.operations.fleet_faults import Name
from ratchet.domain.operations.health import Sighting
from ratchet.domain.operations.incidents import Alert, Kind
from ratchet.domain.operations.relief import relief
from tests.e2e.fleet.fleet import Fleet, until

pytestmark = pytest.mark.e2e


class Unreleased:
    """Stands in for the registry: no release is in progress."""

    def begun(self) -> None:
        return None


class Watch:
    """Looks at a fleet and knocks at its front door as the monitor does, and keeps what it tells."""

    def __init__(self, fleet: Fleet) -> None:
        self.fleet = fleet
        self.memory = Memory()
        self.told: list[Alert] = []

    def look(self) -> list[str]:
        """Look once; returns what is told."""
        settings, live, before = self.fleet.settings, self.fleet.live, self.memory.fleet
        registry, now, policy = cast(Registry, Unreleased()), time.time(), settings.params.monitor
        seen = monitor.look_at_fleet(settings, registry, live, before)
        serving = monitor.expected(settings, registry, live, before)
        probe, question = knock(FrontDoor(settings, now), serving, seen, self.memory.question)
        sighting = Sighting(now, {}, seen, probe=probe)
        known = Kind.BOT_DOWN in incidents.told(self.memory.incidents)
        open_ones, alerts = incidents.advance(
            self.memory.incidents,
            health.symptoms(sighting, before, policy, known),
            sighting.unseen,
            now,
            policy.alerts,
            lambda incident: relief(incident, sighting, policy),
        )
        kept = seen.remembered(before)
        self.memory = replace(self.memory, incidents=open_ones, fleet=kept, question=question, probe=probe)
        self.told += alerts
        return [f"{alert.event} {alert.kind}" for alert in alerts]


@pytest.mark.long
def test_a_replica_that_the_engine_replaced_between_two_looks_is_told(fleet: Fleet) -> None:
    """One alert when it was lost, one when all is well again."""
    watch = Watch(fleet)
    assert [watch.look(), watch.look()] == [[], []]
    fleet.containers()[0].kill()
    told: list[str] = []
    deadline = time.monotonic() + 90
    while "end replica down" not in told and time.monotonic() < deadline:
        told += watch.look()
        time.sleep(2)
    assert told == ["begin replica down", "end replica down"]


def test_all_replicas_gone_escalate_within_two_looks_and_end_with_an_answer(fleet: Fleet) -> None:
    """From one that was lost to none that runs; the doctor's command brings the declared ones back."""
    watch = Watch(fleet)
    assert watch.look() == []
    service = fleet.target.service
    fleet.containers()[0].kill()
    assert "begin replica down" in [*watch.look(), *watch.look()]
    fleet.client.services.get(service).scale(0)
    until(lambda: not fleet.containers(), 30, "the end of every replica")
    assert "begin bot down" in [*watch.look(), *watch.look()]
    begun = watch.told[-1].sentence
    assert begun.startswith("No replica is running; 2 are expected. A message to ")
    assert begun.endswith("`ratchet serve` starts the live release again, or says why it cannot.")
    [fault] = [one for one in fleet.target.faults() if one.name == Name.REPLICAS]
    fleet.target.mend(fault, fleet.say)
    until(lambda: "end bot down" in watch.look(), 60, "the end")
    ended = next(alert.sentence for alert in watch.told if alert.event == "end" and alert.kind == "bot down")
    assert ended.startswith("Over: all 2 replicas are ready, the probe ")


def test_haproxys_counters_see_what_users_ask(fleet: Fleet) -> None:
    """Requests and their failures are counted where users' requests pass."""
    before = prometheus.proxy_count(fleet.settings)
    for number in range(5):
        fleet.chat(f"anna-{number}", "I forgot my password")
    after = prometheus.proxy_count(fleet.settings)
    assert before is not None
    assert after is not None
    assert after.requests - before.requests >= 5
    assert after.errors == before.errors
    assert after.mean_ms > 0
