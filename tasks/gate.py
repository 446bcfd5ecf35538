"""gate: may the candidate replace the champion?"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

import pandas as pd

from adapters.rasa import Trained
from adapters.run import Run
from domain import ramp, verdict
from domain.model import Model
from domain.ramp import RampPoint, RampStatus
from domain.release import Lineage
from domain.validation import ValidationReport
from domain.verdict import TrainingFacts, Verdict
from tasks.evaluate import CANDIDATE, CHAMPION, Scores
from tasks.recall import Recalled
from tasks.step import step


@dataclass(frozen=True)
class Judgement:
    """The verdict and where the run stands on the ramp."""

    verdict: Verdict
    ramp: RampStatus
    data_grew: bool


@step(lambda judgement: f"{judgement.verdict.decision}: {judgement.verdict.reasons[0]}")
def gate(
    run: Run,
    holdout: pd.DataFrame,
    scores: Scores,
    trained: Trained,
    lineage: Lineage,
    recalled: Recalled,
    validation: ValidationReport,
) -> Judgement:
    """Judge the candidate; a rejection is a result, not an error."""
    champion, history = recalled.champion, recalled.history
    params = run.settings.params
    data_grew = champion is not None and trained.rows > champion.training_rows
    standing = ramp.status(
        params.ramp,
        [ramp_point(model) for model in history],
        date.today(),
        scores.evaluations[CANDIDATE],
        data_grew,
    )
    judged = verdict.judge(
        holdout,
        scores.predictions[CANDIDATE],
        scores.predictions.get(CHAMPION),
        trained=TrainingFacts(trained.rows, frozenset(trained.intents), lineage.data_revision),
        champion_trained=training_facts(champion) if champion else None,
        ramp=standing,
        policy=params.gate,
        context=list(params.corpus.context),
        warnings=[finding.rule for finding in validation.warnings],
        decisions=sum(model.holdout_version == recalled.holdout_version for model in history),
        out_of_scope=params.corpus.out_of_scope,
    )
    return Judgement(judged, standing, data_grew)


def training_facts(model: Model) -> TrainingFacts:
    """Return what the gate compares of a registered model's training."""
    return TrainingFacts(model.training_rows, frozenset(model.intents), model.lineage.data_revision)


def ramp_point(model: Model) -> RampPoint:
    """Return an earlier model's place on the ramp."""
    return RampPoint(
        day=date.fromisoformat(model.created_at[:10]),
        accuracy=model.accuracy,
        target=model.target,
        miss=model.miss,
        data_grew=model.data_grew,
    )
