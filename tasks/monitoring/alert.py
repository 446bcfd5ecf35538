"""alert: tell people, each thing once."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import replace

from ratchet.adapters.monitoring import alerts, monitor
from ratchet.adapters.monitoring.monitor import Memory
from ratchet.adapters.settings import Settings
from ratchet.domain.operations.incidents import Alert
from tasks.step import say, step


@step(lambda sent: ", ".join(f"{one.event} of {one.kind}" for one in sent) or "nothing to tell")
def alert(settings: Settings, memory: Memory) -> Sequence[Alert]:
    """Deliver what waits; what an address does not take is tried again at the next look.

    Each delivery is noted before the next, so that a process that is killed here repeats one alert at most,
    under the same id.
    """
    told = []
    for waiting in memory.outbox:
        sent = alerts.deliver(settings, waiting)
        missing = alerts.pending(settings, sent)
        hours = (time.time() - sent.at) / 3600
        if not missing:
            told.append(sent)
        else:
            say(f"{len(missing)} of the addresses did not take “{sent.id}”, which is {hours:.1f} h old")
        later = [sent] if missing and hours < settings.params.monitor.alerts.give_up_hours else []
        rest = [one for one in memory.outbox if one.id != sent.id]
        memory = replace(memory, outbox=(*rest, *later))
        monitor.keep(settings, memory)
    return told
