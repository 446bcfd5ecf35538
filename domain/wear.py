"""The wear of the holdout: a test that decides again and again is slowly learnt by those who pass it."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from pydantic import Field

from domain.policy import Policy
from domain.record import Record
from domain.statistics import wilson
from domain.wording import count, percent, points

NEWEST_SHARE = 0.25


class WearPolicy(Policy):
    """The part `gate.wear` of params.yaml; see the comments there."""

    max_decisions: int = Field(default=50, ge=1)
    max_gap_points: float = Field(default=5.0, ge=0, le=100)
    on_wear: Literal["warn", "ask"] = "warn"


@dataclass(frozen=True)
class WearFinding:
    """One sign of wear: `value` is over its `threshold`."""

    value: float
    threshold: float
    sentence: str
    unit: Literal["points", "count"] = "points"


@dataclass(frozen=True)
class Wear(Record):
    """How used the holdout is: `decisions` verdicts so far, and the newest rows beside the others.

    The newest rows were in the holdout for the fewest verdicts. `newest_accuracy` is None while all rows
    arrived at the same time.
    """

    decisions: int
    older_accuracy: float | None
    newest_accuracy: float | None
    newest_rows: int
    newest_interval: tuple[float, float]
    warnings: tuple[WearFinding, ...]


def holdout_version(keys: Iterable[str]) -> str:
    """The name of a holdout: equal for the same set of ledger keys, whatever their order."""
    return hashlib.sha256("\n".join(sorted(keys)).encode()).hexdigest()[:12]


def measure(holdout: pd.DataFrame, right: NDArray[np.bool_], decisions: int, policy: WearPolicy) -> Wear:
    """Compare the newest quarter of the holdout (by `first_seen`) with the rest."""
    newest = _newest(holdout)
    old, new = right[~newest], right[newest]
    interval = wilson(int(new.sum()), len(new))
    gap = float(old.mean() - new.mean()) if newest.any() else 0.0
    limit = policy.max_gap_points / 100
    warnings = []
    if decisions > policy.max_decisions:
        said = (
            f"This holdout has decided {count(decisions, 'verdict')}, more than {policy.max_decisions:,}: "
            "add fresh messages before trusting small differences."
        )
        warnings.append(WearFinding(decisions, policy.max_decisions, said, "count"))
    if gap > limit and interval[1] < old.mean():
        said = (
            f"On the newest quarter of the holdout accuracy is {percent(float(new.mean()))}, on the rest "
            f"{percent(float(old.mean()))}: {points(gap)} apart, more than {points(limit)}; the messages are "
            "changing, or the older ones are worn."
        )
        warnings.append(WearFinding(gap, limit, said))
    return Wear(
        decisions=decisions,
        older_accuracy=float(old.mean()) if newest.any() else None,
        newest_accuracy=float(new.mean()) if newest.any() else None,
        newest_rows=len(new),
        newest_interval=interval,
        warnings=tuple(warnings),
    )


def _newest(holdout: pd.DataFrame) -> NDArray[np.bool_]:
    """The rows that arrived last, about a quarter; none where the holdout has no history.

    Whole arrival dates are taken, from the latest backwards, until they make a quarter.
    """
    if "first_seen" not in holdout or holdout["first_seen"].nunique() < 2:
        return np.zeros(len(holdout), dtype=bool)
    arrived = holdout["first_seen"].astype(str)
    since = arrived.sort_values(ascending=False).iloc[max(int(np.ceil(len(arrived) * NEWEST_SHARE)) - 1, 0)]
    since = max(since, sorted(arrived.unique())[1])
    return np.asarray(arrived >= since)
