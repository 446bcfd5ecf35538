"""Near-duplicates are found exactly."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from rapidfuzz import fuzz

from ratchet.domain.corpus.neighbours import Texts, near_pairs

words = st.lists(st.sampled_from(["card", "cards", "lost", "my", "the", "top", "up", "ä", "💳"]), max_size=9)
letters = st.text("abc é", max_size=30)
texts = st.lists(st.one_of(words.map(" ".join), letters), max_size=40)


def brute_force(left: list[str], right: list[str], cutoff: float) -> set[tuple[int, int]]:
    """All pairs that reach the cutoff, compared one by one."""
    return {
        (row, column)
        for row, one in enumerate(left)
        for column, other in enumerate(right)
        if fuzz.ratio(one, other) >= cutoff
    }


def found(left: list[str], right: list[str], cutoff: float) -> set[tuple[int, int]]:
    """All pairs that `near_pairs` yields."""
    return {
        (int(row), int(column))
        for rows, columns in near_pairs(Texts(left), Texts(right), cutoff)
        for row, column in zip(rows, columns, strict=True)
    }


@given(texts, texts, st.sampled_from([60.0, 80.0, 90.0, 97.0, 100.0]))
def test_the_bounds_lose_no_pair_and_add_none(left: list[str], right: list[str], cutoff: float) -> None:
    """The pairs are those of comparing all with all."""
    assert found(left, right, cutoff) == brute_force(left, right, cutoff)


def test_long_and_many_texts_are_compared_exactly_too() -> None:
    """Counts beyond a byte, several bands, blocks and tiles change nothing."""
    random = np.random.default_rng(1)
    made = ["".join(random.choice(list("abcdefgh "), size)) for size in random.integers(1, 90, 300)]
    made += [text[:-1] + "x" for text in made[::3]] + ["a" * 700, "a" * 690 + "b" * 10, "a" * 400]
    assert found(made, made, 90.0) == brute_force(made, made, 90.0)


@given(texts)
def test_within_one_collection_each_pair_comes_once(made: list[str]) -> None:
    """No text pairs with itself, no pair comes twice, and none is lost."""
    collection = Texts(made)
    pairs = [
        frozenset((int(row), int(column)))
        for rows, columns in near_pairs(collection, collection, 90)
        for row, column in zip(rows, columns, strict=True)
    ]
    assert len(pairs) == len(set(pairs))
    assert set(pairs) == {frozenset(pair) for pair in brute_force(made, made, 90) if pair[0] != pair[1]}
