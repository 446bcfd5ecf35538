"""What people wrote to the bot and how it went, in figures.

A frame of messages has a row for each message of a person: `id`, `at` (seconds since 1970), `text`, `context` (JSON),
`intent` (what the bot answered to; `nlu_fallback` and `nlu_handoff` included, "" where it failed), `confidence`,
`ranking` (JSON, [[intent, confidence], …]), `handed_off`, `failed`, `seconds` that the reply took, `release`,
`model_version`, `model_id`, and `conversation`, a hash.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from ratchet.domain.operations.policies import MonitorPolicy as MonitorPolicy
from ratchet.domain.record import Record

if TYPE_CHECKING:
    import pandas as pd

FALLBACK, HANDOFF = "nlu_fallback", "nlu_handoff"
COLUMNS = (
    "id",
    "at",
    "conversation",
    "text",
    "context",
    "intent",
    "confidence",
    "ranking",
    "handed_off",
    "failed",
    "seconds",
    "release",
    "model_version",
    "model_id",
)


@dataclass(frozen=True)
class Traffic(Record):
    """The last `minutes`: counts of messages; p50 and p95 of the replies' times in milliseconds, None without
    any.

    `requests` and `errors` are those of the proxy where there is one: it also sees what no replica answered.
    """

    minutes: float
    messages: int
    fallbacks: int
    handed_off: int
    requests: int
    errors: int
    p50_ms: float | None
    p95_ms: float | None

    @property
    def per_minute(self) -> float:
        """Requests in a minute."""
        return self.requests / self.minutes

    @property
    def error_share(self) -> float:
        """The share of requests that failed, in [0, 1]."""
        return self.errors / self.requests if self.requests else 0.0

    def share(self, count: int) -> float:
        """A count as a share of the messages, in [0, 1]."""
        return count / self.messages if self.messages else 0.0


def summarise(messages: pd.DataFrame, minutes: float) -> Traffic:
    """Return the figures of the messages of the last `minutes`."""
    times = 1000 * messages["seconds"]
    failed = messages["failed"].astype(bool)
    return Traffic(
        minutes=minutes,
        messages=len(messages),
        fallbacks=int(messages["intent"].isin((FALLBACK, HANDOFF)).sum()),
        handed_off=int(messages["handed_off"].astype(bool).sum()),
        requests=len(messages),
        errors=int(failed.sum()),
        p50_ms=float(times.quantile(0.5)) if len(messages) else None,
        p95_ms=float(times.quantile(0.95)) if len(messages) else None,
    )


@dataclass(frozen=True)
class ProxyCount(Record):
    """A proxy's counters at a time: requests and server errors since its start.

    `place` is where they were counted: at the entry, which also sees what no backend answered, or at the backends.
    `backends` has the answers of each backend since the start, and `means` the mean response time of its last 1,024,
    in milliseconds; `mean_ms` is that of all. `own` and `own_errors` of the requests are the monitor's.
    """

    at: float
    requests: int
    errors: int
    mean_ms: float
    place: str = "bot"
    backends: dict[str, int] = field(default_factory=dict)
    means: dict[str, float] = field(default_factory=dict)
    own: int = 0
    own_errors: int = 0


def mean_of(means: Mapping[str, float], answers: Mapping[str, int]) -> float:
    """Return the mean response time in milliseconds over backends, weighted by their answers; 0 without any."""
    total = sum(answers.values())
    return sum(means.get(name, 0.0) * number for name, number in answers.items()) / total if total else 0.0


def between(first: ProxyCount, last: ProxyCount) -> float:
    """Return the mean response time of the answers between two counts: a backend that rests has an old mean."""
    recent = {name: max(number - first.backends.get(name, 0), 0) for name, number in last.backends.items()}
    return mean_of(last.means, recent) or last.mean_ms


def remember(counts: tuple[ProxyCount, ...], newest: ProxyCount, minutes: float) -> tuple[ProxyCount, ...]:
    """Return the counts that the window begins and ends with.

    A proxy that was restarted counts from zero, and counts of different places cannot be compared.
    """
    last = counts[-1] if counts else newest
    if newest.requests < last.requests or newest.errors < last.errors or newest.place != last.place:
        counts = ()
    kept = [count for count in counts if newest.at - count.at <= 60 * minutes]
    return (*kept, newest)


def with_proxy(traffic: Traffic | None, counts: tuple[ProxyCount, ...], minutes: float) -> Traffic | None:
    """Let the proxy's counters say how many requests there were and failed, where it has counted twice."""
    if len(counts) < 2:
        return traffic
    first, last = counts[0], counts[-1]
    known = traffic or Traffic(minutes, 0, 0, 0, 0, 0, None, between(first, last))
    errors = max((last.errors - last.own_errors) - (first.errors - first.own_errors), 0)
    return replace(
        known,
        minutes=max((last.at - first.at) / 60, 1 / 60),
        requests=max((last.requests - last.own) - (first.requests - first.own), errors),
        errors=errors,
    )
