"""Small holdouts and predictions for the tests of the gate."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date

import pandas as pd

from ratchet.domain.gate.evaluation import evaluate
from ratchet.domain.gate.ramp import RampPolicy, RampStatus, status
from ratchet.domain.gate.verdict import GatePolicy, TrainingFacts, Verdict, judge

WRONG = "something_else"
FACTS = TrainingFacts(intents={"a": 500, "b": 500}, data_revision="d1")


def holdout(intents: Sequence[str], **columns: Sequence[str]) -> pd.DataFrame:
    """A holdout with these intents; the texts are numbers."""
    texts = [f"message {number}" for number in range(len(intents))]
    return pd.DataFrame({"key": texts, "text": texts, "intent": list(intents), **columns})


def answers(intents: Sequence[str], confidence: Sequence[float] | None = None) -> pd.DataFrame:
    """Predictions with these intents first in their rankings."""
    sure = list(confidence) if confidence is not None else [0.9] * len(intents)
    ranking = [[[intent, share]] for intent, share in zip(intents, sure, strict=True)]
    return pd.DataFrame({"intent": list(intents), "confidence": sure, "ranking": ranking})


def right_on(truth: pd.DataFrame, right: Sequence[bool]) -> pd.DataFrame:
    """Predictions that are right exactly where `right` says so."""
    return answers([intent if ok else WRONG for intent, ok in zip(truth["intent"], right, strict=True)])


def on_the_ramp(
    truth: pd.DataFrame, predictions: pd.DataFrame, policy: RampPolicy | None = None
) -> RampStatus:
    """The ramp's status of a first run."""
    return status(
        policy or RampPolicy(), [], date(2026, 1, 5), evaluate(truth, predictions, context=[]), True
    )


def verdict(
    truth: pd.DataFrame,
    candidate: Sequence[bool],
    champion: Sequence[bool] | None,
    *,
    policy: GatePolicy | None = None,
    trained: TrainingFacts = FACTS,
    champion_trained: TrainingFacts | None = FACTS,
    ramp: RampStatus | None = None,
    **options: object,
) -> Verdict:
    """Judge two models that are right on the rows where their flags say so."""
    new = right_on(truth, candidate)
    return judge(
        truth,
        new,
        None if champion is None else right_on(truth, champion),
        trained=trained,
        champion_trained=None if champion is None else champion_trained,
        ramp=ramp or on_the_ramp(truth, new),
        policy=policy or GatePolicy(),
        **options,  # type: ignore[arg-type]
    )
