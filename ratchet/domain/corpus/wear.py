"""The wear of the holdout: a test that decides again and again is slowly learnt by those who pass it."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from ratchet.domain.corpus.policies import WearPolicy as WearPolicy
from ratchet.domain.record import Record
from ratchet.domain.release.model import Model
from ratchet.domain.statistics import wilson
from ratchet.domain.wording import count, percent, points

NEWEST_SHARE = 0.25


@dataclass(frozen=True)
class WearFinding:
    """One sign of wear: `value` is over its `threshold`."""

    value: float
    threshold: float
    sentence: str
    unit: Literal["points", "count"] = "points"


@dataclass(frozen=True)
class Wear(Record):
    """How used the holdout is: its newest rows beside the others.

    `decisions` are the verdicts that its most used row has decided so far, `worn_rows` the rows that decided more than
    the policy allows. The newest rows were in the holdout for the fewest verdicts. `newest_accuracy` is None while all
    rows arrived at the same time.
    """

    decisions: int
    older_accuracy: float | None
    newest_accuracy: float | None
    newest_rows: int
    newest_interval: tuple[float, float]
    warnings: tuple[WearFinding, ...]
    worn_rows: int = 0


def holdout_version(keys: Iterable[str]) -> str:
    """The name of a holdout: equal for the same set of ledger keys, whatever their order."""
    return hashlib.sha256("\n".join(sorted(keys)).encode()).hexdigest()[:12]


def decisions_by_row(holdout: pd.DataFrame, verdicts: Iterable[Model], version: str) -> NDArray[np.int64]:
    """Return how many verdicts each row of the holdout has decided; `version` is the holdout's name.

    A row decided in each verdict since it entered the ledger, so that fresh rows do not make the old ones new. Models
    registered before their ledger's length was recorded count for rows that were seen on an earlier day, and for all
    rows where their holdout was exactly this one.
    """
    decided = np.zeros(len(holdout), dtype=np.int64)
    if not len(holdout):
        return decided
    entry, seen = holdout["entry"].to_numpy(dtype=np.int64), holdout["first_seen"].to_numpy(dtype=object)
    for model in verdicts:
        if model.holdout_version == version:
            decided += 1
        elif model.ledger_rows:
            decided += entry < model.ledger_rows
        else:
            decided += np.asarray(seen < model.created_at[:10], dtype=bool)
    return decided


def measure(
    holdout: pd.DataFrame,
    right: NDArray[np.bool_],
    decisions: int | NDArray[np.int64],
    policy: WearPolicy,
) -> Wear:
    """Count the worn rows, and compare the newest quarter of the holdout (by `first_seen`) with the rest.

    `decisions` are the verdicts that each row has decided, or one number for all of them.
    """
    newest = _newest(holdout)
    old, new = right[~newest], right[newest]
    interval = wilson(int(new.sum()), len(new))
    gap = float(old.mean() - new.mean()) if newest.any() else 0.0
    limit = policy.max_gap_points / 100
    warnings = []
    decided = np.broadcast_to(decisions, len(holdout))
    most, worn = int(decided.max(initial=0)), int((decided > policy.max_decisions).sum())
    if worn:
        said = (
            f"{worn:,} of {count(len(holdout), 'holdout row')} have decided up to {count(most, 'verdict')}, more than"
            f" {policy.max_decisions:,}: ingest fresh messages, then move the worn ones to training with"
            " `ratchet data retire --worn`."
        )
        warnings.append(WearFinding(most, policy.max_decisions, said, "count"))
    if gap > limit and interval[1] < old.mean():
        said = (
            f"On the newest quarter of the holdout accuracy is {percent(float(new.mean()))}, on the rest "
            f"{percent(float(old.mean()))}: {points(gap)} apart, more than {points(limit)}; the messages are "
            "changing, or the older ones are worn."
        )
        warnings.append(WearFinding(gap, limit, said))
    return Wear(
        decisions=most,
        older_accuracy=float(old.mean()) if newest.any() else None,
        newest_accuracy=float(new.mean()) if newest.any() else None,
        newest_rows=len(new),
        newest_interval=interval,
        warnings=tuple(warnings),
        worn_rows=worn,
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
