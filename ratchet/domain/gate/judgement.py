"""A judgement: what the gate decided about a candidate, from what, and why its accuracy moved."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date

import numpy as np
from numpy.typing import NDArray

from ratchet.domain.corpus import coverage, wear
from ratchet.domain.corpus.changes import relabelled
from ratchet.domain.corpus.corpus import CorpusPolicy
from ratchet.domain.corpus.renames import classes, new_names
from ratchet.domain.corpus.retirement import listed_rows
from ratchet.domain.corpus.unchecked import Unchecked
from ratchet.domain.gate import dialogue, ramp, renamed, translated, verdict, whole
from ratchet.domain.gate.attribution import Attribution
from ratchet.domain.gate.case import Case
from ratchet.domain.gate.dialogue import Dialogue, Plays
from ratchet.domain.gate.ramp import RampPoint, RampPolicy, RampStatus
from ratchet.domain.gate.rules import Rule
from ratchet.domain.gate.scores import CANDIDATE, CHAMPION, Scores
from ratchet.domain.gate.verdict import Decision, GatePolicy, TrainingFacts, Verdict
from ratchet.domain.gate.whole import Whole
from ratchet.domain.release.model import Model


@dataclass(frozen=True)
class Judgement:
    """The verdict on a case, what the candidate was trained on, and where the run is on the ramp.

    `whole` is what was found of the bot besides its intents; `dialogue` what was played, None where nothing was;
    `why_entities` says of the messages with entities what `why` says of accuracy.

    `why` says why accuracy moved, or why that is not known; None where no one asked, or there is no champion.
    """

    case: Case
    scores: Scores
    verdict: Verdict
    trained: TrainingFacts
    ramp: RampStatus
    data_grew: bool
    why: Attribution | Unchecked | None = None
    whole: Whole = field(default_factory=Whole)
    why_entities: Attribution | None = None
    dialogue: Dialogue | None = None

    @property
    def promotes(self) -> bool:
        """Whether the candidate may replace the champion."""
        return self.verdict.decision is Decision.PROMOTE

    def describe(self) -> str:
        """Say the decision and its first reason."""
        return f"{self.verdict.decision}: {self.verdict.reasons[0]}"


def conclude(
    case: Case,
    scores: Scores,
    policies: tuple[GatePolicy, RampPolicy, CorpusPolicy],
    today: date,
    plays: Plays | None = None,
) -> Judgement:
    """Judge a case's candidate by its scores and by what was played with it."""
    gate_policy, ramp_policy, corpus_policy = policies
    sides, champion, context = case.sides, case.champion, list(corpus_policy.context)
    scores = renamed.in_new_names(scores, sides.holdout, case.successions, corpus_policy)
    names = classes(case.successions)
    trained = TrainingFacts(dict(Counter(sides.train["intent"])), case.lineage.data_revision)
    champion_trained = TrainingFacts(champion.intents, champion.lineage.data_revision) if champion else None
    data_grew = grew(trained, champion_trained, len(sides.retired))
    points = [ramp_point(model) for model in case.history]
    standing = ramp.status(ramp_policy, points, today, scores.evaluations[CANDIDATE], data_grew)
    changed = relabelled_in(case, names, context)
    found, beside = whole.look(case, scores, changed, gate_policy, corpus_policy)
    talk, heard = told(case, plays, gate_policy, corpus_policy.language)
    judged = verdict.judge(
        sides.holdout,
        scores.predictions[CANDIDATE],
        scores.predictions.get(CHAMPION),
        trained=trained,
        champion_trained=champion_trained,
        ramp=standing,
        policy=gate_policy,
        context=context,
        warnings=[one.rule for one in case.corpus.warnings if one.rule != coverage.UNJUDGED],
        relabelled=changed,
        beside=[*beside, *heard],
        classes=names,
        unchecked=(*sides.unchecked, *case.unchecked),
        decisions=wear.decisions_by_row(sides.holdout, case.history, case.holdout_version),
        out_of_scope=corpus_policy.out_of_scope,
        unjudged=coverage.of_split(sides).unjudged,
        retired=listed_rows(sides.retired),
    )
    return Judgement(case, scores, judged, trained, standing, data_grew, whole=found, dialogue=talk)


def grew(trained: TrainingFacts, before: TrainingFacts | None, retired: int) -> bool:
    """Say whether messages arrived since the champion was trained; those that were retired were there before."""
    return before is not None and trained.rows - retired > before.rows


def told(
    case: Case, plays: Plays | None, policy: GatePolicy, language: str | None
) -> tuple[Dialogue | None, list[Rule]]:
    """Return what people are told differently, and the new names of intents, with the findings on both.

    `language` is the context field that holds it, None in a bot of one language.
    """
    named = [*renamed.rule(case.successions, case.leftovers), *renamed.left_behind(case.successions, policy)]
    if plays is None:
        return None, named
    found, rules = dialogue.look(plays, new_names(case.successions), policy)
    spoken = translated.rule(plays.candidate, case.corpus.frame, language)
    return found, [*rules, *spoken, *named]


def relabelled_in(case: Case, names: Mapping[str, str], context: list[str]) -> NDArray[np.bool_] | None:
    """Say which holdout rows have another label than the champion's data, new names aside; None where it is today's."""
    if case.before is None:
        return None
    holdout, before = (renamed.under(frame, names) for frame in (case.sides.holdout, case.before))
    return relabelled(holdout, before, context, case.sides.form)


def ramp_point(model: Model) -> RampPoint:
    """Return an earlier model's place on the ramp."""
    return RampPoint(
        day=date.fromisoformat(model.created_at[:10]),
        accuracy=model.accuracy,
        target=model.target,
        miss=model.miss,
        data_grew=model.data_grew,
    )
