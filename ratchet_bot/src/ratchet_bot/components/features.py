"""Turns a message and the person's context into one sparse row of TF-IDF features.

Four blocks are side by side: words (1 and 2 in a row), characters within words (2 to 4 in a row), pairs of words
that occur together in any order, and the context. Each block has length 1, so that a message without context is
the same point in the text blocks as one with it. Pure: arrays and strings only, no Rasa, no files.
"""

from __future__ import annotations

import re
import unicodedata
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import combinations, pairwise

import numpy as np
from scipy import sparse

Context = Mapping[str, str]
WORD = re.compile(r"\w+")
MAX_CHARACTERS = 2000  # the tail of a longer message says nothing new about its intent
MAX_PAIRED_WORDS = 40  # their number of pairs grows with the square
PAIR_MESSAGES = 2  # a pair that occurs in one message only can teach nothing about another


def normalise(text: str) -> str:
    """Text as the features see it: compatible characters joined, lower case, cut at MAX_CHARACTERS."""
    return unicodedata.normalize("NFKC", text[:MAX_CHARACTERS]).lower()


def word_terms(text: str) -> list[str]:
    """Words and pairs of neighbouring words of a normalised text; `<` and `>` stand for its start and end."""
    words = ["<", *WORD.findall(text), ">"]
    return words + [f"{first} {second}" for first, second in pairwise(words)]


def pair_terms(text: str) -> list[str]:
    """Each two different words of a normalised text, whatever their order and distance."""
    words = sorted(set(WORD.findall(text)[:MAX_PAIRED_WORDS]))
    return [f"{first}&{second}" for first, second in combinations(words, 2)]


def character_terms(text: str, shortest: int = 2, longest: int = 4) -> list[str]:
    """Runs of characters within each word of a normalised text; a blank marks a word's start and end."""
    terms = []
    for chunk in text.split():
        padded = f" {chunk} "
        for size in range(shortest, longest + 1):
            if size >= len(padded):
                terms.append(padded)
                break
            terms += [padded[i : i + size] for i in range(len(padded) - size + 1)]
    return terms


def context_atoms(context: Context, fields: Sequence[str]) -> list[str]:
    """One atom for each known field, and one for each group of two or more fields, like `location=x&role=y`."""
    known = [f"{field}={context[field]}" for field in fields if context.get(field)]
    joint = ["&".join(group) for size in range(2, len(known) + 1) for group in combinations(known, size)]
    return known + joint


def context_terms(text: str, context: Context, fields: Sequence[str]) -> list[str]:
    """Each context atom alone, and joined with each word of a normalised text."""
    atoms = context_atoms(context, fields)
    words = set(WORD.findall(text)) if atoms else set()
    return atoms + [f"{atom}|{word}" for atom in atoms for word in sorted(words)]


@dataclass(frozen=True)
class Block:
    """One vocabulary with its inverse document frequencies.

    `terms` maps a term to its column within the block, `idf` is float32 with one value per column, `weight` is the
    length of a message in this block.
    """

    terms: Mapping[str, int]
    idf: np.ndarray
    weight: float = 1.0

    @classmethod
    def fit(cls, documents: Sequence[Sequence[str]], weight: float = 1.0, least: int = 1) -> Block:
        """Learn vocabulary and smoothed idf, ln((1 + n) / (1 + df)) + 1, from lists of terms.

        A term enters the vocabulary when at least `least` documents have it.
        """
        frequency: Counter[str] = Counter()
        for document in documents:
            frequency.update(set(document))
        terms = sorted(term for term, documents_with in frequency.items() if documents_with >= least)
        counts = np.array([frequency[term] for term in terms], dtype=np.float64)
        idf = np.log((1 + len(documents)) / (1 + counts)) + 1
        return cls({term: i for i, term in enumerate(terms)}, idf.astype(np.float32), weight)

    def counts(self, document: Iterable[str]) -> list[tuple[int, int]]:
        """Columns of the document's known terms, in order, with how often each occurs."""
        return sorted(
            Counter(column for column in map(self.terms.get, document) if column is not None).items()
        )


@dataclass(frozen=True)
class Features:
    """The fitted blocks, and the context fields that they know (in order)."""

    fields: tuple[str, ...]
    words: Block
    characters: Block
    pairs: Block
    context: Block

    @classmethod
    def fit(
        cls, texts: Sequence[str], contexts: Sequence[Context], fields: Sequence[str], context_weight: float
    ) -> Features:
        """Learn the vocabularies of all blocks."""
        normal = [normalise(text) for text in texts]
        return cls(
            tuple(fields),
            Block.fit([word_terms(text) for text in normal]),
            Block.fit([character_terms(text) for text in normal]),
            Block.fit([pair_terms(text) for text in normal], least=PAIR_MESSAGES),
            Block.fit(
                [context_terms(t, c, fields) for t, c in zip(normal, contexts, strict=True)], context_weight
            ),
        )

    @cached_property
    def blocks(self) -> tuple[Block, ...]:
        """The blocks in the order of their columns."""
        return (self.words, self.characters, self.pairs, self.context)

    @cached_property
    def idf(self) -> np.ndarray:
        """Inverse document frequencies of all columns."""
        return np.concatenate([block.idf for block in self.blocks])

    def transform(self, texts: Sequence[str], contexts: Sequence[Context]) -> sparse.csr_matrix:
        """One float32 row for each message: (1 + ln count) × idf, each block scaled to its weight."""
        columns: list[int] = []
        counts: list[int] = []
        ends = [0]  # of each message's each block
        for text, context in zip(texts, contexts, strict=True):
            first = 0
            for block, terms in zip(self.blocks, self._terms(normalise(text), context), strict=True):
                for column, count in block.counts(terms):
                    columns.append(first + column)
                    counts.append(count)
                ends.append(len(columns))
                first += len(block.terms)
        index = np.array(columns, dtype=np.int32)
        values = (1 + np.log(np.array(counts, dtype=np.float32))) * self.idf[index]
        values *= self._scale(values, np.diff(ends))
        starts = np.array(ends[:: len(self.blocks)])
        return sparse.csr_matrix((values, index, starts), shape=(len(texts), len(self.idf)))

    def _terms(self, text: str, context: Context) -> tuple[list[str], ...]:
        return (
            word_terms(text),
            character_terms(text),
            pair_terms(text),
            context_terms(text, context, self.fields),
        )

    def _scale(self, values: np.ndarray, lengths: np.ndarray) -> np.ndarray:
        """The factor of each value, given how many values each message's each block has."""
        part = np.repeat(np.arange(len(lengths)), lengths)
        squares = np.bincount(part, weights=values.astype(np.float64) ** 2, minlength=len(lengths))
        weights = np.tile([block.weight for block in self.blocks], len(lengths) // len(self.blocks))
        factors = np.divide(weights, np.sqrt(squares), out=np.zeros(len(lengths)), where=squares > 0)
        return factors[part].astype(np.float32)


def known_fields(contexts: Iterable[Context]) -> tuple[str, ...]:
    """Names of the context fields that have a value in at least one message, sorted."""
    return tuple(sorted(set(_filled(contexts))))


def _filled(contexts: Iterable[Context]) -> Iterator[str]:
    for context in contexts:
        yield from (field for field, value in context.items() if value)
