"""evaluate: predict today's holdout with the candidate and, again, with the champion."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import pandas as pd

from adapters import rasa
from adapters.run import Run
from domain import evaluation
from domain.evaluation import Evaluation, Latency
from domain.model import Model
from tasks.step import say, step

CANDIDATE, CHAMPION = "candidate", "champion"


@dataclass(frozen=True)
class Scores:
    """The predictions and the evaluation of each model, by its name, for instance `candidate`, `champion`."""

    predictions: Mapping[str, pd.DataFrame]
    evaluations: Mapping[str, Evaluation]


def describe(scores: Scores) -> str:
    """Say the accuracies side by side."""
    said = [f"{name} {score.accuracy:.1%}" for name, score in scores.evaluations.items()]
    rows = next(iter(scores.evaluations.values())).rows
    return f"{', '.join(said)} on {rows:,} holdout messages"


@step(describe)
def evaluate(run: Run, holdout: pd.DataFrame, **models: rasa.Trained | Model | None) -> Scores:
    """Score each model on the whole holdout, in one process and in batches; an old score is never used again.

    The names of `models` are those of the scores; a registered model's archive is verified first.
    """
    archives = {
        name: run.registry.archive(model) if isinstance(model, Model) else model.archive
        for name, model in models.items()
        if model is not None
    }
    predictions, speed = rasa.evaluate(run.settings, archives, holdout, run.folder / "predictions", say)
    corpus = run.settings.params.corpus
    scored = {
        name: evaluation.evaluate(
            holdout,
            predictions[name],
            context=list(corpus.context),
            out_of_scope=corpus.out_of_scope,
            latency=Latency(speed[name]["latency_p50_ms"], speed[name]["latency_p95_ms"]),
        )
        for name in archives
    }
    return Scores(predictions, scored)
