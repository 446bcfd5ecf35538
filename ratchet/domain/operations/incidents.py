"""Incidents: what is wrong for a while, told once when it begins and once when it is over.

Two of them are levels of one: a fleet that lacks replicas is degraded (`replica down`), and one that answers no one, or
wrongly, is down (`bot down`). What turns from degraded to down is told then, as the begin of the second.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum

from ratchet.domain.operations.kinds import Kind as Kind
from ratchet.domain.operations.policies import AlertPolicy as AlertPolicy
from ratchet.domain.record import Record


@dataclass(frozen=True)
class Symptom(Record):
    """One thing that a look found to be wrong.

    `subject` distinguishes incidents of one kind. What is wrong for a moment in the best of fleets has to be seen
    in several looks; `at_once` is for what is certain at the first.
    """

    kind: Kind
    sentence: str
    subject: str = ""
    at_once: bool = False


class Occasion(StrEnum):
    """Why an alert is sent."""

    BEGIN = "begin"
    REMINDER = "reminder"
    END = "end"
    TEST = "test"


@dataclass(frozen=True)
class Alert(Record):
    """What people are told; `id` is the same however often it has to be sent. `at` is in seconds since 1970.

    `delivered` names (by their digests) the addresses that have it.
    """

    id: str
    event: Occasion
    kind: str
    sentence: str
    at: float
    delivered: tuple[str, ...] = ()


@dataclass(frozen=True)
class Incident(Record):
    """Something wrong; times in seconds since 1970.

    `seen` and `missed` count the latest looks in a row in which it was there or not; `begun` is None until
    people were told, `told` when they were told last.
    """

    kind: Kind
    subject: str
    sentence: str
    since: float
    seen: int = 1
    missed: int = 0
    begun: float | None = None
    told: float = 0.0

    @property
    def id(self) -> str:
        """A name that no other incident has."""
        return "-".join(filter(None, [self.kind, self.subject, f"{self.since:.0f}"])).replace(" ", "-")

    def alert(self, event: Occasion, now: float) -> Alert:
        """What people are told while it lasts."""
        when = f"-{now:.0f}" if event is Occasion.REMINDER else ""
        return Alert(f"{self.id}-{event}{when}", event, self.kind, self.sentence, now)

    def end(self, relief: str, now: float) -> Alert:
        """What people are told when it is over: `relief` says what is true now, "" where there is nothing to say."""
        lasted = lasting(now - self.since)
        said = f"Over: {relief}; it lasted {lasted}." if relief else f"Over after {lasted}."
        return Alert(f"{self.id}-{Occasion.END}", Occasion.END, self.kind, said, now)


def told(incidents: Sequence[Incident]) -> set[Kind]:
    """Return the kinds of which people know that there is an incident."""
    return {incident.kind for incident in incidents if incident.begun is not None}


def lasting(seconds: float) -> str:
    """Say how long something took, roughly: '45 s', '6 min', '3 h', '4 days'."""
    for most, unit, name in ((90, 1, "s"), (90 * 60, 60, "min"), (48 * 3600, 3600, "h")):
        if seconds < most:
            return f"{seconds / unit:.0f} {name}"
    return f"{seconds / 86400:.0f} days"


def advance(
    incidents: Sequence[Incident],
    symptoms: Sequence[Symptom],
    unseen: Collection[Kind],
    now: float,
    policy: AlertPolicy,
    relief: Callable[[Incident], str] = lambda incident: "",
) -> tuple[tuple[Incident, ...], tuple[Alert, ...]]:
    """Return the incidents after a look, and what is to be told.

    Kinds that the look could not see (`unseen`) stay as they are: not knowing ends nothing. `relief` says of an
    incident that is over what is true now.
    """
    found = {(symptom.kind, symptom.subject): symptom for symptom in symptoms}
    known = {(incident.kind, incident.subject): incident for incident in incidents}
    after: list[Incident] = []
    alerts: list[Alert] = []
    for key in [*known, *(key for key in found if key not in known)]:
        incident, symptom = known.get(key), found.get(key)
        if symptom is None:
            assert incident is not None
            kept, alert = (incident, None) if key[0] in unseen else missed(incident, now, policy, relief)
        else:
            kept, alert = seen(incident, symptom, now, policy)
        after += [kept] if kept else []
        alerts += [alert] if alert else []
    return tuple(after), tuple(alerts)


def seen(
    incident: Incident | None, symptom: Symptom, now: float, policy: AlertPolicy
) -> tuple[Incident, Alert | None]:
    """A symptom begins an incident, or continues one."""
    if incident is None:
        incident = Incident(symptom.kind, symptom.subject, symptom.sentence, now)
    else:
        incident = replace(incident, sentence=symptom.sentence, seen=incident.seen + 1, missed=0)
    if incident.begun is None:
        if not symptom.at_once and incident.seen < policy.looks:
            return incident, None
        return replace(incident, begun=now, told=now), incident.alert(Occasion.BEGIN, now)
    if now - incident.told >= 3600 * policy.remind_hours:
        return replace(incident, told=now), incident.alert(Occasion.REMINDER, now)
    return incident, None


def missed(
    incident: Incident, now: float, policy: AlertPolicy, relief: Callable[[Incident], str]
) -> tuple[Incident | None, Alert | None]:
    """What was not found again ends; what people were not told of is dropped silently."""
    if incident.begun is None:
        return None, None
    if incident.missed + 1 < policy.looks:
        return replace(incident, missed=incident.missed + 1, seen=0), None
    return None, incident.end(relief(incident), now)
