"""The whole bot besides its intents: what else the gate looks at, one line each."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from ratchet.domain.corpus.changes import data_changes
from ratchet.domain.corpus.corpus import CorpusPolicy
from ratchet.domain.corpus.renames import classes
from ratchet.domain.gate import (
    annotation_changes,
    cost,
    entities,
    entity_rules,
    entity_sheet,
    must,
    nonsense,
    recent,
    renamed,
    robustness,
)
from ratchet.domain.gate.annotation_changes import AnnotationChanges
from ratchet.domain.gate.case import Case
from ratchet.domain.gate.cost import Cost
from ratchet.domain.gate.entities import Entities
from ratchet.domain.gate.entity_sheet import Sheet
from ratchet.domain.gate.must import Musts
from ratchet.domain.gate.policies import GatePolicy
from ratchet.domain.gate.recent import Recent
from ratchet.domain.gate.robustness import Variant
from ratchet.domain.gate.rules import Rule
from ratchet.domain.gate.scores import CANDIDATE, CHAMPION, Scores
from ratchet.domain.record import Record

MUST, RECENT, NONSENSE = "must", "recent", "nonsense"
"""The names of the sheets of messages that are asked besides the holdout and its variants."""


@dataclass(frozen=True)
class Whole(Record):
    """What was found, for the report; what is None was not looked at."""

    entities: Entities | None = None
    musts: Musts | None = None
    recent: Recent | None = None
    variants: tuple[Variant, ...] = ()
    costs: dict[str, Cost] = field(default_factory=dict)

    @property
    def metrics(self) -> dict[str, float]:
        """The figures by name, as a registry keeps them."""
        found = dict(self.entities.metrics) if self.entities else {}
        found |= {f"accuracy_{one.name}": one.candidate / one.rows for one in self.variants if one.rows}
        if candidate := self.costs.get(CANDIDATE):
            found["archive_bytes"] = float(candidate.archive)
            if candidate.memory is not None:
                found["memory_bytes"] = float(candidate.memory)
        return found


def sheets(case: Case, policy: GatePolicy, corpus: CorpusPolicy) -> dict[str, pd.DataFrame]:
    """Return the messages that both models are asked besides the holdout, by name; none that is empty."""
    context, holdout = list(corpus.context), case.sides.holdout
    made = {MUST: must.sheet(case.musts, context)}
    if policy.robustness.rows:
        made |= robustness.sheets(holdout, policy.robustness.rows)
    if case.champion is not None:
        made[NONSENSE] = nonsense.sheet(context)
        if isinstance(case.recent, pd.DataFrame):
            made[RECENT] = case.recent
    return {name: rows for name, rows in made.items() if len(rows)}


def look(
    case: Case, scores: Scores, relabelled: NDArray[np.bool_] | None, policy: GatePolicy, corpus: CorpusPolicy
) -> tuple[Whole, list[Rule]]:
    """Look at everything; each part returns what it found and its rules."""
    found, rules = of_entities(case, scores, policy, corpus)
    musts = of_musts(case, scores, corpus)
    real = of_recent(case, scores, policy, corpus)
    variants, by_variant = of_variants(case, scores, relabelled, policy, corpus)
    rules += must.rule(musts) if musts else []
    rules += recent.rules(real, policy.recent)
    rules += by_variant
    if answers := scores.both(NONSENSE):
        rules += nonsense.rules(*answers, corpus.out_of_scope, policy)
    if case.champion is not None and CANDIDATE in scores.costs:
        rules += cost.rules(scores.costs[CANDIDATE], scores.costs.get(CHAMPION), policy.cost)
    return Whole(found, musts, real, variants, dict(scores.costs)), rules


def of_entities(
    case: Case, scores: Scores, policy: GatePolicy, corpus: CorpusPolicy
) -> tuple[Entities | None, list[Rule]]:
    """Entities by message and by label; nothing where no one annotates any, nor did."""
    changed = changes_of(case, corpus)
    candidate, champion = scores.predictions[CANDIDATE], scores.predictions.get(CHAMPION)
    rules = entity_rules.taught(changed.labels, policy) if case.champion else []
    if not changed.every:
        return None, rules
    if entity_sheet.ENTITIES not in candidate:
        return None, [*rules, entity_rules.unsaid()]
    comparable = champion is not None and entity_sheet.ENTITIES in champion
    found = sheet_of(case, scores, corpus, changed, champion if comparable else None)
    if comparable:
        ours, theirs = scores.synonyms.get(CANDIDATE) or {}, scores.synonyms.get(CHAMPION) or {}
        rules += entity_rules.found(found, policy)
        rules += entity_rules.synonyms(
            annotation_changes.synonym_loss(theirs, ours, case.corpus.frame), policy
        )
    elif champion is not None:
        rules.append(entity_rules.uncompared())
    return entities.summarise(found, entity_sheet.unannotated(candidate, changed.every)), rules


def changes_of(case: Case, corpus: CorpusPolicy) -> AnnotationChanges:
    """What became of the annotations of the champion's data."""
    return annotation_changes.changes(case.before, case.corpus.frame, list(corpus.context), case.sides.form)


def sheet_of(
    case: Case,
    scores: Scores,
    corpus: CorpusPolicy,
    changed: AnnotationChanges,
    champion: pd.DataFrame | None,
    candidate: pd.DataFrame | None = None,
) -> Sheet:
    """Line up annotations and predictions; `candidate` is by default the candidate's."""
    ours, theirs = scores.synonyms.get(CANDIDATE) or {}, scores.synonyms.get(CHAMPION) or {}
    holdout = case.sides.holdout
    return entity_sheet.sheet(
        holdout,
        scores.predictions[CANDIDATE] if candidate is None else candidate,
        champion,
        known={**annotation_changes.meant(theirs), **annotation_changes.meant(ours)},
        annotated=changed.every,
        taught=changed.types_before if case.champion else None,
        before=annotation_changes.of_rows(case.before, holdout, list(corpus.context), case.sides.form),
    )


def entity_measure(
    case: Case, scores: Scores, corpus: CorpusPolicy
) -> Callable[[pd.DataFrame], float] | None:
    """Return what tells in how many of the messages with annotated entities some predictions have all of them right.

    None where there is no such message, or a framework does not say what its model finds.
    """
    changed = changes_of(case, corpus)
    models = [scores.predictions[name] for name in (CANDIDATE, CHAMPION) if name in scores.predictions]
    if not changed.every or any(entity_sheet.ENTITIES not in said for said in models):
        return None
    gold = sheet_of(case, scores, corpus, changed, None)
    rows = gold.kept & np.array([bool(spans) for spans in gold.gold], dtype=bool)
    if not rows.any():
        return None

    def share(predictions: pd.DataFrame) -> float:
        found = sheet_of(case, scores, corpus, changed, None, predictions)
        return float(found.right(found.candidate)[rows].mean())

    return share


def of_musts(case: Case, scores: Scores, corpus: CorpusPolicy) -> Musts | None:
    """Messages that must never go wrong; None where there are none."""
    answers = scores.answers.get(MUST, {})
    if CANDIDATE not in answers:
        return None
    return must.look(case.musts, answers[CANDIDATE], answers.get(CHAMPION), corpus.out_of_scope)


def of_recent(case: Case, scores: Scores, policy: GatePolicy, corpus: CorpusPolicy) -> Recent | None:
    """The newest real messages; None without a champion, or where the policy asks none."""
    if case.champion is None or case.recent is None:
        return None
    if isinstance(case.recent, str):
        return recent.unread(policy.recent.days, case.recent)
    answers = scores.both(RECENT)
    if answers is None:
        return Recent(0, policy.recent.days, 0, 0, 0, 0, (), ())
    changed = (
        None
        if case.before is None
        else data_changes(case.before, case.corpus.frame, list(corpus.context), case.sides.form)
    )
    return recent.compare(case.recent, *answers, changed, policy.recent, case.allowed)


def of_variants(
    case: Case,
    scores: Scores,
    relabelled: NDArray[np.bool_] | None,
    policy: GatePolicy,
    corpus: CorpusPolicy,
) -> tuple[tuple[Variant, ...], list[Rule]]:
    """The holdout as people write it in a hurry; intents that became each other are compared as the holdout's are."""
    holdout, found, rules = case.sides.holdout, [], []
    places = robustness.sample(holdout, policy.robustness.rows)
    rows, kept = holdout.iloc[places], np.ones(len(places), dtype=bool)
    if relabelled is not None:
        kept = ~relabelled[places]
    for name in robustness.NAMES:
        answers: Mapping[str, pd.DataFrame] = scores.answers.get(name, {})
        if CANDIDATE not in answers:
            continue
        champion = answers.get(CHAMPION)
        if champion is not None:
            champion = renamed.renamed(champion, case.successions, rows["intent"])
        variant, pair = robustness.look(
            name, rows, answers[CANDIDATE], champion, corpus.out_of_scope, classes(case.successions)
        )
        found.append(variant)
        rules += robustness.rule(name, pair, kept, policy) if pair else []
    return tuple(found), rules
