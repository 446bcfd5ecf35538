"""Returning: rows that come back after a removal, while a near-duplicate went to the other side."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import numpy as np
import pandas as pd

from ratchet.domain.corpus.corpus import as_list, keys, normalise
from ratchet.domain.corpus.languages import UNKNOWN, of_rows
from ratchet.domain.corpus.ledger import Side, SplitPolicy, form_of
from ratchet.domain.corpus.merging import Merged
from ratchet.domain.corpus.neighbours import ALONE, Languages, Texts, Work, near_pairs


def returned(
    merged: Merged, before: pd.DataFrame, ledger: pd.DataFrame, policy: SplitPolicy, work: Work = ALONE
) -> pd.Series:
    """Mark the fresh rows that come back after a removal while a near-duplicate went to the other side.

    Their own side is in the ledger forever, so they can be neither trained on nor tested with. The same holds for a
    text that has its side in one language and arrives in another one, where its near-duplicate is on the other side.
    `before` is the corpus that the rows were merged into: a text that it has, and that gets another label, does not
    come back. Of two texts that come back together on different sides, the one for training stays.
    """
    marked = pd.Series(False, index=merged.frame.index)
    sides = dict(zip(as_list(ledger["key"]), as_list(ledger["side"]), strict=True))
    form, words, fresh = form_of(ledger), as_list(merged.frame["text"]), np.flatnonzero(merged.fresh).tolist()
    forms = {words[row]: normalise(words[row], form) for row in fresh}
    of_fresh = keys([forms[words[row]] for row in fresh], policy.salt)
    placed = [row for row, one in zip(fresh, of_fresh, strict=True) if one in sides]
    if not placed:
        return marked
    older = [normalise(text, form) for text in as_list(before["text"])]
    forms |= zip(as_list(before["text"]), older, strict=True)
    present = set(zip(older, languages_of(before, policy), strict=True))
    texts, spoken = [forms[text] for text in words], languages_of(merged.frame, policy)
    side = [sides.get(one) for one in keys(texts, policy.salt)]
    back = [row for row in placed if (texts[row], spoken[row]) not in present]
    rows = list(zip(texts, spoken, side, strict=True))
    marked[across(rows, back, policy.near_duplicate, work)] = True
    return marked


def across(
    rows: Sequence[tuple[str, Languages, str | None]], back: Sequence[int], cutoff: float, work: Work
) -> list[int]:
    """Return those of the rows that come back which have a near-duplicate on the other side.

    `rows` have each a text in normal form, its languages and its side, `back` are places in them.
    """

    def of(which: Side, among: Iterable[int]) -> list[int]:
        return [row for row in among if rows[row][2] == which]

    def near(mine: Sequence[int], theirs: Sequence[int]) -> set[int]:
        one, other = (
            Texts([rows[r][0] for r in some], [rows[r][1] for r in some]) for some in (mine, theirs)
        )
        return {mine[place] for found, _ in near_pairs(one, other, cutoff, work) for place in found.tolist()}

    others = sorted(set(range(len(rows))) - set(back))
    out = near(of(Side.TRAIN, back), of(Side.TEST, others)) | near(
        of(Side.TEST, back), of(Side.TRAIN, others)
    )
    left = [row for row in back if row not in out]
    return sorted(out | near(of(Side.TEST, left), of(Side.TRAIN, left)))


def languages_of(rows: pd.DataFrame, policy: SplitPolicy) -> Sequence[Languages]:
    """Return the languages of each row; the unknown one where the corpus declares none."""
    return of_rows(rows, policy.language) or [UNKNOWN] * len(rows)
