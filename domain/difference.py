"""What changed between two revisions of the corpus: which messages, in which intents, on which side."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import pandas as pd

from domain.comparison import DataChanges, data_changes
from domain.corpus import keys, normalised
from domain.ledger import Side, SplitPolicy
from domain.record import Record


@dataclass(frozen=True)
class Change(Record):
    """One message that was `added`, `removed` or `relabelled`; `was` is its intent before, "" without one."""

    kind: str
    text: str
    intent: str
    was: str
    side: str


@dataclass(frozen=True)
class Difference(Record):
    """Two revisions side by side: counts, each changed message, and the messages on each side before and
    after.
    """

    before: str
    after: str
    counts: DataChanges
    changes: tuple[Change, ...]
    sides_before: dict[str, int]
    sides_after: dict[str, int]


def difference(
    before: pd.DataFrame,
    after: pd.DataFrame,
    ledger: pd.DataFrame,
    names: tuple[str, str],
    context: Sequence[str],
    policy: SplitPolicy,
) -> Difference:
    """Compare two corpora; `ledger` is the longer of their ledgers, `names` say which revisions they are."""
    sides = ledger.drop_duplicates("key").set_index("key")["side"]
    old, new = (with_sides(frame, sides, policy) for frame in (before, after))
    same = ["form", *context]
    both = old.drop_duplicates(same).merge(
        new.drop_duplicates(same), how="outer", on=same, suffixes=("_old", "_new"), indicator=True
    )
    kinds = {"left_only": "removed", "right_only": "added", "both": "relabelled"}
    changed = both[(both["_merge"] != "both") | (both["intent_old"] != both["intent_new"])]
    changed = changed.assign(kind=changed["_merge"].astype("str").map(kinds)).fillna("")
    changes = tuple(
        Change(
            kind=row["kind"],
            text=row["text_new"] or row["text_old"],
            intent=row["intent_new"] or row["intent_old"],
            was=row["intent_old"],
            side=row["side_new"] or row["side_old"],
        )
        for row in changed.sort_values(["kind", "intent_new", "intent_old"], kind="stable").to_dict("records")
    )
    counts = data_changes(before, after, context)
    return Difference(*names, counts, changes, by_side(old), by_side(new))


def with_sides(frame: pd.DataFrame, sides: pd.Series, policy: SplitPolicy) -> pd.DataFrame:
    """Add each message's normal form and side, "" where the ledger has none."""
    forms = normalised(frame["text"])
    found = pd.Series(keys(forms, policy.salt), index=frame.index).map(sides).fillna("")
    return frame.assign(form=forms, side=found)


def by_side(frame: pd.DataFrame) -> dict[str, int]:
    """Count the messages on each side."""
    counts = frame["side"].value_counts()
    return {str(side): int(counts.get(side, 0)) for side in [*Side, ""] if side or counts.get("", 0)}
