"""What must hold of a split for every later number to be true."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import pandas as pd

from ratchet.domain.corpus.joining import ranks
from ratchet.domain.corpus.languages import texts_of
from ratchet.domain.corpus.ledger import Side, SplitPolicy, complete, distinct, form_of, sides_of_keys
from ratchet.domain.corpus.neighbours import ALONE, Work, near_pairs
from ratchet.domain.wording import percent


@dataclass(frozen=True)
class Violation:
    """An invariant that does not hold: the rule's name, the rows' numbers in the corpus (from 0), a sentence.

    `blocking` tells whether a training on this split would make later numbers untrue.
    """

    rule: str
    rows: tuple[int, ...]
    sentence: str
    blocking: bool = True


def violations(
    corpus: pd.DataFrame,
    ledger: pd.DataFrame,
    previous: pd.DataFrame | None,
    policy: SplitPolicy,
    proved: pd.DataFrame | None = None,
    work: Work = ALONE,
) -> list[Violation]:
    """Return the invariants that do not hold.

    `previous` is the ledger of the champion's release: no key of it may have changed its side or be gone.
    `proved` are the sides (`key`, `side`, `languages`) of texts whose pairs were compared before under the same policy:
    only pairs with another text are compared now.
    """
    texts = distinct(corpus, policy, form_of(ledger))
    texts["side"] = sides_of_keys(texts, ledger)
    return [
        *without_side(texts),
        *repeated_keys(ledger),
        *moved(ledger, previous),
        *straddling(texts, policy, proved, work),
        *shares(texts, ledger, policy),
    ]


def without_side(texts: pd.DataFrame) -> Iterator[Violation]:
    """Every message has a side."""
    missing = texts[~texts["side"].isin(list(Side))]
    if len(missing):
        yield Violation(
            "every message has a side",
            tuple(missing["row"]),
            f"{len(missing)} messages have no side in the ledger.",
        )


def repeated_keys(ledger: pd.DataFrame) -> Iterator[Violation]:
    """No key is in the ledger twice."""
    repeated = int(ledger["key"].duplicated().sum())
    if repeated:
        yield Violation("one side per key", (), f"{repeated} keys are in the ledger more than once.")


def moved(ledger: pd.DataFrame, previous: pd.DataFrame | None) -> Iterator[Violation]:
    """No key ever changed its side, and none is missing.

    A recorded move upwards in the order holdout, quarantine, training (`joining`) is no violation: a retirement, or a
    merge. The champion never trained on the row.
    """
    if previous is None or previous.empty:
        return
    book = complete(ledger).drop_duplicates("key").set_index("key")
    now = previous["key"].map(book["side"])
    recorded = previous["key"].map(book["moved"]).fillna("") != ""
    upwards = ranks(now) > ranks(previous["side"])
    changed = now.notna() & (now != previous["side"]) & ~(recorded & upwards)
    gone, other = int(now.isna().sum()), int(changed.sum())
    if gone or other:
        yield Violation(
            "no key changes its side",
            (),
            f"Against the champion's ledger {other} keys changed their side and {gone} are gone.",
        )


def straddling(
    texts: pd.DataFrame, policy: SplitPolicy, proved: pd.DataFrame | None, work: Work = ALONE
) -> Iterator[Violation]:
    """No near-duplicate pair has one text in train and the other in test."""
    new = pd.Series(True, index=texts.index)
    if proved is not None:
        before = proved.drop_duplicates("key").set_index("key")
        new = texts["key"].map(before["side"]) != texts["side"]
        if "languages" in texts:
            spoken = texts["languages"].map(lambda some: ",".join(sorted(some)))
            new |= texts["key"].map(before["languages"]) != spoken
    train, test = (texts["side"] == Side.TRAIN, texts["side"] == Side.TEST)
    touched = np.zeros(len(texts), dtype=bool)
    for left, right in ((train & new, test), (train & ~new, test & new)):
        mine, theirs = np.flatnonzero(left), np.flatnonzero(right)
        one, other = texts_of(texts.iloc[mine]), texts_of(texts.iloc[theirs])
        for here, there in near_pairs(one, other, policy.near_duplicate, work):
            touched[mine[here]] = touched[theirs[there]] = True
    if touched.any():
        yield Violation(
            "no near-duplicate pair straddles",
            tuple(texts.loc[touched, "row"].tolist()),
            f"{touched.sum()} messages have a near-duplicate on the other side.",
        )


def shares(texts: pd.DataFrame, ledger: pd.DataFrame, policy: SplitPolicy) -> Iterator[Violation]:
    """The holdout's share of each intent is within bounds; a retired share is named as such."""
    used = texts[texts["side"].isin([Side.TRAIN, Side.TEST])]
    share = (used["side"] == Side.TEST).groupby(used["intent"]).agg(["mean", "size"])
    low, high = policy.share_bounds
    outside = share[(share["size"] >= policy.share_rows) & ~share["mean"].between(low, high)]
    moves = complete(ledger)
    retired = used[used["key"].isin(set(moves.loc[moves["moved"] != "", "key"]))].groupby("intent").size()
    for name, line in outside.iterrows():
        went = int(retired.get(name, 0))
        yield Violation(
            "share per intent",
            (),
            f"Intent {name} has {percent(line['mean'], 0)} of its {line['size']:.0f} texts in the holdout"
            f" (bounds {percent(low, 0)} to {percent(high, 0)}{f'; {went} were retired' if went else ''}).",
            blocking=False,
        )
