"""What a model costs: time for a message, size of its archive, memory of a process that serves it."""

from __future__ import annotations

from dataclasses import dataclass

from ratchet.domain.gate.policies import CostPolicy
from ratchet.domain.gate.rules import Rule
from ratchet.domain.record import Record
from ratchet.domain.wording import size

MEGABYTE = 1_000_000
UNMEASURED = "The champion's framework does not say what it costs, so time, size and memory are not compared."


@dataclass(frozen=True)
class Cost(Record):
    """Milliseconds for one message, bytes of the archive, and bytes that a process holds which has answered some.

    `memory` is None where it could not be measured.
    """

    p50_ms: float
    p95_ms: float
    archive: int
    memory: int | None


def rules(candidate: Cost, champion: Cost | None, policy: CostPolicy) -> list[Rule]:
    """Compare with the champion, measured in the same minutes: what costs many times as much asks.

    None for a champion whose framework does not say what it costs.
    """
    if champion is None:
        return [Rule("cost", "warn", 0, 0, UNMEASURED, unit="count")]
    time, old_time = candidate.p95_ms, champion.p95_ms
    found = [
        one(
            f"95 of 100 messages take up to {time:.1f} ms, the champion's {old_time:.1f} ms",
            time / max(old_time, 1e-9),
            policy,
            time - old_time > policy.slack_ms,
        ),
        weighed("The archive", candidate.archive, champion.archive, policy),
    ]
    if candidate.memory is not None and champion.memory is not None:
        found.append(weighed("A process that serves it", candidate.memory, champion.memory, policy))
    return found


def weighed(what: str, new: int, old: int, policy: CostPolicy) -> Rule:
    """Compare bytes."""
    said = f"{what} has {size(new)}, the champion's {size(old)}"
    return one(said, new / max(old, 1), policy, new - old > policy.slack_mb * MEGABYTE)


def one(said: str, ratio: float, policy: CostPolicy, beyond: bool) -> Rule:
    """A ratio counts only where the difference is beyond the slack as well."""
    limit = policy.max_ratio
    asks = beyond and ratio > limit
    end = f" ({ratio:.2g} times, where {limit:g} times is the limit)"
    return Rule(
        "cost",
        "ask" if asks else "pass",
        ratio,
        limit,
        f"{said}{end}{'; a person decides' if asks else ''}.",
        unit="ratio",
    )
