"""The gate's first two rules: two models on the same messages, and the messages on which they differ."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from ratchet.domain.corpus.corpus import context_values
from ratchet.domain.gate.rules import ROUNDING, GatePolicy, Rule
from ratchet.domain.statistics import chance_of_loss
from ratchet.domain.wording import chance, count, percent, points

Groups = dict[str, NDArray[np.bool_]]
UNKNOWN = "?"


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


def chance_limit(rows: int, policy: GatePolicy, several: bool) -> float:
    """Return how unlikely a fall must be where two equally good models are compared, as a share of cases.

    It is `gate.drop_p` for the one comparison of a bot without entities. With entities there are two of the same
    builds (`several`), and each may be wrong: then it is at most `gate.group_p`, the limit of every other part. Where a
    point is many messages this changes nothing, because such a fall is less likely anyway; on a few hundred messages a
    point is fewer than ten, and the chance alone decides. Source: 452 good and 145 harmful builds of
    `benchmarks.gate.whole` with 600 messages: with 10% for both 10 good ones were blocked and 1 harmful one passed,
    with 5% 8 and 1, with 2% 2 and 3. Below `gate.small_holdout_rows`, where a person decides, the limit is not lowered.
    """
    return (
        min(policy.drop_p, policy.group_p) if several and rows >= policy.small_holdout_rows else policy.drop_p
    )


def compare(
    holdout: pd.DataFrame,
    pair: Pair,
    context: Sequence[str],
    policy: GatePolicy,
    relabelled: int = 0,
    several: bool = False,
) -> list[Rule]:
    """All rules that set the two models side by side; none where there is no row to compare them on.

    `relabelled` rows were left out of `holdout` and `pair`; `several` as in `chance_limit`.
    """
    if not pair.rows:
        return []
    groups = [*intents(holdout, pair, policy), *slices(holdout, context, pair, policy)]
    return [accuracy(pair, policy, relabelled, several), *groups]


def accuracy(pair: Pair, policy: GatePolicy, relabelled: int = 0, several: bool = False) -> Rule:
    """Rule 1: the accuracy did not fall by more than the tolerance, unless it may well be chance."""
    limit, rows, p = policy.max_drop_points / 100, pair.rows, pair.p_value
    new, old = int(pair.candidate.sum()), int(pair.champion.sum())
    moved = "no change" if new == old else f"{points(pair.drop)} {'less' if new < old else 'more'}"
    who = f"Without {count(relabelled, 'relabelled row')}, the candidate" if relabelled else "The candidate"
    said = (
        f"{who} is right on {new:,} of {count(rows, 'holdout row')} ({percent(new / rows)}), the "
        f"champion on {old:,} ({percent(old / rows)}): {moved}, where a loss of {points(limit)} is allowed"
    )
    if pair.drop <= limit + ROUNDING:
        return Rule("accuracy", "pass", pair.drop, limit, f"{said}.", p, "points")
    odds = chance_limit(rows, policy, several)
    evidence = (
        f"of the rows on which they differ it lost {pair.lost:,} and gained {pair.gained:,}, and two equally "
        f"good models would do that in {chance(p)} of cases (limit {percent(odds)})"
    )
    if p >= odds:
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
    limit = policy.max_group_drop_points / 100
    new, old = int(part.candidate.sum()), int(part.champion.sum())
    said = (
        f"The {kind} {name} went from {old:,} to {new:,} right answers of {part.rows:,}: "
        f"{points(part.drop)} less, where the limit is {points(limit)}"
    )
    return lost(kind, part, said, policy)


def lost(kind: str, part: Pair, said: str, policy: GatePolicy) -> Rule:
    """The finding of a part that lost too much, told by `said`: it rejects where that is hardly chance, or warns."""
    limit, p = policy.max_group_drop_points / 100, part.p_value
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
