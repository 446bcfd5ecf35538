"""The replicas as a look finds them, and what of them is wrong."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from ratchet.domain.operations.incidents import Kind, Symptom
from ratchet.domain.record import Record
from ratchet.domain.wording import listed

MISSING = ".?"
"""The end of the name of a replica that is declared and does not exist."""


@dataclass(frozen=True)
class Instance(Record):
    """One replica as it answers now; `since` tells it from the one that was started in its place, `url` is its own."""

    name: str
    since: str
    ready: bool
    release: str
    model_id: str
    restarts: int = 0
    url: str = ""


@dataclass(frozen=True)
class Fleet(Record):
    """The replicas, and what they have to serve; `rolling` while a rollout changes them on purpose.

    `declared` is, of a remembered fleet, how many replicas there were to be when there were any.
    """

    release: str
    model_id: str
    rolling: bool
    instances: tuple[Instance, ...]
    declared: int = 0

    @property
    def judged(self) -> bool:
        """Whether there is something that has to be served, and nothing is changing on purpose."""
        return bool(self.release) and not self.rolling

    @property
    def ready(self) -> tuple[Instance, ...]:
        """The replicas that are ready."""
        return tuple(one for one in self.instances if one.ready)

    def right(self, one: Instance) -> bool:
        """Say whether a replica serves what it has to."""
        return (one.release, one.model_id) == (self.release, self.model_id)

    def remembered(self, before: Fleet | None) -> Fleet:
        """Return what the next look compares with: each right replica as it was when it last answered."""
        if self.rolling:
            return self
        up = [one for one in self.ready if self.right(one)]
        whole = bool(self.instances) and len(self.ready) == len(self.instances)
        same = before is not None and before.release == self.release and not before.rolling
        known = before.instances if before is not None and same and not whole else ()
        names = {one.name for one in up}
        declared = len(self.instances) or (before.declared if before and same else 0)
        return replace(
            self, instances=(*up, *(one for one in known if one.name not in names)), declared=declared
        )


def fleet_symptoms(fleet: Fleet | None, before: Fleet | None, compared: Fleet | None) -> Iterator[Symptom]:
    """Replicas that do not answer, that were lost since the fleet that is `compared` with, or serve something else.

    `before` is the fleet of the last look. That none is ready is more than a replica down: `health.Sighting.down`.
    """
    if fleet is None or not fleet.judged:
        return
    lost = lost_since(compared, fleet)
    if lost:
        said = f"{joined(lost)} {were(len(lost))} lost; {readiness(fleet)} now."
        yield Symptom(Kind.REPLICA_DOWN, said, at_once=True)
    elif len(fleet.ready) < len(fleet.instances) or not fleet.instances:
        yield Symptom(Kind.REPLICA_DOWN, sentence(shortfall(fleet, before)))
    wrong = [one for one in fleet.ready if not fleet.right(one)]
    if wrong:
        said = ", ".join(f"{one.name} serves {one.release} with model {one.model_id[:12]}" for one in wrong)
        wanted = f"{fleet.release} with model {fleet.model_id[:12]}"
        yield Symptom(Kind.FLEET_MIXED, f"{said}; the recorded release is {wanted}.")


def lost_since(before: Fleet | None, now: Fleet) -> list[str]:
    """Name the replicas that have answered before and were started again since.

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


def shortfall(fleet: Fleet, before: Fleet | None) -> str:
    """Say how many replicas are ready and which are not, in a clause without capital and full stop.

    Where no replica is declared any more, `before` knows how many there were.
    """
    silent = [one.name for one in fleet.instances if not one.ready and not one.name.endswith(MISSING)]
    missing = len(fleet.instances) - len(fleet.ready) - len(silent)
    if not fleet.ready and not silent:
        known = before.declared if before and before.release == fleet.release else 0
        expected = len(fleet.instances) or known
        return "no replica is running" + (f"; {expected} {are(expected)} expected" if expected else "")
    named = [f"{joined(silent)} {are(len(silent))} not"] if silent and fleet.ready else []
    reasons = named + ([f"{missing} {are(missing)} missing"] if missing else [])
    return f"{readiness(fleet)}: {', '.join(reasons)}" if reasons else readiness(fleet)


def readiness(fleet: Fleet) -> str:
    """'all 2 replicas are ready', '1 of 2 replicas is ready', 'the only replica is not ready'."""
    ready, total = len(fleet.ready), len(fleet.instances)
    if total == 1:
        return f"the only replica is {'' if ready else 'not '}ready"
    if not ready:
        return f"none of the {total} replicas is ready" if total else "no replica is running"
    return (
        f"{ready} of {total} replicas {are(ready)} ready"
        if ready < total
        else f"all {total} replicas are ready"
    )


def joined(names: Sequence[str], most: int = 8) -> str:
    """'a', 'a and b', 'a, b and c'; of more than `most` the first and how many follow."""
    if len(names) > most:
        return listed(names, most)
    return " and ".join(filter(None, [", ".join(names[:-1]), names[-1]]))


def are(number: int) -> str:
    """The verb for a number of replicas."""
    return "is" if number == 1 else "are"


def were(number: int) -> str:
    """The verb for a number of replicas, in the past tense."""
    return "was" if number == 1 else "were"


def sentence(*clauses: str) -> str:
    """Make sentences of clauses: a capital, a full stop."""
    return " ".join(f"{clause[0].upper()}{clause[1:]}." for clause in clauses if clause)
