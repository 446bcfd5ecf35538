"""gate: may the candidate replace the champion?"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from datetime import date

from ratchet.adapters.run import Run
from ratchet.domain.corpus import coverage, wear
from ratchet.domain.corpus.changes import relabelled
from ratchet.domain.corpus.findings import ValidationReport
from ratchet.domain.corpus.ledger import Split
from ratchet.domain.corpus.retirement import listed_rows
from ratchet.domain.gate import ramp, verdict
from ratchet.domain.gate.ramp import RampPoint, RampStatus
from ratchet.domain.gate.verdict import TrainingFacts, Verdict
from ratchet.domain.release.manifest import Lineage
from ratchet.domain.release.model import Model
from tasks.step import step
from tasks.training.evaluate import CANDIDATE, CHAMPION, Scores
from tasks.training.recall import Recalled


@dataclass(frozen=True)
class Judgement:
    """The verdict, what the candidate was trained on, and where the run stands on the ramp."""

    verdict: Verdict
    trained: TrainingFacts
    ramp: RampStatus
    data_grew: bool


@step(lambda judgement: f"{judgement.verdict.decision}: {judgement.verdict.reasons[0]}")
def gate(
    run: Run,
    split: Split,
    scores: Scores,
    lineage: Lineage,
    recalled: Recalled,
    validation: ValidationReport,
) -> Judgement:
    """Judge the candidate; a rejection is a result, not an error."""
    champion, history = recalled.champion, recalled.history
    params = run.settings.params
    trained = TrainingFacts(dict(Counter(split.train["intent"])), lineage.data_revision)
    champion_trained = TrainingFacts(champion.intents, champion.lineage.data_revision) if champion else None
    arrived = trained.rows - len(split.retired)  # what was retired was there before
    data_grew = champion_trained is not None and arrived > champion_trained.rows
    standing = ramp.status(
        params.ramp,
        [ramp_point(model) for model in history],
        date.today(),
        scores.evaluations[CANDIDATE],
        data_grew,
    )
    context = list(params.corpus.context)
    changed = (
        None if recalled.before is None else relabelled(split.holdout, recalled.before, context, split.form)
    )
    judged = verdict.judge(
        split.holdout,
        scores.predictions[CANDIDATE],
        scores.predictions.get(CHAMPION),
        trained=trained,
        champion_trained=champion_trained,
        ramp=standing,
        policy=params.gate,
        context=context,
        warnings=[finding.rule for finding in validation.warnings if finding.rule != coverage.UNJUDGED],
        relabelled=changed,
        unchecked=(*split.unchecked, *recalled.unchecked),
        decisions=wear.decisions_by_row(split.holdout, history, recalled.holdout_version),
        out_of_scope=params.corpus.out_of_scope,
        unjudged=coverage.of_split(split).unjudged,
        retired=listed_rows(split.retired),
    )
    return Judgement(judged, trained, standing, data_grew)


def ramp_point(model: Model) -> RampPoint:
    """Return an earlier model's place on the ramp."""
    return RampPoint(
        day=date.fromisoformat(model.created_at[:10]),
        accuracy=model.accuracy,
        target=model.target,
        miss=model.miss,
        data_grew=model.data_grew,
    )
