"""Near-duplicates: pairs of texts whose `rapidfuzz.fuzz.ratio` reaches a cutoff, found exactly.

The ratio of texts a and b is 100 · (1 − d / (|a| + |b|)), where d counts the characters to insert and delete.
Two lower bounds of d avoid nearly all comparisons. One is the difference of the lengths: texts are sorted by length,
and each is compared only within its window. The other is the sum over characters of the difference of their counts:
counts are written as bits, each of which says 'at least this many', and the bits in which two texts differ are at most
as many as the bound. What passes both is compared in full.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import Protocol, TypeVar

import numpy as np
from numpy.typing import NDArray
from rapidfuzz import fuzz, process

Indices = NDArray[np.int64]
Counts = NDArray[np.uint8]
Words = NDArray[np.uint64]
Pairs = tuple[Indices, Indices]
Languages = frozenset[str]
Progress = Callable[[int, int], None]
Task = TypeVar("Task")
Result = TypeVar("Result")

GROUPS = 32
"""Characters are counted by their code point modulo this: the letters of an alphabet stay apart."""

BITS = 128
BAND = 1.3
"""The longest text of a band, relative to its shortest; a band shares one choice of bits."""

ROWS, COLUMNS = 64, 2048
"""Texts compared at once: the table of their differences has to fit into a core's cache."""

CHUNK = 20_000
FLUSH = 1_000_000


class Spread(Protocol):
    """How independent tasks are done: gives `function` of each task, in the order of the tasks."""

    def __call__(self, function: Callable[[Task], Result], tasks: Iterable[Task], /) -> Iterable[Result]: ...


def in_turn(function: Callable[[Task], Result], tasks: Iterable[Task], /) -> Iterator[Result]:
    """Do one task after another."""
    return map(function, tasks)


@dataclass(frozen=True)
class Work:
    """How much work is done: `progress` is called with the work begun and all work, `spread` does its pieces."""

    progress: Progress | None = None
    spread: Spread = in_turn

    def silent(self) -> Work:
        """Return the same for a part of the work, which does not count by itself."""
        return replace(self, progress=None)


ALONE = Work()


@dataclass(frozen=True)
class Code:
    """What the bits of a code say: bit i is set where the group `group[i]` occurs at least `least[i]`
    times.
    """

    group: Indices
    least: Counts

    @staticmethod
    def fit(counts: Counts) -> Code:
        """Choose the bits that distinguish these texts: the more for a group the wider its counts spread.

        A group's thresholds are successive numbers around its median; the bits nearest to the medians come
        first.
        """
        sample = counts[:: max(1, len(counts) // 2000)].astype(float)
        spread, centre = sample.std(axis=0) + 1e-3, np.median(sample, axis=0)
        share = np.floor(BITS * spread / spread.sum()).astype(int)
        share[np.argsort(-spread, kind="stable")[: BITS - share.sum()]] += 1
        lowest = np.clip(np.round(centre - share / 2 + 1), 1, 255 - share).astype(int)
        group = np.repeat(np.arange(GROUPS), share)
        least = np.concatenate([low + np.arange(number) for low, number in zip(lowest, share, strict=True)])
        inner = np.argsort(np.abs(least - centre[group]) / spread[group], kind="stable")
        return Code(group[inner], least[inner].astype(np.uint8))

    def write(self, counts: Counts) -> Words:
        """Return the codes of texts, as many rows of words."""
        words = np.empty((len(counts), BITS // 64), dtype=np.uint64)
        for start in range(0, len(counts), CHUNK):
            bits = counts[start : start + CHUNK][:, self.group] >= self.least
            words[start : start + CHUNK] = np.ascontiguousarray(np.packbits(bits, axis=1)).view(np.uint64)
        return words


@dataclass(frozen=True)
class Band:
    """The texts at sorted places `start` to `stop` (excluded), of similar length, and their codes."""

    start: int
    stop: int
    code: Code
    inner: Words
    outer: Words


class Texts:
    """Normalised texts in the order of their lengths, ready to be compared.

    `order[i]` is the place in the given sequence of the text at sorted place i. `languages` are those of each text, an
    empty set where they are not known; None where all texts are of one.
    """

    def __init__(self, texts: Sequence[str], languages: Sequence[Languages] | None = None) -> None:
        lengths = np.fromiter(map(len, texts), dtype=np.int64, count=len(texts))
        self.order: Indices = np.argsort(lengths, kind="stable")
        self.lengths: Indices = lengths[self.order]
        self.texts: NDArray[np.object_] = np.array([*texts, None], dtype=object)[self.order]
        self.languages = None if languages is None else [languages[place] for place in self.order.tolist()]
        self.counts = count_characters(self.texts, self.lengths)
        self.bands = [self.band(start, stop) for start, stop in pairwise(self.edges())]

    def __len__(self) -> int:
        return len(self.lengths)

    def edges(self) -> list[int]:
        """Return the sorted places at which bands begin, and the end."""
        edges = [0]
        while edges[-1] < len(self):
            longest = max(8.0, BAND * float(self.lengths[edges[-1]]))
            edges.append(int(np.searchsorted(self.lengths, longest, side="right")))
        return edges

    def band(self, start: int, stop: int) -> Band:
        """Choose the code of a band and write its texts in it."""
        code = Code.fit(self.counts[start:stop])
        words = code.write(self.counts[start:stop])
        return Band(start, stop, code, words[:, 0].copy(), words[:, 1].copy())

    def window(self, shortest: float, longest: float) -> tuple[int, int]:
        """Return the sorted places between which the texts of these lengths are."""
        first = np.searchsorted(self.lengths, int(shortest), side="left")
        return int(first), int(np.searchsorted(self.lengths, int(longest) + 1, side="right"))


def count_characters(texts: NDArray[np.object_], lengths: Indices) -> Counts:
    """Count each text's characters by group, up to 255."""
    counts = np.empty((len(texts), GROUPS), dtype=np.uint8)
    for start in range(0, len(texts), CHUNK):
        part = slice(start, start + CHUNK)
        joined = "".join(texts[part]).encode("utf-32-le", "surrogatepass")
        groups = np.frombuffer(joined, dtype=np.uint32).astype(np.int64) % GROUPS
        rows = np.repeat(np.arange(len(texts[part])), lengths[part])
        bins = np.bincount(rows * GROUPS + groups, minlength=len(texts[part]) * GROUPS)
        counts[part] = np.minimum(bins, 255).reshape(-1, GROUPS)
    return counts


def near_pairs(left: Texts, right: Texts, cutoff: float, work: Work = ALONE) -> Iterator[Pairs]:
    """Yield the near-duplicate pairs between two collections as arrays of places in the given sequences.

    `cutoff` is a ratio in percent. With the same collection on both sides each pair comes once, and no text
    with itself. Texts of different languages make no pair.
    """
    comparison = Comparison(left, right, cutoff)
    for found in work.spread(comparison.run, comparison.blocks(work.progress)):
        yield from found


@dataclass(frozen=True)
class Block:
    """A few texts of the left side from sorted place `start`, in the code of a band of the right side."""

    start: int
    rows: Words
    band: Band


@dataclass(frozen=True)
class Comparison:
    """Two collections and the ratio in percent that makes a pair."""

    left: Texts
    right: Texts
    cutoff: float

    @property
    def apart(self) -> float:
        """The share of both lengths together that d may be."""
        return 1 - self.cutoff / 100

    @property
    def stretch(self) -> float:
        """How much longer than a text its longest partner is."""
        return (1 + self.apart) / (1 - self.apart)

    def blocks(self, progress: Progress | None) -> Iterator[Block]:
        """Yield the work, in pieces that fit into a core's cache."""
        ends = [
            (self.right.lengths[band.start], self.right.lengths[band.stop - 1]) for band in self.right.bands
        ]
        windows = [self.left.window(low / self.stretch, high * self.stretch) for low, high in ends]
        done, total = 0, sum(last - first for first, last in windows)
        for band, (first, last) in zip(self.right.bands, windows, strict=True):
            for begin in range(first, last, CHUNK):
                rows = band.code.write(self.left.counts[begin : min(begin + CHUNK, last)])
                for start in range(0, len(rows), ROWS):
                    yield Block(begin + start, rows[start : start + ROWS], band)
                done += len(rows)
                if progress:
                    progress(done, total)

    def run(self, block: Block) -> list[Pairs]:
        """Return the pairs of a block."""
        left, right, start, band = self.left, self.right, block.start, block.band
        low, high = left.lengths[start], left.lengths[start + len(block.rows) - 1]
        first, last = right.window(low / self.stretch, high * self.stretch)
        first, last = max(first, band.start), min(last, band.stop)
        if left is right:
            first = max(first, start)
        found: list[Pairs] = []
        for begin in range(first, last, COLUMNS):
            end = min(begin + COLUMNS, last)
            limit = int(self.apart * (high + right.lengths[end - 1]) + 1e-9)
            row, column = candidates(block.rows, band, begin, end, limit)
            if left is right:
                later = column > start + row
                row, column = row[later], column[later]
            for some in range(0, len(row), FLUSH):
                one, other = start + row[some : some + FLUSH], column[some : some + FLUSH]
                near = ratios(left, right, one, other, self.cutoff) > 0
                if near.any():
                    one, other = of_one_language(left, right, one[near], other[near])
                    found.append((left.order[one], right.order[other]))
        return found


def candidates(rows: Words, band: Band, begin: int, end: int, limit: int) -> Pairs:
    """Return rows, and sorted places from `begin` to `end`, with codes `limit` bits apart or less."""
    columns = slice(begin - band.start, end - band.start)
    differ = np.bitwise_count(rows[:, 0, None] ^ band.inner[columns])
    row, column = np.divmod(np.flatnonzero(differ <= limit), end - begin)
    if len(row):
        outer = np.bitwise_count(rows[row, 1] ^ band.outer[columns][column])
        close = differ[row, column].astype(np.int64) + outer <= limit
        row, column = row[close], column[close]
    return row, begin + column


def ratios(left: Texts, right: Texts, one: Indices, other: Indices, cutoff: float) -> NDArray[np.float32]:
    """Return the ratio of each pair, 0 where it is below the cutoff."""
    return process.cpdist(
        left.texts[one].tolist(),
        right.texts[other].tolist(),
        scorer=fuzz.ratio,
        score_cutoff=cutoff,
        dtype=np.float32,
    )


def of_one_language(left: Texts, right: Texts, one: Indices, other: Indices) -> Pairs:
    """Return the pairs, given by sorted places, that have a language in common, or one whose language is not known."""
    mine, theirs = left.languages, right.languages
    if mine is None or theirs is None:
        return one, other
    common = [
        not (here and there) or not here.isdisjoint(there)
        for here, there in zip(
            (mine[i] for i in one.tolist()), (theirs[i] for i in other.tolist()), strict=True
        )
    ]
    kept = np.array(common, dtype=bool)
    return one[kept], other[kept]
