"""The monitor on a real Docker Swarm: what the engine repairs by itself is told all the same."""

from __future__ import annotations

import time
from dataclasses import replace

import pytest

from ratchet.adapters.monitoring import monitor, prometheus
from ratchet.adapters.monitoring.monitor import Memory
from ratchet.adapters.registry.mlflow import Registry
from ratchet.domain.operations import health
from ratchet.domain.operations.health import Sighting
from ratchet.domain.operations.incidents import Alert, advance
from tests.e2e.fleet.fleet import Fleet

pytestmark = pytest.mark.e2e


class Watch:
    """Looks at a fleet as the monitor does, and keeps what it would tell."""

    def __init__(self, fleet: Fleet) -> None:
        self.fleet = fleet
        self.registry = Registry(fleet.settings)
        self.memory = Memory()
        self.told: list[Alert] = []

    def look(self) -> list[str]:
        """Look once; returns what is told."""
        seen = monitor.look_at_fleet(self.fleet.settings, self.registry, self.fleet.live, self.memory.fleet)
        sighting = Sighting(time.time(), {}, seen)
        policy = self.fleet.settings.params.monitor
        found = health.symptoms(sighting, self.memory.fleet, policy)
        incidents, alerts = advance(self.memory.incidents, found, sighting.unseen, sighting.at, policy.alerts)
        self.memory = replace(self.memory, incidents=incidents, fleet=seen.remembered(self.memory.fleet))
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
