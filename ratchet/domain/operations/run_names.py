"""Names of runs: what was done, and what came of it, in the few words that a list has room for."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date

from ratchet.domain.operations.summary import Outcome, Summary
from ratchet.domain.operations.triggers import Event
from ratchet.domain.release.manifest import Release
from ratchet.domain.wording import percent


def begun(day: date, subject: str) -> str:
    """Name a run that has just begun: `2026-W47 data change 1a2b3c4d`."""
    year, week, _ = day.isocalendar()
    return f"{year}-W{week:02} {subject}"


def trained(day: date, data_revision: str, accuracy: float, verdict: str) -> str:
    """Name a training by the gate's verdict, before anything is released: `2026-W47 data 3f2a → 91.8% promote`."""
    return begun(day, f"data {data_revision[:4]} → {percent(accuracy)} {verdict}")


def retrained(day: date, summary: Summary) -> str:
    """Name a retrain that has ended by its last state, as everywhere: `2026-W47 data 3f2a → 91.8% released`."""
    state = summary.outcome.state.lower()
    if summary.outcome is Outcome.UNCHANGED:
        return begun(day, f"data {summary.data_revision[:4]} → {state}, version {summary.model_version}")
    return trained(day, summary.data_revision, summary.accuracy, state)


def released(day: date, release: Release) -> str:
    """Name a release or a rollback that has ended: `2026-W47 release 2026-11-21-3fa9c1 → version 7`."""
    return begun(day, f"{release.reason} → version {release.model_version}, {release.id}")


def watched(day: date, events: Sequence[Event]) -> str:
    """Name a look at Git and the inbox: `2026-W47 data.changed 1a2b3c4d`."""
    kinds = [f"{event.name.removeprefix('ratchet.')} {subject(event)}" for event in events]
    return begun(day, ", ".join(kinds) or "nothing new")


def subject(event: Event) -> str:
    """Return what an event is about, short: a commit's first eight digits, or a file's name."""
    commit = event.payload.get("commit", "")
    return commit[:8] or event.payload.get("file", "").rpartition("/")[2]
