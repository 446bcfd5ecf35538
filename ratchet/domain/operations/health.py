"""What a look at a running workspace shows, and what of it is wrong."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime

from ratchet.domain.operations.drift import Test
from ratchet.domain.operations.failure import Failure
from ratchet.domain.operations.fleet import Fleet, fleet_symptoms, readiness, sentence, shortfall
from ratchet.domain.operations.handoff import DeskFigures, waiting_symptoms
from ratchet.domain.operations.incidents import Kind, Symptom
from ratchet.domain.operations.probe import Fault, Probe
from ratchet.domain.operations.traffic import MonitorPolicy, Traffic
from ratchet.domain.record import Record
from ratchet.domain.wording import percent

SOURCES = {
    "front door": (Kind.BOT_DOWN,),
    "pause": (Kind.PAUSED,),
    "hand-offs": (Kind.WAITING,),
    "fleet": (Kind.REPLICA_DOWN, Kind.FLEET_MIXED),
    "traffic": (Kind.ERRORS, Kind.LATENCY, Kind.DRIFT),
    "registry": (Kind.GATE_REJECTED, Kind.GATE_ASKS, Kind.OVERRIDE_ENDS),
    "retrains": (Kind.RETRAIN_FAILED, Kind.RUN_FAILED, Kind.RETRAIN_OVERDUE),
    "data": (Kind.NOT_PUSHED,),
}
"""What the monitor asks, and the kinds of incidents that it cannot judge without an answer."""


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

    `unpushed` is the data revision that the remote lacks. `paused` says who stopped the bot, None where it did not say.
    `desk` is how those who answer in the bot's place do; `rated` how many answers of the last day users rated up, and
    down.
    `blind` maps a source to why it did not answer.
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
    probe: Probe | None = None
    paused: str | None = ""
    desk: DeskFigures | None = None
    rated: tuple[int, int] = (0, 0)

    @property
    def down(self) -> bool:
        """Whether people get no answer: the probe failed, or no replica is ready and no answer shows the contrary."""
        if self.probe and (self.probe.passed or self.probe.failed):
            return self.probe.failed
        return bool(self.fleet and self.fleet.judged and not self.fleet.ready)

    @property
    def unseen(self) -> set[Kind]:
        """The kinds of incidents that this look says nothing about: where none is found, none is over.

        That the bot is up again, only the right answer says. Where no replica is ready, none is less down than before.
        """
        kinds = {kind for source in self.blind for kind in SOURCES[source]}
        if self.fleet and self.fleet.rolling:
            kinds |= set(SOURCES["fleet"])
        if self.fleet and self.fleet.judged and not self.fleet.ready:
            kinds |= {Kind.REPLICA_DOWN}
        if self.probe and not self.probe.passed:
            kinds |= {Kind.FLEET_MIXED}
        if self.paused is None:
            kinds |= set(SOURCES["pause"])
        return kinds if self.probe and self.probe.passed else kinds | {Kind.BOT_DOWN}


def symptoms(
    seen: Sighting,
    before: Fleet | None,
    policy: MonitorPolicy,
    told_down: bool = False,
    wait_minutes: float | None = None,
) -> tuple[Symptom, ...]:
    """Return what is wrong.

    `before` is the fleet of the look before; `told_down` says that people know of a bot that is down. No one is to wait
    for a person longer than `wait_minutes`; None: however long.
    """
    return (
        *answer_symptoms(seen, before, told_down),
        *([Symptom(Kind.PAUSED, sentence(seen.paused), at_once=True)] if seen.paused else []),
        *waiting_symptoms(seen.desk, wait_minutes),
        *traffic_symptoms(seen.traffic, policy),
        *drift_symptoms(seen.drifting),
        *model_symptoms(seen, policy),
        *retrain_symptoms(seen.retrains, seen.at, policy),
        *(blindness(source, why) for source, why in seen.blind.items()),
    )


def answer_symptoms(seen: Sighting, before: Fleet | None, told_down: bool) -> Iterator[Symptom]:
    """People who get no answer, and replicas that are down or serve something else.

    `told_down` says that people know already that the bot was down: the replicas that it has now are no news then.
    """
    fleet, probe = seen.fleet, seen.probe
    if seen.down:
        yield Symptom(Kind.BOT_DOWN, sentence(*causes(seen, before)))
    found = list(fleet_symptoms(fleet, before, None if told_down else before))
    for symptom in found:
        if symptom.kind is Kind.REPLICA_DOWN and fleet and not fleet.ready:
            if seen.down or probe is None:
                continue
            symptom = replace(
                symptom, sentence=sentence(f"{shortfall(fleet, before)}, although {probe.said}")
            )
        yield symptom
    if probe and probe.fault is Fault.WRONG_RELEASE and Kind.FLEET_MIXED not in [one.kind for one in found]:
        yield Symptom(Kind.FLEET_MIXED, sentence(probe.said))


def causes(seen: Sighting, before: Fleet | None) -> Iterator[str]:
    """Yield clauses that say why the bot is down, and what to do where no replica is ready."""
    fleet, probe = seen.fleet, seen.probe
    judged = fleet if fleet and fleet.judged else None
    if judged and not judged.ready:
        yield shortfall(judged, before)
    if probe and not probe.passed:
        yield f"{probe.said}, although {readiness(judged)}" if judged and judged.ready else probe.said
    if judged and not judged.ready:
        yield "`ratchet serve` starts the live release again, or says why it cannot"


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
    """A verdict that waits for someone, an override that ends, data that no one else can get."""
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
    """A source that did not answer: what depends on it is not watched meanwhile."""
    return Symptom(Kind.BLIND, f"The monitor cannot see the {source}: {why}", subject=source)
