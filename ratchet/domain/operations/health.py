"""What a look at a running workspace shows, and what of it is wrong."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime

from ratchet.domain.operations.drift import Test
from ratchet.domain.operations.failure import Failure
from ratchet.domain.operations.incidents import Kind, Symptom
from ratchet.domain.operations.traffic import MonitorPolicy, Traffic
from ratchet.domain.record import Record
from ratchet.domain.wording import percent

SOURCES = {
    "fleet": (Kind.REPLICA_DOWN, Kind.FLEET_MIXED),
    "traffic": (Kind.ERRORS, Kind.LATENCY, Kind.DRIFT),
    "registry": (Kind.GATE_REJECTED, Kind.GATE_ASKS, Kind.OVERRIDE_ENDS),
    "retrains": (Kind.RETRAIN_FAILED, Kind.RUN_FAILED, Kind.RETRAIN_OVERDUE),
    "data": (Kind.NOT_PUSHED,),
}
"""What the monitor asks, and the kinds of incidents that it cannot judge without an answer."""


@dataclass(frozen=True)
class Instance(Record):
    """One replica as it answers now; `since` tells it from the one that was started in its place."""

    name: str
    since: str
    ready: bool
    release: str
    model_id: str
    restarts: int = 0


@dataclass(frozen=True)
class Fleet(Record):
    """The replicas, and what they have to serve; `rolling` while a rollout changes them on purpose."""

    release: str
    model_id: str
    rolling: bool
    instances: tuple[Instance, ...]

    def right(self, one: Instance) -> bool:
        """Say whether a replica serves what it has to."""
        return (one.release, one.model_id) == (self.release, self.model_id)

    def remembered(self, before: Fleet | None) -> Fleet:
        """Return what the next look compares with: each right replica as it was when it last answered."""
        if self.rolling:
            return self
        up = [one for one in self.instances if one.ready and self.right(one)]
        down = not all(one.ready for one in self.instances)
        same = before is not None and before.release == self.release and not before.rolling
        known = before.instances if before is not None and down and same else ()
        names = {one.name for one in up}
        return replace(self, instances=(*up, *(one for one in known if one.name not in names)))


@dataclass(frozen=True)
class Newest(Record):
    """The newest model; `settled` when it was released or a person has decided about it."""

    version: str
    decision: str
    reason: str
    settled: bool


@dataclass(frozen=True)
class Expiry(Record):
    """The live model's override; `expires` in seconds since 1970."""

    version: str
    by: str
    expires: float


@dataclass(frozen=True)
class Retrains(Record):
    """When a retrain last went through and when the schedule promises the next, in seconds since 1970.

    `failures` has the newest failure of each of the workspace's flows that has not gone through since.
    """

    last: float | None
    due: float | None
    failures: tuple[Failure, ...] = ()

    @property
    def failed(self) -> str:
        """How the newest retrain ended if it did not go through, "" otherwise."""
        return next((one.sentence for one in self.failures if one.flow == "retrain"), "")


@dataclass(frozen=True)
class Sighting(Record):
    """What a look shows; None for what does not exist or could not be seen.

    `unpushed` is the data revision that the remote lacks. `blind` maps a source to why it did not answer.
    """

    at: float
    blind: dict[str, str]
    fleet: Fleet | None = None
    traffic: Traffic | None = None
    drifting: tuple[Test, ...] = ()
    newest: Newest | None = None
    override: Expiry | None = None
    retrains: Retrains | None = None
    unpushed: str = ""

    @property
    def unseen(self) -> set[Kind]:
        """The kinds of incidents that this look says nothing about."""
        kinds = {kind for source in self.blind for kind in SOURCES[source]}
        return kinds | set(SOURCES["fleet"]) if self.fleet and self.fleet.rolling else kinds


def symptoms(seen: Sighting, before: Fleet | None, policy: MonitorPolicy) -> tuple[Symptom, ...]:
    """Return what is wrong; `before` is the fleet of the look before."""
    return (
        *fleet_symptoms(seen.fleet, before),
        *traffic_symptoms(seen.traffic, policy),
        *drift_symptoms(seen.drifting),
        *model_symptoms(seen, policy),
        *retrain_symptoms(seen.retrains, seen.at, policy),
        *(blindness(source, why) for source, why in seen.blind.items()),
    )


def fleet_symptoms(fleet: Fleet | None, before: Fleet | None) -> Iterator[Symptom]:
    """Replicas that do not answer, that were lost since the last look, or that serve something else."""
    if fleet is None or not fleet.release or fleet.rolling:
        return
    up = [one for one in fleet.instances if one.ready]
    count = f"{len(up)} of {len(fleet.instances)} replicas are ready"
    lost = lost_since(before, fleet)
    down = [one.name for one in fleet.instances if not one.ready]
    if lost:
        yield Symptom(Kind.REPLICA_DOWN, f"{', '.join(lost)} was lost; {count} now.", at_once=True)
    elif down or not up:
        named = f": {', '.join(down)} is not" if down else ""
        yield Symptom(Kind.REPLICA_DOWN, f"{count}{named}.")
    wrong = [one for one in up if not fleet.right(one)]
    if wrong:
        said = ", ".join(f"{one.name} serves {one.release} with model {one.model_id[:12]}" for one in wrong)
        wanted = f"{fleet.release} with model {fleet.model_id[:12]}"
        yield Symptom(Kind.FLEET_MIXED, f"{said}; the recorded release is {wanted}.")


def lost_since(before: Fleet | None, now: Fleet) -> list[str]:
    """Name the replicas that have answered before and were started anew since.

    A new release, and fewer replicas than before, are meant. One that just does not answer may do so again, and
    one that serves something else is an incident of another kind.
    """
    if before is None or before.rolling or before.release != now.release:
        return []
    whole = all(one.ready and now.right(one) for one in now.instances)
    if not whole or len(now.instances) < len(before.instances):
        return []
    present = {(one.name, one.since) for one in now.instances}
    return [one.name for one in before.instances if (one.name, one.since) not in present]


def traffic_symptoms(traffic: Traffic | None, policy: MonitorPolicy) -> Iterator[Symptom]:
    """Requests that fail, and replies that take too long."""
    if traffic is None or traffic.requests < policy.min_requests:
        return
    limit = policy.max_error_percent / 100
    if traffic.error_share > limit:
        yield Symptom(
            Kind.ERRORS,
            f"{traffic.errors:,} of {traffic.requests:,} requests failed ({percent(traffic.error_share)}; "
            f"the limit is {percent(limit)}).",
        )
    if traffic.p95_ms is not None and traffic.p95_ms > policy.max_p95_ms:
        yield Symptom(
            Kind.LATENCY,
            f"95 of 100 replies take up to {traffic.p95_ms:,.0f} ms; the limit is {policy.max_p95_ms:,.0f} ms.",
        )


def drift_symptoms(drifting: Sequence[Test]) -> Iterator[Symptom]:
    """Messages that are not like those before; the tests have their own repetition."""
    if drifting:
        said = "; ".join(test.sentence for test in drifting)
        yield Symptom(Kind.DRIFT, f"Messages differ from those before: {said}.", at_once=True)


def model_symptoms(seen: Sighting, policy: MonitorPolicy) -> Iterator[Symptom]:
    """A verdict that waits for somebody, an override that ends, data that nobody else can get."""
    newest, override = seen.newest, seen.override
    if newest and not newest.settled and newest.decision in ("reject", "ask"):
        kind = Kind.GATE_REJECTED if newest.decision == "reject" else Kind.GATE_ASKS
        sentence = f"Version {newest.version} was not released. {newest.reason}"
        yield Symptom(kind, sentence, subject=newest.version, at_once=True)
    if override and 0 < override.expires - seen.at <= 3600 * policy.override_notice_hours:
        when = datetime.fromtimestamp(override.expires, UTC)
        sentence = (
            f"The override of version {override.version} by {override.by} ends {when:%Y-%m-%d %H:%M} UTC."
        )
        yield Symptom(Kind.OVERRIDE_ENDS, sentence, subject=override.version, at_once=True)
    if seen.unpushed:
        yield Symptom(Kind.NOT_PUSHED, f"The remote lacks data revision {seen.unpushed[:12]} of data.dvc.")


def retrain_symptoms(retrains: Retrains | None, now: float, policy: MonitorPolicy) -> Iterator[Symptom]:
    """Runs that broke, and a retrain that should have been."""
    if retrains is None:
        return
    for failure in retrains.failures:
        kind = Kind.RETRAIN_FAILED if failure.flow == "retrain" else Kind.RUN_FAILED
        subject = "" if kind is Kind.RETRAIN_FAILED else failure.flow
        yield Symptom(kind, failure.sentence, subject, at_once=True)
    grace = policy.retrain_grace_hours
    if grace is not None and retrains.due is not None and now > retrains.due + 3600 * grace:
        due = datetime.fromtimestamp(retrains.due, UTC)
        last = datetime.fromtimestamp(retrains.last, UTC) if retrains.last else None
        since = f"since {last:%Y-%m-%d %H:%M} UTC" if last else "yet"
        sentence = f"No retrain went through {since}; the schedule promised one for {due:%Y-%m-%d %H:%M} UTC."
        yield Symptom(Kind.RETRAIN_OVERDUE, sentence, at_once=True)


def blindness(source: str, why: str) -> Symptom:
    """A source that did not answer: what hangs on it is not watched meanwhile."""
    return Symptom(Kind.BLIND, f"The monitor cannot see the {source}: {why}", subject=source)
