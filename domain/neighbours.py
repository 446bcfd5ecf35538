"""Near-duplicates: pairs of texts whose `rapidfuzz.fuzz.ratio` reaches a cutoff, found exactly.

The ratio of texts a and b is 100 · (1 − d / (|a| + |b|)), where d counts the characters to insert and delete.
Two lengths that differ too much cannot reach the cutoff, so the texts lie sorted by length and each is
compared only with its window.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np
from numpy.typing import NDArray
from rapidfuzz import fuzz, process

Indices = NDArray[np.int64]
BLOCK = 512


class Texts:
    """Normalised texts in the order of their lengths, ready to be compared.

    `order[i]` is the place in the given sequence of the text at sorted place i.
    """

    def __init__(self, texts: Sequence[str]) -> None:
        lengths = np.fromiter(map(len, texts), dtype=np.int64, count=len(texts))
        self.order: Indices = np.argsort(lengths, kind="stable")
        self.lengths: Indices = lengths[self.order]
        self.texts: list[str] = [texts[place] for place in self.order]

    def __len__(self) -> int:
        return len(self.texts)


def near_pairs(left: Texts, right: Texts, cutoff: float) -> Iterator[tuple[Indices, Indices]]:
    """Yield the near-duplicate pairs between two collections as arrays of places in the given sequences.

    `cutoff` is a ratio in percent. With the same collection on both sides, each text pairs with itself and
    each pair comes in both orders.
    """
    stretch = (200.0 - cutoff) / cutoff  # the longest partner of a text, relative to its length
    for start in range(0, len(left), BLOCK):
        block = left.texts[start : start + BLOCK]
        first = np.searchsorted(right.lengths, int(len(block[0]) / stretch), side="left")
        last = np.searchsorted(right.lengths, int(len(block[-1]) * stretch) + 1, side="right")
        for begin in range(int(first), int(last), 16 * BLOCK):
            window = right.texts[begin : min(begin + 16 * BLOCK, int(last))]
            ratios = process.cdist(block, window, scorer=fuzz.ratio, score_cutoff=cutoff, dtype=np.float32)
            rows, columns = np.nonzero(ratios)
            if len(rows):
                yield left.order[start + rows], right.order[begin + columns]
