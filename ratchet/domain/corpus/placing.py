"""Placing: the side that a text without one is given, from its neighbours and its intents' shares."""

from __future__ import annotations

from collections import defaultdict
from enum import StrEnum

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from ratchet.domain.corpus.languages import texts_of
from ratchet.domain.corpus.neighbours import ALONE, Texts, Work, near_pairs
from ratchet.domain.corpus.policies import SplitPolicy as SplitPolicy


class Side(StrEnum):
    """What a message is used for."""

    TRAIN = "train"
    TEST = "test"
    QUARANTINE = "quarantine"


BITS = {Side.TRAIN: 1, Side.TEST: 2, Side.QUARANTINE: 0}
"""Sides as bits, so that a text's neighbours add up: 3 is 'on both sides'. Quarantined rows influence no other row."""


SIDES = {str(side): side for side in Side}


class Book:
    """The placed texts while new ones are given their sides.

    New texts come in batches, so that memory is bounded however many neighbours there are: what is near a text of an
    earlier batch is kept as two bits, and pairs are kept only within a batch. The placed texts are kept in shelves,
    each at least twice as large as the next, so that few are sorted again for a new batch.
    """

    def __init__(self, policy: SplitPolicy, work: Work = ALONE) -> None:
        self.policy, self.work = policy, work
        self.shelves: list[tuple[pd.DataFrame, NDArray[np.uint8], Texts]] = []
        self.counts: dict[str, list[int]] = defaultdict(lambda: [0, 0])
        self.trained: set[str] = set()

    def remember(self, texts: pd.DataFrame, sides: list[Side]) -> None:
        """Take in texts that have their sides."""
        for intent, also, side in zip(texts["intent"].tolist(), texts["also"].tolist(), sides, strict=True):
            self.count(intent, also, side)
        self.put(texts, sides)

    def count(self, intent: str, also: tuple[str, ...], side: Side) -> None:
        """Count a text in its intent's share, and note which intents have something to train on."""
        if side is Side.TRAIN:
            self.trained.update((intent, *also))
        if side is not Side.QUARANTINE:
            self.counts[intent][side is Side.TEST] += 1

    def put(self, texts: pd.DataFrame, sides: list[Side]) -> None:
        """Prepare texts for comparison; quarantined ones influence no other."""
        bits = np.array([BITS[side] for side in sides], dtype=np.uint8)
        columns = [name for name in ("text", "languages") if name in texts]
        self.shelve(texts.loc[bits > 0, columns], bits[bits > 0])

    def shelve(self, texts: pd.DataFrame, bits: NDArray[np.uint8]) -> None:
        """Put texts on a shelf of their own, or together with those of shelves that are not much larger."""
        while self.shelves and len(self.shelves[-1][0]) < 2 * len(texts):
            more, their_bits, _ = self.shelves.pop()
            texts, bits = pd.concat([more, texts]), np.concatenate([their_bits, bits])
        if len(texts):
            self.shelves.append((texts, bits, texts_of(texts)))

    def place(self, new: pd.DataFrame) -> list[Side]:
        """Return the sides of new texts, in their order, and remember them."""
        texts = texts_of(new)
        near, later = self.near(texts), links(texts, self.policy.near_duplicate, self.work)
        sides: list[Side] = []
        for number, (intent, also) in enumerate(
            zip(new["intent"].tolist(), new["also"].tolist(), strict=True)
        ):
            untrained = intent not in self.trained or not self.trained.issuperset(also)
            side = self.decide(int(near[number]), self.counts[intent], untrained)
            self.count(intent, also, side)
            if number in later:
                near[later[number]] |= BITS[side]
            sides.append(side)
        self.put(new, sides)
        return sides

    def near(self, texts: Texts) -> NDArray[np.uint8]:
        """Return the bits of the sides on which each text has neighbours."""
        near = np.zeros(len(texts), dtype=np.uint8)
        for _, bits, placed in self.shelves:
            for new, old in near_pairs(texts, placed, self.policy.near_duplicate, self.work):
                np.bitwise_or.at(near, new, bits[old])
        return near

    def decide(self, near: int, counts: list[int], untrained: bool) -> Side:
        """Return the side of a text with neighbours on these sides, in an intent with these counts.

        `untrained` tells that an intent of the text has nothing to train on yet: without neighbours the text goes
        to training then, because an intent that is only held out would be released without being learnt.
        """
        if near == 3:
            return Side.QUARANTINE
        if near:
            return Side.TEST if near == BITS[Side.TEST] else Side.TRAIN
        train, test = counts
        if untrained or test >= self.policy.test_share * (train + test):
            return Side.TRAIN
        return Side.TEST


def links(texts: Texts, cutoff: float, work: Work = ALONE) -> dict[int, NDArray[np.int64]]:
    """Return the places of the later near-duplicates of each text that has any."""
    found = list(near_pairs(texts, texts, cutoff, work))
    if not found:
        return {}
    earlier = np.concatenate([np.minimum(one, other) for one, other in found])
    later = np.concatenate([np.maximum(one, other) for one, other in found])
    order = np.argsort(earlier, kind="stable")
    starts, begins = np.unique(earlier[order], return_index=True)
    return dict(zip(starts.tolist(), np.split(later[order], begins[1:]), strict=True))
