"""The load test of a staged release: its limits, and the verdict on what was measured."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from pydantic import Field

from ratchet.domain.policy import Policy
from ratchet.domain.record import Record
from ratchet.domain.wording import count, percent


class LoadTestPolicy(Policy):
    """The part `rollout.load_test` of `params.yaml`; see the comments there."""

    seconds: int = Field(8, ge=0)  # Locust takes whole ones only
    users: int = Field(4, ge=1)
    min_requests: int = Field(50, ge=1)
    max_p95_ms: float = Field(500, gt=0)
    max_error_percent: float = Field(0, ge=0, le=100)
    max_p95_ratio: float = Field(2, ge=1)
    slack_ms: float = Field(50, ge=0)


@dataclass(frozen=True)
class LoadFigures(Record):
    """What a load test measured on one server; latencies in milliseconds, failed requests included."""

    requests: int
    errors: int
    p50_ms: float
    p95_ms: float


@dataclass(frozen=True)
class LoadVerdict(Record):
    """Whether a load test was passed: the figures, and one sentence for each limit that was broken.

    `notes` are sentences on limits that did not count.
    """

    passed: bool
    reasons: tuple[str, ...]
    candidate: LoadFigures
    champion: LoadFigures | None
    notes: tuple[str, ...] = ()


def judge_load(candidate: LoadFigures, champion: LoadFigures | None, policy: LoadTestPolicy) -> LoadVerdict:
    """Hold the candidate's figures against the limits and against the champion's of the same minutes.

    Where the champion itself breaks the absolute limit on latency, the machine is busy, and only the relative one
    counts. That has an absolute slack, because twice 3 ms is nothing that a person notices.
    """
    reasons, notes = [*_broken_counts(candidate, champion, policy)], []
    if candidate.p95_ms > policy.max_p95_ms:
        broken = f"Its p95 is {candidate.p95_ms:.0f} ms, the limit {policy.max_p95_ms:.0f} ms"
        if champion and champion.requests and champion.p95_ms > policy.max_p95_ms:
            notes.append(
                f"{broken}; the live release has {champion.p95_ms:.0f} ms in the same test, so only their "
                "ratio counts."
            )
        else:
            reasons.append(f"{broken}.")
    if champion and champion.requests:
        limit = champion.p95_ms * policy.max_p95_ratio + policy.slack_ms
        if candidate.p95_ms > limit:
            reasons.append(
                f"Its p95 is {candidate.p95_ms:.0f} ms where the live release has {champion.p95_ms:.0f} ms "
                f"(limit {limit:.0f} ms)."
            )
    return LoadVerdict(not reasons, tuple(reasons), candidate, champion, tuple(notes))


def _broken_counts(
    candidate: LoadFigures, champion: LoadFigures | None, policy: LoadTestPolicy
) -> Iterator[str]:
    if candidate.requests < policy.min_requests:
        few = champion is not None and champion.requests < policy.min_requests
        yield (
            f"It answered {count(candidate.requests, 'request')}, at least {policy.min_requests:,} are needed"
            + (
                f"; the live release answered {champion.requests:,}: test for longer."
                if few and champion
                else "."
            )
        )
    share = candidate.errors / max(candidate.requests, 1)
    if share > policy.max_error_percent / 100:
        yield (
            f"{count(candidate.errors, 'request')} of {candidate.requests:,} failed ({percent(share)}, "
            f"limit {percent(policy.max_error_percent / 100)})."
        )
