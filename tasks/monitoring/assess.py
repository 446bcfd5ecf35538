"""assess: which incidents begin, continue and end?"""

from __future__ import annotations

from dataclasses import replace

from ratchet.adapters.monitoring import monitor, prometheus
from ratchet.adapters.monitoring.monitor import Memory
from ratchet.adapters.settings import Settings
from ratchet.domain.operations import health, incidents
from ratchet.domain.operations.health import Sighting
from ratchet.domain.operations.incidents import Kind
from ratchet.domain.operations.relief import relief
from tasks.step import say, step


@step(
    lambda memory: ", ".join(f"{one.kind} {one.subject}".strip() for one in memory.incidents) or "all is well"
)
def assess(settings: Settings, seen: tuple[Sighting, Memory]) -> Memory:
    """Return the memory with the incidents and the alerts to send; it is written before any is sent."""
    sighting, memory = seen
    policy = settings.params.monitor
    told_down = Kind.BOT_DOWN in incidents.told(memory.incidents)
    wait_minutes = settings.params.desk.alert_minutes
    found = health.symptoms(sighting, monitor.recall(settings).fleet, policy, told_down, wait_minutes)
    for symptom in found:
        say(f"{symptom.kind}: {symptom.sentence}")
    open_ones, alerts = incidents.advance(
        memory.incidents,
        found,
        sighting.unseen,
        sighting.at,
        policy.alerts,
        lambda incident: relief(incident, sighting, policy),
    )
    memory = replace(memory, incidents=open_ones, outbox=(*memory.outbox, *alerts))
    monitor.keep(settings, memory)
    prometheus.write(settings, sighting, open_ones)
    return memory
