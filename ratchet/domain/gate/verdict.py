"""The gate: may the candidate replace the champion?"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from ratchet.domain.corpus.coverage import Uncovered
from ratchet.domain.corpus.retirement import Retired
from ratchet.domain.corpus.unchecked import Unchecked
from ratchet.domain.gate import paired, renamed, rules
from ratchet.domain.gate.decision import Decision as Decision
from ratchet.domain.gate.evaluation import OUT_OF_SCOPE, correctness
from ratchet.domain.gate.ramp import RampStatus
from ratchet.domain.gate.rules import ENTITIES, GatePolicy, Rule, TrainingFacts
from ratchet.domain.record import Record

__all__ = ["Decision", "GatePolicy", "Rule", "TrainingFacts", "Verdict", "decide", "judge"]


@dataclass(frozen=True)
class Verdict(Record):
    """The gate's decision and every rule that it looked at."""

    decision: Decision
    rules: tuple[Rule, ...]

    @property
    def reasons(self) -> tuple[str, ...]:
        """What decided, one sentence each: the decisive rules, then the warnings.

        The first names the rules that decided. Nothing decides a promotion by itself; its first sentence is the
        comparison with the champion, or with the floor where there is none.
        """
        order = {"reject": 0, "ask": 1, "warn": 2}
        found = sorted(
            (rule for rule in self.rules if rule.outcome in order), key=lambda rule: order[rule.outcome]
        )
        if self.decision is Decision.PROMOTE:
            found = [self.rules[0], *(rule for rule in found if rule != self.rules[0])]
        first, *others = [rule.sentence for rule in found]
        return (f"{self.deciding}: {first}", *others)

    @property
    def decisive(self) -> tuple[str, ...]:
        """Those of the reasons that decided: of a rejection what rejects, of a question what asks."""
        return self.reasons[: max(1, sum(rule.outcome == self.decision for rule in self.rules))]

    @property
    def deciding(self) -> str:
        """Name the rules that decided: 'Rejected by the rule intent', 'Asks because of 2 rules (cost, fallback)'."""
        names = list(dict.fromkeys(rule.name for rule in self.rules if rule.outcome == self.decision))
        rules = f"the rule {names[0]}" if len(names) == 1 else f"{len(names)} rules ({', '.join(names)})"
        match self.decision:
            case Decision.REJECT:
                return f"Rejected by {rules}"
            case Decision.ASK:
                return f"Asks because of {rules}"
        return "No rule objects"


def judge(
    holdout: pd.DataFrame,
    candidate: pd.DataFrame,
    champion: pd.DataFrame | None,
    *,
    trained: TrainingFacts,
    champion_trained: TrainingFacts | None,
    ramp: RampStatus,
    policy: GatePolicy,
    context: Sequence[str] = (),
    warnings: Sequence[str] = (),
    decisions: int | NDArray[np.int64] = 0,
    relabelled: NDArray[np.bool_] | None = None,
    unchecked: Sequence[Unchecked] = (),
    beside: Sequence[Rule] = (),
    classes: Mapping[str, str] = MappingProxyType({}),
    out_of_scope: str = OUT_OF_SCOPE,
    unjudged: Sequence[Uncovered] = (),
    retired: Sequence[Retired] = (),
) -> Verdict:
    """Decide about `candidate`, the predictions of the new model for each row of `holdout`.

    `champion` holds the predictions of the model in service for the same rows, None before the first
    release. `warnings` are the names of the data's warnings; `decisions` counts the verdicts that each
    row of this holdout has already decided. `unjudged` are the intents without a holdout row, `retired` the rows that
    left the holdout since the champion. `relabelled` marks the holdout rows whose label changed since the
    champion was trained; the two models are compared on the others, because the champion was taught the old
    labels: wrong new ones would make it look worse than a candidate that learnt the mistake. `unchecked` are the
    checks of the split and the data that could not run. `beside` are the findings on the bot besides its intents
    (ratchet/domain/gate/whole.py). `classes` are the names under which intents that became each other since the
    champion are compared (`corpus.renames.classes`).
    """
    right = correctness(holdout, candidate, out_of_scope=out_of_scope)
    found: list[Rule] = []
    if champion is not None:
        truth = renamed.under(holdout, classes)
        after, before = (
            correctness(truth, renamed.under(model, classes), out_of_scope=out_of_scope)
            for model in (candidate, champion)
        )
        kept = np.ones(len(holdout), dtype=bool) if relabelled is None else ~relabelled
        both = paired.Pair(after[kept], before[kept])
        several = any(rule.name == ENTITIES and rule.p_value is not None for rule in beside)
        found += paired.compare(truth[kept], both, context, policy, int((~kept).sum()), several)
    if champion_trained is not None:
        ours, theirs = renamed.facts(trained, classes), renamed.facts(champion_trained, classes)
        found.append(rules.vanished_intents(ours, theirs))
        found.append(rules.training_rows(ours, theirs, policy))
        found += rules.shrunken_intents(ours, theirs, policy)
    found.append(rules.floor(right, ramp))
    found.append(rules.target(ramp))
    found += beside
    found += [rules.not_checked(one) for one in unchecked]
    found += [rules.data_warning(name, policy) for name in warnings]
    found += rules.unjudged(unjudged, policy)
    found += rules.retired(retired)
    found += rules.wear(holdout, right, decisions, policy)
    return Verdict(decide(found), tuple(found))


def decide(found: Sequence[Rule]) -> Decision:
    """One rejection rejects; failing that, one open question asks; failing that, promote."""
    outcomes = {rule.outcome for rule in found}
    if "reject" in outcomes:
        return Decision.REJECT
    return Decision.ASK if "ask" in outcomes else Decision.PROMOTE
