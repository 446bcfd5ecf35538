"""What changed between two models on one holdout."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from ratchet.domain.corpus.corpus import context_values
from ratchet.domain.gate.evaluation import OUT_OF_SCOPE, correctness
from ratchet.domain.gate.scores import Scores
from ratchet.domain.record import Record
from ratchet.domain.statistics import chance_of_loss


@dataclass(frozen=True)
class Example(Record):
    """One holdout row that exactly one of the two models got right, with both answers."""

    text: str
    intent: str
    champion: str
    candidate: str
    confidence: float
    context: tuple[tuple[str, str], ...]


@dataclass(frozen=True)
class Comparison(Record):
    """The rows that the candidate gained and lost against the champion, the surest answers first.

    `p_worse` is the one-sided exact McNemar p-value.
    """

    rows: int
    gained: tuple[Example, ...]
    lost: tuple[Example, ...]
    p_worse: float


@dataclass(frozen=True)
class Contest(Record):
    """Two registered models on one holdout; in `comparison` the first takes the candidate's place."""

    first: str
    second: str
    rows: int
    first_accuracy: float
    second_accuracy: float
    comparison: Comparison


@dataclass(frozen=True)
class Trial(Record):
    """What a change of the pipeline would bring, measured and not kept: `contest` has the changed one first.

    `interval` is the 95% interval of the difference in accuracy, from the paired rows (Wald, of the difference of the
    two discordant shares); latencies are the medians of one message, in milliseconds.
    """

    contest: Contest
    difference: float
    interval: tuple[float, float]
    latency_ms: float
    latency_before_ms: float

    @staticmethod
    def of(contest: Contest, scores: Scores) -> Trial:
        """Return the trial of a contest whose scores are named `first` and `second`."""
        rows, gained, lost = contest.rows, len(contest.comparison.gained), len(contest.comparison.lost)
        difference = (gained - lost) / rows if rows else 0.0
        spread = (
            1.96 * math.sqrt(max(gained + lost - (gained - lost) ** 2 / rows, 0.0)) / rows if rows else 0.0
        )
        measured = [scores.evaluations[name].latency for name in ("first", "second")]
        first, second = (one.p50_ms if one else 0.0 for one in measured)
        return Trial(contest, difference, (difference - spread, difference + spread), first, second)


def compare(
    holdout: pd.DataFrame,
    candidate: pd.DataFrame,
    champion: pd.DataFrame,
    *,
    context: Sequence[str] = (),
    out_of_scope: str = OUT_OF_SCOPE,
) -> Comparison:
    """List the holdout rows on which exactly one of the two models is right; frames as in `evaluate`."""
    new = correctness(holdout, candidate, out_of_scope=out_of_scope)
    old = correctness(holdout, champion, out_of_scope=out_of_scope)
    values = {field: context_values(holdout, field).tolist() for field in context}
    texts, intents = holdout["text"].tolist(), holdout["intent"].tolist()
    answers, before = candidate["intent"].tolist(), champion["intent"].tolist()
    confidence = candidate["confidence"].tolist()

    def examples(rows: list[int]) -> tuple[Example, ...]:
        return tuple(
            Example(
                text=texts[row],
                intent=intents[row],
                champion=before[row],
                candidate=answers[row],
                confidence=float(confidence[row]),
                context=tuple((field, values[field][row]) for field in context),
            )
            for row in sorted(rows, key=lambda row: (-confidence[row], row))
        )

    gained, lost = np.flatnonzero(new & ~old).tolist(), np.flatnonzero(old & ~new).tolist()
    return Comparison(
        rows=len(holdout),
        gained=examples(gained),
        lost=examples(lost),
        p_worse=chance_of_loss(len(lost), len(gained)),
    )
