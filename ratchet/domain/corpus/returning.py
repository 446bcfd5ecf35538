"""Returning: rows that come back after a removal, while a near-duplicate went to the other side."""

from __future__ import annotations

from collections.abc import Sequence

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
    forms |= {text: normalise(text, form) for text in as_list(before["text"])}
    present = set(
        zip((forms[text] for text in as_list(before["text"])), languages_of(before, policy), strict=True)
    )
    texts, languages = [forms[text] for text in words], languages_of(merged.frame, policy)
    side = [sides.get(one) for one in keys(texts, policy.salt)]
    back = {row for row in placed if (texts[row], languages[row]) not in present}

    def near(mine: list[int], theirs: list[int]) -> list[int]:
        one, other = (
            Texts([texts[row] for row in rows], [languages[row] for row in rows]) for rows in (mine, theirs)
        )
        pairs = near_pairs(one, other, policy.near_duplicate, work)
        return sorted({mine[here] for found, _ in pairs for here in found.tolist()})

    for mine, theirs in ((Side.TRAIN, Side.TEST), (Side.TEST, Side.TRAIN)):
        here = sorted(row for row in back if side[row] == mine)
        marked[near(here, [row for row in range(len(texts)) if row not in back and side[row] == theirs])] = (
            True
        )
    left = [row for row in sorted(back) if not marked[row]]
    tests, trains = ([row for row in left if side[row] == one] for one in (Side.TEST, Side.TRAIN))
    marked[near(tests, trains)] = True
    return marked


def languages_of(rows: pd.DataFrame, policy: SplitPolicy) -> Sequence[Languages]:
    """Return the languages of each row; the unknown one where the corpus declares none."""
    return of_rows(rows, policy.language) or [UNKNOWN] * len(rows)
