"""announce: send what was seen as events, each once."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date

from ratchet.adapters.prefect import events, flow_runs
from ratchet.adapters.settings import Settings
from ratchet.adapters.triggers import follow
from ratchet.adapters.triggers.watch import News
from ratchet.domain.operations import run_names
from ratchet.domain.operations.triggers import Event
from tasks.step import say, step


@step(lambda sent: ", ".join(event.name for event in sent) or "nothing")
def announce(settings: Settings, seen: News) -> Sequence[Event]:
    """Send the events, and only then remember them: their ids let the server recognise one that is sent twice."""
    if seen.events:
        events.send(settings, seen.events)
    for event in seen.events:
        say(f"{event.name}: {', '.join(f'{key} {value}' for key, value in event.payload.items())}")
    follow.write_cursor(settings, seen.cursor)
    flow_runs.rename(run_names.watched(date.today(), seen.events))
    return seen.events
