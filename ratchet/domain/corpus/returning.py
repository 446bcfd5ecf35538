"""Returning: rows that come back after a removal, while a near-duplicate went to the other side."""

from __future__ import annotations

import numpy as np
import pandas as pd

from ratchet.domain.corpus.corpus import as_list, keys, normalise
from ratchet.domain.corpus.languages import UNKNOWN, of_rows
from ratchet.domain.corpus.ledger import Side, SplitPolicy, form_of
from ratchet.domain.corpus.merging import Merged
from ratchet.domain.corpus.neighbours import ALONE, Texts, Work, near_pairs


def returned(merged: Merged, ledger: pd.DataFrame, policy: SplitPolicy, work: Work = ALONE) -> pd.Series:
    """Mark the fresh rows that come back after a removal while a near-duplicate went to the other side.

    Their own side is in the ledger forever, so they can be neither trained on nor tested with. The same holds for a
    text that has its side in one language and arrives in another one, where its near-duplicate is on the other side.
    """
    marked = pd.Series(False, index=merged.frame.index)
    sides = dict(zip(as_list(ledger["key"]), as_list(ledger["side"]), strict=True))
    fresh, old = np.flatnonzero(merged.fresh).tolist(), np.flatnonzero(~merged.fresh).tolist()
    texts, form = as_list(merged.frame["text"]), form_of(ledger)
    languages = of_rows(merged.frame, policy.language) or [UNKNOWN] * len(texts)
    new = {row: normalise(texts[row], form) for row in fresh}
    of_new = dict(zip(new, keys(new.values(), policy.salt), strict=True))
    again = [row for row, key in of_new.items() if key in sides]
    if not again:
        return marked
    before = {row: normalise(texts[row], form) for row in old}
    present = {(text, languages[row]) for row, text in before.items()}
    again = [row for row in again if (new[row], languages[row]) not in present]
    if not again:
        return marked
    of_old = dict(zip(before, keys(before.values(), policy.salt), strict=True))
    for mine, theirs in ((Side.TRAIN, Side.TEST), (Side.TEST, Side.TRAIN)):
        here = [row for row in again if sides[of_new[row]] == mine]
        there = [row for row, key in of_old.items() if sides.get(key) == theirs]
        one = Texts([new[row] for row in here], [languages[row] for row in here])
        other = Texts([before[row] for row in there], [languages[row] for row in there])
        for rows, _ in near_pairs(one, other, policy.near_duplicate, work):
            marked[[here[row] for row in rows]] = True
    return marked
