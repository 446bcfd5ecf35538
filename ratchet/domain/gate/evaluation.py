"""How well one model does on the holdout: overall, per intent, per context value, and how sure it was."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from ratchet.domain.corpus.corpus import context_values
from ratchet.domain.errors import RatchetError
from ratchet.domain.record import Record
from ratchet.domain.statistics import wilson

FALLBACK = "nlu_fallback"
OUT_OF_SCOPE = "out_of_scope"
CALIBRATION_BINS = 10


@dataclass(frozen=True)
class IntentScore:
    """One intent of the holdout: `support` rows carry it, `correct` of them were recognised."""

    intent: str
    support: int
    correct: int
    recall: float
    precision: float
    f1: float


@dataclass(frozen=True)
class SliceScore:
    """The holdout rows in which the context `field` has this `value` ('' where it is not known)."""

    field: str
    value: str
    support: int
    correct: int
    accuracy: float


@dataclass(frozen=True)
class Confusion:
    """`count` rows of the intent `given` were taken for `predicted`."""

    given: str
    predicted: str
    count: int


@dataclass(frozen=True)
class CalibrationBin:
    """Rows of similar confidence: their mean `confidence` beside the share that was right."""

    confidence: float
    accuracy: float
    rows: int


@dataclass(frozen=True)
class Latency:
    """Milliseconds for one message through the model."""

    p50_ms: float
    p95_ms: float


@dataclass(frozen=True)
class Evaluation(Record):
    """One model on one holdout; shares lie in [0, 1], `interval` is the 95% Wilson interval."""

    rows: int
    correct: int
    accuracy: float
    interval: tuple[float, float]
    macro_f1: float
    intents: tuple[IntentScore, ...]
    slices: tuple[SliceScore, ...]
    out_of_scope_recall: float | None
    calibration_error: float
    calibration: tuple[CalibrationBin, ...]
    confusions: tuple[Confusion, ...]
    latency: Latency | None = None

    @property
    def metrics(self) -> dict[str, float]:
        """The figures by name, as a registry keeps them beside a run; what is not known is left out."""
        found = {
            "accuracy": self.accuracy,
            "accuracy_low": self.interval[0],
            "accuracy_high": self.interval[1],
            "macro_f1": self.macro_f1,
            "calibration_error": self.calibration_error,
            "holdout_rows": float(self.rows),
        }
        if self.out_of_scope_recall is not None:
            found["out_of_scope_recall"] = self.out_of_scope_recall
        if self.latency is not None:
            found |= {"latency_p50_ms": self.latency.p50_ms, "latency_p95_ms": self.latency.p95_ms}
        return found


def evaluate(
    holdout: pd.DataFrame,
    predictions: pd.DataFrame,
    *,
    context: Sequence[str],
    out_of_scope: str = OUT_OF_SCOPE,
    latency: Latency | None = None,
) -> Evaluation:
    """Score `predictions` (intent, confidence, ranking) against `holdout` (intent, context), row by row.

    Handing over to a person (`nlu_fallback`) is right for an out-of-scope message and wrong for any
    other, so it is scored as the answer 'out of scope'. Macro F1 is the mean over the intents of the
    holdout. Raises RatchetError when the holdout is empty or the two do not line up.
    """
    right = correctness(holdout, predictions, out_of_scope=out_of_scope)
    intents = _intent_scores(holdout, predictions, right, out_of_scope)
    calibration = _calibration(holdout, predictions)
    rows, correct = len(right), int(right.sum())
    error = sum(one.rows * abs(one.accuracy - one.confidence) for one in calibration) / rows
    return Evaluation(
        rows=rows,
        correct=correct,
        accuracy=correct / rows,
        interval=wilson(correct, rows),
        macro_f1=float(np.mean([score.f1 for score in intents])),
        intents=intents,
        slices=tuple(score for field in context for score in _slice_scores(field, holdout, right)),
        out_of_scope_recall=next((score.recall for score in intents if score.intent == out_of_scope), None),
        calibration_error=error,
        calibration=calibration,
        confusions=_confusions(holdout, predictions, right),
        latency=latency,
    )


def correctness(
    holdout: pd.DataFrame, predictions: pd.DataFrame, *, out_of_scope: str = OUT_OF_SCOPE
) -> NDArray[np.bool_]:
    """For each holdout row, whether the model got it right; see `evaluate` for what counts as right."""
    if len(holdout) == 0:
        raise RatchetError(
            "The holdout is empty, so no model can be judged.",
            "Ingest more messages: a quarter of each intent's becomes the holdout.",
        )
    if len(holdout) != len(predictions):
        raise RatchetError(
            f"There are {len(predictions):,} predictions for {len(holdout):,} holdout rows.",
            "Run the evaluation again: both must come from the same data revision.",
        )
    return np.asarray(holdout["intent"].to_numpy() == _answers(predictions, out_of_scope), dtype=bool)


def _answers(predictions: pd.DataFrame, out_of_scope: str) -> NDArray[np.object_]:
    return predictions["intent"].replace(FALLBACK, out_of_scope).to_numpy(dtype=object)


def _intent_scores(
    holdout: pd.DataFrame, predictions: pd.DataFrame, right: NDArray[np.bool_], out_of_scope: str
) -> tuple[IntentScore, ...]:
    answered = pd.Series(_answers(predictions, out_of_scope)).value_counts()
    table = pd.Series(right).groupby(holdout["intent"].to_numpy()).agg(["size", "sum"])
    scores = []
    for intent, support, correct in table.itertuples():
        claimed = int(answered.get(intent, 0))
        scores.append(
            IntentScore(
                intent=str(intent),
                support=int(support),
                correct=int(correct),
                recall=correct / support,
                precision=correct / claimed if claimed else 0.0,
                f1=2 * correct / (support + claimed),
            )
        )
    return tuple(scores)


def _slice_scores(field: str, holdout: pd.DataFrame, right: NDArray[np.bool_]) -> list[SliceScore]:
    table = pd.Series(right).groupby(context_values(holdout, field).to_numpy()).agg(["size", "sum"])
    return [
        SliceScore(field, str(value), int(support), int(correct), correct / support)
        for value, support, correct in table.itertuples()
    ]


def _calibration(holdout: pd.DataFrame, predictions: pd.DataFrame) -> tuple[CalibrationBin, ...]:
    """Equal-width bins of the confidence in the best intent, as it was before any fallback.

    The fallback puts itself first with a confidence of its own, which says nothing about the classifier.
    The mean gap over these bins is the expected calibration error of Naeini et al., AAAI 2015.
    """
    rankings = predictions["ranking"]
    best = [next((pair for pair in ranking if pair[0] != FALLBACK), (None, 0.0)) for ranking in rankings]
    # A classifier of a team's own may know no confidence: then it is sure of nothing.
    confidence = np.nan_to_num(np.array([float(pair[1] or 0.0) for pair in best]), posinf=1.0, neginf=0.0)
    right = np.array([pair[0] for pair in best], dtype=object) == holdout["intent"].to_numpy()
    bins = np.clip((confidence * CALIBRATION_BINS).astype(int), 0, CALIBRATION_BINS - 1)
    return tuple(
        CalibrationBin(
            confidence=float(confidence[bins == number].mean()),
            accuracy=float(right[bins == number].mean()),
            rows=int((bins == number).sum()),
        )
        for number in np.unique(bins)
    )


def _confusions(
    holdout: pd.DataFrame, predictions: pd.DataFrame, right: NDArray[np.bool_]
) -> tuple[Confusion, ...]:
    """Every wrong pair, the most frequent first."""
    pairs = zip(holdout["intent"].to_numpy()[~right], predictions["intent"].to_numpy()[~right], strict=True)
    counted = [Confusion(given, predicted, count) for (given, predicted), count in Counter(pairs).items()]
    return tuple(sorted(counted, key=lambda pair: (-pair.count, pair.given, pair.predicted)))
