"""The ledger: which side each message was given when it was first seen, for all cycles to come.

A ledger frame has the columns `key` (see `domain.corpus.key`), `side` and `first_seen`; rows are only ever
appended. Messages are told apart by their normal form, so a new label, context or source keeps the side.
"""

from __future__ import annotations

import hashlib
import hmac
from collections import defaultdict
from dataclasses import dataclass
from enum import StrEnum

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from pydantic import Field

from domain.corpus import as_list, keys, normalised
from domain.errors import RatchetError
from domain.neighbours import Progress, Texts, near_pairs
from domain.policy import Policy
from domain.unchecked import Unchecked

COLUMNS = ["key", "side", "first_seen"]
BATCH = 10_000


class Side(StrEnum):
    """What a message is used for."""

    TRAIN = "train"
    TEST = "test"
    QUARANTINE = "quarantine"


BITS = {Side.TRAIN: 1, Side.TEST: 2, Side.QUARANTINE: 0}
"""Sides as bits, so that a text's neighbours add up: 3 is 'on both sides'. Quarantined rows pull nobody."""


SIDES = {str(side): side for side in Side}


class SplitPolicy(Policy):
    """How the ledger gives sides.

    `test_share` is the share of each intent's distinct texts that the holdout is to have; `near_duplicate`
    the ratio in percent from which two texts count as one message; `salt` the secret of the keys: with
    another salt every key is another. An intent with at least `share_rows` texts whose holdout share lies
    outside `share_bounds` is reported.
    """

    test_share: float = Field(0.25, gt=0, lt=1)
    near_duplicate: float = Field(90.0, ge=50, le=100)
    salt: str = Field("ratchet", min_length=1)
    share_bounds: tuple[float, float] = (0.15, 0.40)
    share_rows: int = Field(40, ge=1)


@dataclass(frozen=True)
class Split:
    """The corpus by side; each frame has the corpus columns and `key`, the holdout also `first_seen`.

    `unchecked` are the checks of the split that could not run.
    """

    train: pd.DataFrame
    holdout: pd.DataFrame
    quarantine: pd.DataFrame
    unchecked: tuple[Unchecked, ...] = ()


def empty() -> pd.DataFrame:
    """Return a ledger without rows."""
    return pd.DataFrame({column: pd.Series(dtype="str") for column in COLUMNS})


def seal(content: bytes, policy: SplitPolicy) -> str:
    """Return the seal of a ledger file: its keyed hash, which an edit by hand does not carry."""
    return hmac.digest(policy.salt.encode(), content, hashlib.sha256).hex()


def assign(
    corpus: pd.DataFrame,
    ledger: pd.DataFrame,
    policy: SplitPolicy,
    first_seen: str,
    progress: Progress | None = None,
) -> pd.DataFrame:
    """Return the ledger with a row appended for each text of the corpus that it does not know.

    The new texts are taken in the order of their keys, which depends on nothing but the texts and the salt.
    Neighbours all on one side: that side. Neighbours on both: quarantine. None: test while the intent's share
    there is below `policy.test_share`, else train. Rows already placed never move.
    """
    texts = distinct(corpus, policy)
    sides = sides_of_keys(texts, ledger)
    unknown = np.array([side is None for side in sides], dtype=bool)
    new = texts[unknown].sort_values("key", ignore_index=True)
    if new.empty:
        return ledger
    book = Book(policy)
    book.remember(texts[~unknown], [SIDES[side] for side in sides if side is not None])
    placed: list[Side] = []
    for start in range(0, len(new), BATCH):
        placed += book.place(new[start : start + BATCH])
        if progress:
            progress(len(placed), len(new))
    rows = pd.DataFrame({"key": new["key"], "side": placed, "first_seen": first_seen}, dtype="str")
    return pd.concat([ledger[COLUMNS], rows], ignore_index=True)


class Book:
    """The placed texts while new ones are given their sides.

    New texts come in batches, so that memory is bounded however many neighbours there are: what lies near a
    text of an earlier batch is two bits, and pairs are kept only within a batch. The placed texts lie on
    shelves, each at least twice as large as the next, so that few are sorted again for a new batch.
    """

    def __init__(self, policy: SplitPolicy) -> None:
        self.policy = policy
        self.shelves: list[tuple[list[str], NDArray[np.uint8], Texts]] = []
        self.counts: dict[str, list[int]] = defaultdict(lambda: [0, 0])

    def remember(self, texts: pd.DataFrame, sides: list[Side]) -> None:
        """Take in texts that have their sides."""
        for intent, side in zip(texts["intent"].tolist(), sides, strict=True):
            self.count(intent, side)
        self.put(texts["text"].tolist(), sides)

    def count(self, intent: str, side: Side) -> None:
        """Count a text in its intent's share."""
        if side is not Side.QUARANTINE:
            self.counts[intent][side is Side.TEST] += 1

    def put(self, forms: list[str], sides: list[Side]) -> None:
        """Lay out texts for comparison; quarantined ones pull nobody."""
        pulling = [(form, BITS[side]) for form, side in zip(forms, sides, strict=True) if BITS[side]]
        self.shelve([form for form, _ in pulling], np.array([bit for _, bit in pulling], dtype=np.uint8))

    def shelve(self, forms: list[str], bits: NDArray[np.uint8]) -> None:
        """Put texts on a shelf of their own, or together with those of shelves that are not much larger."""
        while self.shelves and len(self.shelves[-1][0]) < 2 * len(forms):
            more, their_bits, _ = self.shelves.pop()
            forms, bits = more + forms, np.concatenate([their_bits, bits])
        if forms:
            self.shelves.append((forms, bits, Texts(forms)))

    def place(self, new: pd.DataFrame) -> list[Side]:
        """Return the sides of new texts, in their order, and remember them."""
        forms = new["text"].tolist()
        texts = Texts(forms)
        near, later = self.near(texts), links(texts, self.policy.near_duplicate)
        sides: list[Side] = []
        for number, intent in enumerate(new["intent"]):
            side = self.decide(int(near[number]), self.counts[intent])
            self.count(intent, side)
            if number in later:
                near[later[number]] |= BITS[side]
            sides.append(side)
        self.put(forms, sides)
        return sides

    def near(self, texts: Texts) -> NDArray[np.uint8]:
        """Return the bits of the sides on which each text has neighbours."""
        near = np.zeros(len(texts), dtype=np.uint8)
        for _, bits, placed in self.shelves:
            for new, old in near_pairs(texts, placed, self.policy.near_duplicate):
                np.bitwise_or.at(near, new, bits[old])
        return near

    def decide(self, near: int, counts: list[int]) -> Side:
        """Return the side of a text with neighbours on these sides, in an intent with these counts."""
        if near == 3:
            return Side.QUARANTINE
        if near:
            return Side.TEST if near == BITS[Side.TEST] else Side.TRAIN
        train, test = counts
        return Side.TEST if test == 0 or test < self.policy.test_share * (train + test) else Side.TRAIN


def links(texts: Texts, cutoff: float) -> dict[int, NDArray[np.int64]]:
    """Return the places of the later near-duplicates of each text that has any."""
    found = list(near_pairs(texts, texts, cutoff))
    if not found:
        return {}
    earlier = np.concatenate([np.minimum(one, other) for one, other in found])
    later = np.concatenate([np.maximum(one, other) for one, other in found])
    order = np.argsort(earlier, kind="stable")
    starts, begins = np.unique(earlier[order], return_index=True)
    return dict(zip(starts.tolist(), np.split(later[order], begins[1:]), strict=True))


def distinct(corpus: pd.DataFrame, policy: SplitPolicy) -> pd.DataFrame:
    """Return the distinct texts: `text` in normal form, its `key`, its `intent`, its first `row`.

    A text that stands under several intents (in several contexts) counts for the first in alphabetical order.
    """
    rows: dict[str, int] = {}
    intents: dict[str, str] = {}
    pairs = zip(normalised(corpus["text"]), as_list(corpus["intent"]), strict=True)
    for row, (text, intent) in enumerate(pairs):
        if rows.setdefault(text, row) == row or intent < intents[text]:
            intents[text] = intent
    return pd.DataFrame(
        {
            "text": list(rows),
            "intent": list(intents.values()),
            "row": list(rows.values()),
            "key": keys(rows, policy.salt),
        }
    )


def sides_of_keys(texts: pd.DataFrame, ledger: pd.DataFrame) -> list[str | None]:
    """Return the side of each text's `key`, None for one that the ledger does not have."""
    known = dict(zip(as_list(ledger["key"]), as_list(ledger["side"]), strict=True))
    return [known.get(key) for key in as_list(texts["key"])]


def split(corpus: pd.DataFrame, ledger: pd.DataFrame, policy: SplitPolicy) -> Split:
    """Return the corpus by side; raises `RatchetError` when a message has none."""
    frame = corpus.assign(key=keys(normalised(corpus["text"]), policy.salt))
    book = ledger.set_index("key")
    sides = frame["key"].map(book["side"])
    if sides.isna().any():
        raise RatchetError(
            f"{sides.isna().sum()} of {len(frame)} messages have no side in the ledger.",
            "Run `ratchet ingest` to take them in.",
        )
    train, holdout, quarantine = (frame[sides == side].reset_index(drop=True) for side in Side)
    return Split(train, holdout.assign(first_seen=holdout["key"].map(book["first_seen"])), quarantine)


def sides_of(ledger: pd.DataFrame, split: Split) -> pd.DataFrame:
    """Return `key` and `side` of the texts that a corpus holds, in the ledger's order."""
    present = pd.concat([split.train["key"], split.holdout["key"], split.quarantine["key"]])
    return ledger.loc[ledger["key"].isin(present), ["key", "side"]].reset_index(drop=True)
