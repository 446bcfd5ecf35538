"""What is true when an incident is over: people who read its end want to know how things are, not how they were."""

from __future__ import annotations

from collections.abc import Iterator

from ratchet.domain.operations.fleet import Fleet, readiness
from ratchet.domain.operations.health import Sighting
from ratchet.domain.operations.incidents import Incident, Kind, lasting
from ratchet.domain.operations.traffic import MonitorPolicy, Traffic
from ratchet.domain.wording import count, percent

BRINGS_OUT = ("release", "rollback", "override")
SAID = {
    Kind.PAUSED: "the bot answers",
    Kind.WAITING: "no one waits for a person for so long any more, or it is outside the hours",
    Kind.DRIFT: "the newest messages are like those before, or were accepted",
    Kind.RETRAIN_FAILED: "a later retrain went through, or a release went live",
    Kind.GATE_REJECTED: "version {subject} was decided about, or a newer one took its place",
    Kind.GATE_ASKS: "version {subject} was decided about, or a newer one took its place",
    Kind.NOT_PUSHED: "the remote has the data revision of data.dvc",
    Kind.OVERRIDE_ENDS: "the override of version {subject} was renewed, has ended, or another version is live",
    Kind.BLIND: "the monitor sees the {subject} again",
}


def relief(incident: Incident, seen: Sighting, policy: MonitorPolicy) -> str:
    """Return what the look that ended an incident shows instead, in a clause; "" where it shows nothing of it."""
    match incident.kind:
        case Kind.BOT_DOWN | Kind.REPLICA_DOWN:
            return answering(seen)
        case Kind.FLEET_MIXED:
            return f"every replica serves {seen.fleet.release}" if seen.fleet and seen.fleet.release else ""
        case Kind.ERRORS | Kind.LATENCY:
            return figures(incident.kind, seen.traffic, policy)
        case Kind.RETRAIN_OVERDUE:
            return "a retrain has gone through" if seen.retrains and seen.retrains.last else ""
        case Kind.RUN_FAILED:
            live = ", or a release went live" if incident.subject in BRINGS_OUT else ""
            return f"a later {incident.subject} went through{live}"
        case _:
            return SAID[incident.kind].format(subject=incident.subject)


def answering(seen: Sighting) -> str:
    """Say how the replicas are, and whether people are answered."""
    probe = [seen.probe.said] if seen.probe and seen.probe.passed else []
    fleet = list(replicas(seen.fleet))
    if probe and seen.fleet and len(seen.fleet.ready) < len(seen.fleet.instances):
        return ", but ".join([*probe, *fleet])
    return ", ".join([*fleet, *probe])


def replicas(fleet: Fleet | None) -> Iterator[str]:
    """Yield how many replicas are ready, or that a rollout changes that."""
    if fleet and fleet.rolling:
        yield "a rollout is in progress"
    elif fleet and fleet.release:
        yield readiness(fleet)


def figures(kind: Kind, traffic: Traffic | None, policy: MonitorPolicy) -> str:
    """Say how the requests of the last minutes went."""
    if traffic is None:
        return "there is no traffic"
    minutes = f"the last {lasting(60 * traffic.minutes)}"
    if traffic.requests < policy.min_requests:
        return f"only {count(traffic.requests, 'request')} came in {minutes}, too few to judge"
    if kind is Kind.ERRORS:
        share = percent(traffic.error_share)
        return f"{traffic.errors:,} of {count(traffic.requests, 'request')} in {minutes} failed ({share})"
    return f"95 of 100 replies take up to {traffic.p95_ms:,.0f} ms" if traffic.p95_ms is not None else ""
