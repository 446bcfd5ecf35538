"""What changed between two revisions of the corpus: which messages, in which intents, on which side."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import pandas as pd

from ratchet.domain.corpus.changes import DataChanges, data_changes
from ratchet.domain.corpus.coverage import Coverage, cover
from ratchet.domain.corpus.ledger import Side, SplitPolicy, complete, form_of, with_sides
from ratchet.domain.corpus.renames import Succession, successions, with_keys
from ratchet.domain.record import Record


@dataclass(frozen=True)
class Change(Record):
    """One message that was `added`, `removed`, `relabelled` or `retired` from the holdout.

    `was` is its intent before, "" without one; `side` the one that it has, or had.
    """

    kind: str
    text: str
    intent: str
    was: str
    side: str


@dataclass(frozen=True)
class Difference(Record):
    """Two revisions side by side: counts, each changed message, and the messages on each side before and
    after. `retired` counts the messages that went from the holdout to training; `successions` are the intents that were
    renamed, split or merged.
    """

    before: str
    after: str
    counts: DataChanges
    changes: tuple[Change, ...]
    sides_before: dict[str, int]
    sides_after: dict[str, int]
    retired: int = 0
    successions: tuple[Succession, ...] = ()


def difference(
    before: pd.DataFrame,
    after: pd.DataFrame,
    ledger: pd.DataFrame,
    names: tuple[str, str],
    context: Sequence[str],
    policy: SplitPolicy,
    ledger_before: pd.DataFrame | None = None,
) -> Difference:
    """Compare two corpora; `names` say which revisions they are.

    `ledger` is that of `after`, `ledger_before` that of `before`: None where one ledger holds for both.
    """
    earlier = ledger if ledger_before is None else ledger_before
    old, new = with_sides(before, earlier, policy), with_sides(after, ledger, policy)
    same = ["form", *context]
    both = old.drop_duplicates(same).merge(
        new.drop_duplicates(same), how="outer", on=same, suffixes=("_old", "_new"), indicator=True
    )
    kinds = {"left_only": "removed", "right_only": "added", "both": "relabelled"}
    retired = (both["side_old"] == Side.TEST) & (both["side_new"] == Side.TRAIN)
    relabelled = both["intent_old"] != both["intent_new"]
    changed = both[(both["_merge"] != "both") | relabelled | retired]
    kind = changed["_merge"].astype("str").map(kinds).mask(retired & ~relabelled, "retired")
    changed = changed.assign(kind=kind).fillna("")
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
    counts = data_changes(before, after, context, form_of(ledger))
    form = form_of(ledger)
    became = successions(*(with_keys(frame, policy, form) for frame in (before, after)))
    return Difference(*names, counts, changes, by_side(old), by_side(new), int(retired.sum()), became)


@dataclass(frozen=True)
class Overview(Record):
    """A corpus and its ledger in figures: messages by side, texts that were retired, the version of the normal form."""

    revision: str
    messages: int
    intents: int
    sides: dict[str, int]
    retired: int
    normal_form: int
    coverage: Coverage


def overview(corpus: pd.DataFrame, ledger: pd.DataFrame, revision: str, policy: SplitPolicy) -> Overview:
    """Describe a corpus by its ledger."""
    rows, book = with_sides(corpus, ledger, policy), complete(ledger)
    retired = (book["moved"] != "") & (book["side"] == Side.TRAIN)
    return Overview(
        revision=revision,
        messages=len(rows),
        intents=rows["intent"].nunique(),
        sides=by_side(rows),
        retired=int(retired.sum()),
        normal_form=form_of(ledger),
        coverage=cover(rows["intent"], rows["side"]),
    )


def by_side(frame: pd.DataFrame) -> dict[str, int]:
    """Count the messages on each side."""
    counts = frame["side"].value_counts()
    return {str(side): int(counts.get(side, 0)) for side in [*Side, ""] if side or counts.get("", 0)}
