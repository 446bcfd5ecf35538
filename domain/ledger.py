"""The ledger: which side each message was given when it was first seen, for all cycles to come.

A ledger frame has the columns `key` (see `domain.corpus.key`), `side` and `first_seen`; rows are only ever
appended. Messages are told apart by their normal form, so a new label, context or source keeps the side.
"""

from __future__ import annotations

import hashlib
import hmac
from collections import defaultdict
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from enum import StrEnum

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from pydantic import Field

from domain.corpus import keys, normalised
from domain.errors import RatchetError
from domain.neighbours import Texts, near_pairs
from domain.policy import Policy

Progress = Callable[[int, int], None]
"""Called with the texts placed so far and the texts to place."""

COLUMNS = ["key", "side", "first_seen"]
BATCH = 10_000


class Side(StrEnum):
    """What a message is used for."""

    TRAIN = "train"
    TEST = "test"
    QUARANTINE = "quarantine"


BITS = {Side.TRAIN: 1, Side.TEST: 2, Side.QUARANTINE: 0}
"""Sides as bits, so that a text's neighbours add up: 3 is 'on both sides'. Quarantined rows pull nobody."""


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
    """The corpus by side; each frame has the corpus columns and `key`, the holdout also `first_seen`."""

    train: pd.DataFrame
    holdout: pd.DataFrame
    quarantine: pd.DataFrame


@dataclass(frozen=True)
class Violation:
    """An invariant that does not hold: the rule's name, the rows' numbers in the corpus (from 0), a sentence.

    `blocking` tells whether a training on this split would make later numbers untrue.
    """

    rule: str
    rows: tuple[int, ...]
    sentence: str
    blocking: bool = True


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
    sides = texts["key"].map(ledger.set_index("key")["side"])
    new = texts[sides.isna()].sort_values("key", ignore_index=True)
    if new.empty:
        return ledger
    known = sides.notna()
    book = Book(texts[known], sides[known].tolist(), policy)
    placed = list(book.place(new, progress))
    rows = pd.DataFrame({"key": new["key"], "side": placed, "first_seen": first_seen}, dtype="str")
    return pd.concat([ledger[COLUMNS], rows], ignore_index=True)


class Book:
    """The placed texts while new ones are given their sides."""

    def __init__(self, placed: pd.DataFrame, sides: list[str], policy: SplitPolicy) -> None:
        self.policy = policy
        self.texts: list[str] = []
        self.bits: list[int] = []
        self.counts: dict[str, list[int]] = defaultdict(lambda: [0, 0])
        for text, intents, side in zip(placed["text"], placed["intents"], sides, strict=True):
            self.write(text, intents, Side(side))

    def write(self, text: str, intents: tuple[str, ...], side: Side) -> None:
        """Remember a text with its side."""
        if side is Side.QUARANTINE:
            return
        self.texts.append(text)
        self.bits.append(BITS[side])
        for intent in intents:
            self.counts[intent][side is Side.TEST] += 1

    def place(self, new: pd.DataFrame, progress: Progress | None) -> Iterator[Side]:
        """Yield the side of each new text, in order.

        Works in batches, so that memory is bounded however many neighbours there are: what lies near a text
        of an earlier batch is two bits, and pairs are kept only within a batch.
        """
        for start in range(0, len(new), BATCH):
            batch = new.iloc[start : start + BATCH]
            texts = batch["text"].tolist()
            prepared = Texts(texts)
            seen = self.near(prepared)
            later = links(prepared, self.policy.near_duplicate)
            for number, (text, intents) in enumerate(zip(texts, batch["intents"], strict=True)):
                side = self.decide(int(seen[number]), intents[0])
                self.write(text, intents, side)
                if number in later:
                    seen[later[number]] |= BITS[side]
                yield side
            if progress:
                progress(start + len(batch), len(new))

    def near(self, texts: Texts) -> NDArray[np.uint8]:
        """Return the bits of the sides on which each text has neighbours."""
        seen = np.zeros(len(texts), dtype=np.uint8)
        bits = np.array(self.bits, dtype=np.uint8)
        for new, old in near_pairs(texts, Texts(self.texts), self.policy.near_duplicate):
            np.bitwise_or.at(seen, new, bits[old])
        return seen

    def decide(self, near: int, intent: str) -> Side:
        """Return the side of a text with these neighbours."""
        if near == 3:
            return Side.QUARANTINE
        if near:
            return Side.TEST if near == BITS[Side.TEST] else Side.TRAIN
        train, test = self.counts[intent]
        return (
            Side.TEST if test < self.policy.test_share * (train + test) or test + train == 0 else Side.TRAIN
        )


def links(texts: Texts, cutoff: float) -> dict[int, NDArray[np.int64]]:
    """Return the places of the later near-duplicates of each text that has any."""
    found = [(one[one < other], other[one < other]) for one, other in near_pairs(texts, texts, cutoff)]
    if not found:
        return {}
    earlier = np.concatenate([one for one, _ in found])
    later = np.concatenate([other for _, other in found])
    if not len(earlier):
        return {}
    order = np.argsort(earlier, kind="stable")
    starts, begins = np.unique(earlier[order], return_index=True)
    return dict(zip(starts.tolist(), np.split(later[order], begins[1:]), strict=True))


def distinct(corpus: pd.DataFrame, policy: SplitPolicy) -> pd.DataFrame:
    """Return the distinct texts: `text` in normal form, its `key`, its `intents` in order, its first
    `row`.
    """
    forms = pd.DataFrame({"text": normalised(corpus["text"]), "intent": corpus["intent"].to_numpy()})
    first = ~forms["text"].duplicated()
    texts = forms.loc[first, ["text"]]
    texts["row"] = np.flatnonzero(first)
    texts["key"] = keys(texts["text"], policy.salt)
    intents: dict[str, set[str]] = defaultdict(set)
    for text, intent in zip(forms["text"], forms["intent"], strict=True):
        intents[text].add(intent)
    texts["intents"] = [tuple(sorted(intents[text])) for text in texts["text"]]
    return texts.reset_index(drop=True)


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


def violations(
    corpus: pd.DataFrame,
    ledger: pd.DataFrame,
    previous: pd.DataFrame | None,
    policy: SplitPolicy,
    proved: pd.DataFrame | None = None,
) -> list[Violation]:
    """Return the invariants that do not hold.

    `previous` is the ledger of the champion's release: no key of it may have changed its side or be gone.
    `proved` are the sides (`key`, `side`) of texts whose pairs were compared before under the same policy:
    only pairs with another text are compared now.
    """
    texts = distinct(corpus, policy)
    texts["side"] = texts["key"].map(ledger.drop_duplicates("key").set_index("key")["side"])
    return [
        *without_side(texts),
        *repeated_keys(ledger),
        *moved(ledger, previous),
        *straddling(texts, policy, proved),
        *shares(texts, policy),
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
    """No key stands in the ledger twice."""
    repeated = int(ledger["key"].duplicated().sum())
    if repeated:
        yield Violation("one side per key", (), f"{repeated} keys stand in the ledger more than once.")


def moved(ledger: pd.DataFrame, previous: pd.DataFrame | None) -> Iterator[Violation]:
    """No key ever changed its side, and none is gone."""
    if previous is None or previous.empty:
        return
    now = previous["key"].map(ledger.drop_duplicates("key").set_index("key")["side"])
    gone, changed = int(now.isna().sum()), int((now.notna() & (now != previous["side"])).sum())
    if gone or changed:
        yield Violation(
            "no key changes its side",
            (),
            f"Against the champion's ledger {changed} keys changed their side and {gone} are gone.",
        )


def straddling(texts: pd.DataFrame, policy: SplitPolicy, proved: pd.DataFrame | None) -> Iterator[Violation]:
    """No near-duplicate pair has one text in train and the other in test."""
    new = pd.Series(True, index=texts.index)
    if proved is not None:
        before = texts["key"].map(proved.drop_duplicates("key").set_index("key")["side"])
        new = before != texts["side"]
    train, test = (texts["side"] == Side.TRAIN, texts["side"] == Side.TEST)
    rows: set[int] = set()
    for left, right in ((train & new, test), (train & ~new, test & new)):
        lefts, rights = texts[left], texts[right]
        if lefts.empty or rights.empty:
            continue
        one, other = Texts(lefts["text"].tolist()), Texts(rights["text"].tolist())
        for here, there in near_pairs(one, other, policy.near_duplicate):
            rows.update(lefts["row"].to_numpy()[here].tolist(), rights["row"].to_numpy()[there].tolist())
    if rows:
        yield Violation(
            "no near-duplicate pair straddles",
            tuple(sorted(rows)),
            f"{len(rows)} messages have a near-duplicate on the other side.",
        )


def shares(texts: pd.DataFrame, policy: SplitPolicy) -> Iterator[Violation]:
    """The holdout's share of each intent lies within bounds."""
    used = texts[texts["side"].isin([Side.TRAIN, Side.TEST])]
    intent = used["intents"].str[0]
    share = (used["side"] == Side.TEST).groupby(intent).agg(["mean", "size"])
    low, high = policy.share_bounds
    outside = share[(share["size"] >= policy.share_rows) & ~share["mean"].between(low, high)]
    for name, line in outside.iterrows():
        yield Violation(
            "share per intent",
            (),
            f"Intent {name} has {line['mean']:.0%} of its {line['size']:.0f} texts in the holdout"
            f" (bounds {low:.0%} to {high:.0%}).",
            blocking=False,
        )
