"""The rules of the gate, each a comparison of one number with its threshold, and one sentence on it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from pydantic import Field

from domain.evaluation import context_values
from domain.policy import Policy
from domain.ramp import RampStatus
from domain.record import Record
from domain.statistics import chance_of_loss, wilson
from domain.wear import WearPolicy, measure
from domain.wording import chance, count, percent, points

Outcome = Literal["pass", "warn", "ask", "reject"]
Unit = Literal["share", "points", "count"]
Groups = dict[str, NDArray[np.bool_]]
# Shares are ratios of integers, limits are decimals: they may differ by a rounding error and still be equal.
ROUNDING = 1e-9
UNKNOWN = "?"


class GatePolicy(Policy):
    """The section `gate` of params.yaml; a group is the holdout rows of one intent or context value."""

    max_drop_points: float = Field(1.0, ge=0, le=100, description="loss of accuracy that is tolerated")
    drop_p: float = Field(
        0.10, gt=0, le=1, description="a larger loss must be less likely than this by chance"
    )
    group_rows: int = Field(5, ge=1, description="smaller groups are not judged by themselves")
    max_group_drop_points: float = Field(20.0, ge=0, le=100, description="a group may lose less than this")
    group_p: float = Field(0.02, gt=0, le=1, description="like drop_p, for one group")
    max_training_loss_percent: float = Field(
        10.0, ge=0, le=100, description="tolerated loss of training rows"
    )
    small_holdout_rows: int = Field(300, ge=0, description="with fewer rows a loss asks instead of rejecting")
    ask_on_warnings: tuple[str, ...] = Field((), description="data warnings on which a person decides")
    wear: WearPolicy = Field(WearPolicy(), description="when the holdout has decided too often")


@dataclass(frozen=True)
class TrainingFacts(Record):
    """What a model was trained on: how many rows, which intents, which data revision."""

    rows: int
    intents: frozenset[str]
    data_revision: str


@dataclass(frozen=True)
class Rule(Record):
    """One rule's finding: `value` is what was compared with `threshold`.

    Shares and points, which are differences of two shares, are fractions of 1 here; `unit` says how people
    read them.
    """

    name: str
    outcome: Outcome
    value: float
    threshold: float
    sentence: str
    p_value: float | None = None
    unit: Unit = "share"


@dataclass(frozen=True)
class Pair:
    """Two models on the same holdout rows: whether each was right on each."""

    candidate: NDArray[np.bool_]
    champion: NDArray[np.bool_]

    def among(self, rows: NDArray[np.bool_]) -> Pair:
        return Pair(self.candidate[rows], self.champion[rows])

    @property
    def rows(self) -> int:
        return len(self.candidate)

    @property
    def lost(self) -> int:
        return int((self.champion & ~self.candidate).sum())

    @property
    def gained(self) -> int:
        return int((self.candidate & ~self.champion).sum())

    @property
    def drop(self) -> float:
        """By how much the candidate's share of right answers is lower; negative for a rise."""
        return (self.lost - self.gained) / self.rows

    @property
    def p_value(self) -> float:
        return chance_of_loss(self.lost, self.gained)


def accuracy(pair: Pair, policy: GatePolicy) -> Rule:
    """Rule 1: the accuracy did not fall by more than the tolerance, unless it may well be chance."""
    limit, rows, p = policy.max_drop_points / 100, pair.rows, pair.p_value
    new, old = int(pair.candidate.sum()), int(pair.champion.sum())
    moved = "no change" if new == old else f"{points(pair.drop)} {'less' if new < old else 'more'}"
    said = (
        f"The candidate is right on {new:,} of {count(rows, 'holdout row')} ({percent(new / rows)}), the "
        f"champion on {old:,} ({percent(old / rows)}): {moved}, where a loss of {points(limit)} is allowed"
    )
    if pair.drop <= limit + ROUNDING:
        return Rule("accuracy", "pass", pair.drop, limit, f"{said}.", p, "points")
    evidence = (
        f"of the rows on which they differ it lost {pair.lost:,} and gained {pair.gained:,}, and two equally "
        f"good models would do that in {chance(p)} of cases (limit {percent(policy.drop_p)})"
    )
    if p >= policy.drop_p:
        return Rule(
            "accuracy", "warn", pair.drop, limit, f"{said}, but it may be chance: {evidence}.", p, "points"
        )
    if rows < policy.small_holdout_rows:
        few = f"with fewer than {count(policy.small_holdout_rows, 'holdout row')} a person decides"
        return Rule("accuracy", "ask", pair.drop, limit, f"{said}: {evidence}; {few}.", p, "points")
    return Rule("accuracy", "reject", pair.drop, limit, f"{said}: {evidence}.", p, "points")


def intents(holdout: pd.DataFrame, pair: Pair, policy: GatePolicy) -> list[Rule]:
    """Rule 2: no intent collapsed."""
    labels = holdout["intent"].to_numpy()
    rows = {f"`{intent}`": labels == intent for intent in sorted(set(labels))}
    return _groups("intent", rows, pair, policy)


def slices(holdout: pd.DataFrame, context: Sequence[str], pair: Pair, policy: GatePolicy) -> list[Rule]:
    """Rule 2 for the people behind the messages: no role, location or other context value collapsed."""
    rows: Groups = {}
    for field in context:
        values = context_values(holdout, field).to_numpy()
        rows |= {f"`{field}={value or UNKNOWN}`": values == value for value in sorted(set(values))}
    return _groups("slice", rows, pair, policy)


def _groups(kind: str, groups: Groups, pair: Pair, policy: GatePolicy) -> list[Rule]:
    """One finding for each group that lost too much; where none did, one for the group that lost most."""
    parts = {name: pair.among(rows) for name, rows in groups.items() if rows.sum() >= policy.group_rows}
    limit = policy.max_group_drop_points / 100
    fallen = [name for name, part in parts.items() if part.drop >= limit - ROUNDING]
    if fallen:
        return [
            _fallen(kind, name, parts[name], policy)
            for name in sorted(fallen, key=lambda name: parts[name].p_value)
        ]
    return [
        _standing(kind, name, parts[name], policy)
        for name in sorted(parts, key=lambda name: -parts[name].drop)[:1]
    ]


def _fallen(kind: str, name: str, part: Pair, policy: GatePolicy) -> Rule:
    limit, p = policy.max_group_drop_points / 100, part.p_value
    new, old = int(part.candidate.sum()), int(part.champion.sum())
    said = (
        f"The {kind} {name} went from {old:,} to {new:,} right answers of {part.rows:,}: "
        f"{points(part.drop)} less, where the limit is {points(limit)}"
    )
    odds = f"chance alone does this in {chance(p)} of cases (limit {percent(policy.group_p)})"
    if p < policy.group_p:
        return Rule(kind, "reject", part.drop, limit, f"{said}; {odds}.", p, "points")
    return Rule(kind, "warn", part.drop, limit, f"{said}, but {odds}.", p, "points")


def _standing(kind: str, name: str, part: Pair, policy: GatePolicy) -> Rule:
    limit = policy.max_group_drop_points / 100
    if part.drop > 0:
        said = (
            f"The {kind} that lost most is {name}, {points(part.drop)}, where the limit is {points(limit)}."
        )
    else:
        said = f"No {kind} lost accuracy, where {points(limit)} is the limit."
    return Rule(kind, "pass", part.drop, limit, said, part.p_value, "points")


def vanished_intents(trained: TrainingFacts, champion: TrainingFacts) -> Rule:
    """Rule 3, first half: whatever the champion was taught, the candidate was taught too."""
    gone = sorted(champion.intents - trained.intents)
    if not gone:
        said = f"All {count(len(champion.intents), 'intent')} of the champion are still trained."
        return Rule("vanished intents", "pass", 0, 0, said, unit="count")
    names = ", ".join(f"`{intent}`" for intent in gone)
    said = f"{count(len(gone), 'intent')} of the champion lost all training rows, where 0 may: {names}."
    return Rule("vanished intents", "reject", len(gone), 0, said, unit="count")


def training_rows(trained: TrainingFacts, champion: TrainingFacts, policy: GatePolicy) -> Rule:
    """Rule 3, second half: the training data did not shrink by accident."""
    limit = policy.max_training_loss_percent / 100
    loss = (champion.rows - trained.rows) / champion.rows
    change = f"{percent(abs(loss))} {'less' if loss > 0 else 'more'}" if loss else "no change"
    said = (
        f"The candidate was trained on {count(trained.rows, 'row')}, the champion on {champion.rows:,}: "
        f"{change}, where a loss of {percent(limit)} is allowed."
    )
    return Rule("training rows", "reject" if loss > limit + ROUNDING else "pass", loss, limit, said)


def floor(right: NDArray[np.bool_], ramp: RampStatus) -> Rule:
    """Rule 4: however poor the champion is, no model below the floor is released."""
    rows, correct = len(right), int(right.sum())
    upper = wilson(correct, rows)[1]
    low = upper < ramp.floor
    said = (
        f"The candidate is right on {correct:,} of {count(rows, 'holdout row')} ({percent(correct / rows)}; "
        f"{percent(upper)} with the benefit of the doubt), {'below' if low else 'above'} the floor of "
        f"{percent(ramp.floor)}."
    )
    return Rule("floor", "reject" if low else "pass", upper, ramp.floor, said)


def target(ramp: RampStatus) -> Rule:
    """The stretch target: a miss warns, weeks of misses ask, or a miss rejects where the policy says so."""
    doubt = " with the benefit of the doubt" if ramp.compare == "interval" else ""
    said = (
        f"The target of week {ramp.week} is {percent(ramp.target)} and the candidate reaches "
        f"{percent(ramp.reached)}{doubt}"
    )
    outcome: Outcome
    if not ramp.miss:
        outcome, said = "pass", f"{said}."
    elif ramp.on_miss == "reject":
        outcome, said = "reject", f"{said}: a miss, which the policy makes blocking."
    elif ramp.asks:
        outcome = "ask"
        said = f"{said}: missed for {count(ramp.misses_in_a_row, 'week')} in a row, so a person decides."
    else:
        outcome, said = "warn", f"{said}: a miss, which blocks nothing."
    return Rule("target", outcome, ramp.reached, ramp.target, said)


def data_warning(name: str, policy: GatePolicy) -> Rule:
    """A warning of the data's validation, which asks a person where the policy lists it."""
    asks = name in policy.ask_on_warnings
    said = f"The data has the warning `{name}`" + (", on which the policy asks a person." if asks else ".")
    return Rule("data warning", "ask" if asks else "warn", 1, 0, said, unit="count")


def wear(holdout: pd.DataFrame, right: NDArray[np.bool_], decisions: int, policy: GatePolicy) -> list[Rule]:
    """One finding for each sign that the holdout is worn; see domain/wear.py."""
    found = measure(holdout, right, decisions, policy.wear).warnings
    outcome = policy.wear.on_wear
    return [
        Rule("wear", outcome, sign.value, sign.threshold, sign.sentence, unit=sign.unit) for sign in found
    ]
