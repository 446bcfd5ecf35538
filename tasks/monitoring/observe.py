"""observe: look at fleet, traffic, registry, schedule and data."""

from __future__ import annotations

import time

from ratchet.adapters.monitoring import monitor
from ratchet.adapters.monitoring.monitor import Memory
from ratchet.adapters.settings import Settings
from ratchet.domain.operations.fleet import readiness
from ratchet.domain.operations.health import Sighting
from ratchet.domain.wording import percent
from tasks.step import say, step

Seen = tuple[Sighting, Memory]


def describe(seen: Seen) -> str:
    """Say in a line what serves and how much is asked of it."""
    sighting, _ = seen
    fleet, traffic = sighting.fleet, sighting.traffic
    parts = [readiness(fleet)] if fleet and fleet.release else []
    parts += [sighting.probe.said] if sighting.probe else []
    if traffic is not None:
        parts.append(f"{traffic.per_minute:.0f} requests a minute")
        parts.append(f"{percent(traffic.error_share)} failed")
        parts.append(f"{percent(traffic.share(traffic.fallbacks), 0)} not understood")
        parts.append(f"{percent(traffic.share(traffic.handed_off), 0)} handed to people")
        parts += [f"p95 {traffic.p95_ms:.0f} ms"] if traffic.p95_ms is not None else []
    up, down = sighting.rated
    parts += [f"{up:,} answers rated up and {down:,} down"] if up or down else []
    parts += [sighting.desk.said] if sighting.desk and sighting.desk.said else []
    parts += [f"blind to the {source}" for source in sighting.blind]
    return ", ".join(parts) or "nothing serves yet"


@step(describe)
def observe(settings: Settings) -> Seen:
    """Return what there is to see now, and the monitor's memory with what it has counted."""
    seen, memory = monitor.look(settings, monitor.recall(settings), time.time())
    for source, why in seen.blind.items():
        say(f"the {source} cannot be seen: {why}")
    return seen, memory
