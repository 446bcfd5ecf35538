"""Retirement: messages go from the holdout to training, one way, and what the ledger says of it.

A message takes along its near-duplicates in the holdout, whatever their intent, and those take theirs, until no pair
straddles the two sides. The opposite move never exists: what was trained on can never be tested with again.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, field

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from ratchet.domain.corpus.corpus import normalised
from ratchet.domain.corpus.joining import MERGED
from ratchet.domain.corpus.languages import of_groups, texts_of, with_languages
from ratchet.domain.corpus.ledger import Side, Split, complete
from ratchet.domain.corpus.neighbours import ALONE, Work, near_pairs
from ratchet.domain.corpus.wear import holdout_version
from ratchet.domain.errors import RatchetError
from ratchet.domain.record import Record
from ratchet.domain.wording import count, listed


@dataclass(frozen=True)
class Retirement(Record):
    """What a retirement would move: counts of messages (rows of the corpus).

    `asked` were chosen; `along` are near-duplicates and the same texts in other contexts. `holdout` is the holdout's
    size before, `intents` counts the moving messages of each intent, `unjudged` are the intents that keep none in the
    holdout. `digest` names exactly these messages, so that what was shown is what is done. `keys` are the ledger's.
    """

    asked: int
    along: int
    holdout: int
    intents: dict[str, int]
    unjudged: tuple[str, ...]
    digest: str
    keys: frozenset[str] = field(default=frozenset(), repr=False)

    @property
    def rows(self) -> int:
        """All messages that move."""
        return self.asked + self.along

    @property
    def remaining(self) -> int:
        """The holdout's size afterwards."""
        return self.holdout - self.rows

    @property
    def sentence(self) -> str:
        """Say what moves."""
        along = ""
        if self.along:
            along = f", {self.along:,} of them as near-duplicates or the same texts in other contexts"
        named = listed([f"{intent} ({number:,})" for intent, number in self.intents.items()], 12)
        return (
            f"{count(self.rows, 'message')} from the holdout to training{along}: {named}."
            f" {self.remaining:,} of {self.holdout:,} stay in the holdout."
        )


def plan(split: Split, chosen: NDArray[np.bool_], near_duplicate: float, work: Work = ALONE) -> Retirement:
    """Return what goes when the marked rows of the holdout are retired.

    `near_duplicate` is the ratio in percent from which two texts are near-duplicates.
    """
    holdout = split.holdout
    keys = holdout["key"].to_numpy()
    asked = int(chosen.sum())
    first = distinct_texts(split)
    start = np.flatnonzero(first["key"].isin(keys[chosen]))
    gone = set(closure(first, start, near_duplicate, work))
    moved = frozenset(first["key"].to_numpy()[sorted(gone)].tolist())
    rows = holdout[holdout["key"].isin(moved)]
    stay = set(holdout.loc[~holdout["key"].isin(moved), "intent"])
    sizes = rows["intent"].value_counts()
    return Retirement(
        asked=asked,
        along=len(rows) - asked,
        holdout=len(holdout),
        intents={str(intent): int(number) for intent, number in sizes.items()},
        unjudged=tuple(sorted(set(rows["intent"]) - stay)),
        digest=holdout_version(moved),
        keys=moved,
    )


def distinct_texts(split: Split) -> pd.DataFrame:
    """Return the distinct texts of the holdout: `key`, `text` in normal form, `languages` where they are declared."""
    holdout = split.holdout
    numbers, keys = pd.factorize(holdout["key"])
    first = holdout.drop_duplicates("key")
    texts = pd.DataFrame({"key": keys, "text": normalised(first["text"], split.form)})
    return with_languages(texts, of_groups(holdout, numbers.tolist(), split.language))


def closure(texts: pd.DataFrame, start: NDArray[np.int64], cutoff: float, work: Work = ALONE) -> list[int]:
    """Return the places of the texts that are reached from some by near-duplicates of near-duplicates."""
    reached = np.zeros(len(texts), dtype=bool)
    newest = start
    while len(newest):
        reached[newest] = True
        rest = np.flatnonzero(~reached)
        one, other = texts_of(texts.iloc[newest]), texts_of(texts.iloc[rest])
        found = [there for _, there in near_pairs(one, other, cutoff, work)]
        newest = rest[np.unique(np.concatenate(found))] if found else rest[:0]
    return np.flatnonzero(reached).tolist()


def retire(ledger: pd.DataFrame, keys: Collection[str], day: str, reason: str) -> pd.DataFrame:
    """Return the ledger with these keys on the training side, and when and why they went there.

    Raises `RatchetError` when one of them is not in the holdout: there is no other move.
    """
    book = complete(ledger)
    rows = book["key"].isin(set(keys))
    if int(rows.sum()) != len(set(keys)) or (book.loc[rows, "side"] != Side.TEST).any():
        raise RatchetError(
            "Only messages of the holdout can be retired.",
            "Run `ratchet data retire` again: the ledger changed.",
        )
    return book.assign(
        side=book["side"].mask(rows, str(Side.TRAIN)),
        moved=book["moved"].mask(rows, day),
        reason=book["reason"].mask(rows, reason),
    )


@dataclass(frozen=True)
class Retired(Record):
    """A text that was retired from the holdout: when (ISO date) and why, and the `messages` of the corpus with it.

    A text under several intents, in several contexts, has them all in `intent`.
    """

    text: str
    intent: str
    moved: str
    reason: str
    messages: int = 1


def retired_since(
    train: pd.DataFrame, ledger: pd.DataFrame, previous: pd.DataFrame | None, day: str
) -> pd.DataFrame:
    """Return the training rows that were retired since the champion's ledger, with `moved` and `reason`.

    Rows that a merge moved, because the other clone trained on them, were chosen by no one and do not count. Without
    that ledger (`previous` is None) those that were retired on `day` or later count.
    """
    book = complete(ledger)
    book = book[(book["moved"] != "") & (book["side"] == Side.TRAIN) & (book["reason"] != MERGED)]
    if previous is None:
        book = book[book["moved"] >= day]
    else:
        before = dict(zip(previous["key"], previous["side"], strict=True))
        book = book[book["key"].map(before) != Side.TRAIN]
    return train.merge(book[["key", "moved", "reason"]], on="key")


def listed_rows(rows: pd.DataFrame) -> tuple[Retired, ...]:
    """Return retired rows as values, one a text."""
    if rows.empty:
        return ()
    return tuple(
        Retired(
            text=str(group["text"].iloc[0]),
            intent=", ".join(sorted(set(group["intent"]))),
            moved=str(group["moved"].iloc[0]),
            reason=str(group["reason"].iloc[0]),
            messages=len(group),
        )
        for _, group in rows.groupby("key", sort=False)
    )
