"""Text and context features."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ratchet_bot.components.features import (
    Block,
    Features,
    context_atoms,
    context_terms,
    normalise,
    pair_terms,
)

TEXTS = ["where is my card", "card lost", "I need   a NEW card!"]


def fitted() -> Features:
    contexts = [{"role": "boss", "location": "rome"}, {"role": "clerk"}, {}]
    return Features.fit(TEXTS, contexts, ("location", "role"), 1.0)


def test_context_atoms_are_each_field_and_their_join() -> None:
    """Two fields give three atoms; an empty value gives none; unknown fields are left out."""
    assert context_atoms({"role": "boss", "location": "rome"}, ("location", "role")) == [
        "location=rome",
        "role=boss",
        "location=rome&role=boss",
    ]
    assert context_atoms({"role": "", "shoe": "44"}, ("location", "role")) == []


def test_context_terms_join_each_atom_with_each_word() -> None:
    """Field × word features let a word mean another thing to another role."""
    assert context_terms("my my card", {"role": "boss"}, ("role",)) == [
        "role=boss",
        "role=boss|card",
        "role=boss|my",
    ]


def test_text_blocks_do_not_depend_on_the_context() -> None:
    """A message with context is the same point in the text blocks as one without."""
    features = fitted()
    text_columns = sum(len(b.terms) for b in (features.words, features.characters, features.pairs))
    with_context = features.transform(["my card"], [{"role": "boss"}])[:, :text_columns]
    without = features.transform(["my card"], [{}])[:, :text_columns]
    assert (with_context != without).nnz == 0


def test_rows_are_float32() -> None:
    """A float64 row would make scipy copy the whole weight matrix on each call."""
    assert fitted().transform(TEXTS, [{}] * 3).dtype == np.float32


@given(st.lists(st.text(max_size=40), min_size=1, max_size=8))
def test_a_row_is_the_same_alone_and_in_a_batch(texts: list[str]) -> None:
    """For any text, the bits of its row do not depend on its neighbours."""
    features = fitted()
    batch = features.transform(texts, [{"role": "boss"}] * len(texts)).toarray()
    alone = np.vstack([features.transform([text], [{"role": "boss"}]).toarray() for text in texts])
    assert batch.tobytes() == alone.tobytes()


@given(st.text(max_size=200))
def test_normal_form_is_stable(text: str) -> None:
    """Normalising twice adds at most what case mapping itself leaves open, and never fails."""
    assert normalise(text) == normalise(text)
    assert len(normalise("x" * 10_000)) == 2000


def test_each_block_of_a_message_has_its_weight_as_length() -> None:
    """The context's weight is given, the others are 1; a block without a known term is zero."""
    contexts = [{"role": "boss"}, *[{}] * 5]
    features = Features.fit([*TEXTS, *TEXTS], contexts, ("role",), context_weight=0.5)
    rows = features.transform(["where is my card my", "###"], [{"role": "boss"}, {}]).toarray()
    ends = np.cumsum([len(block.terms) for block in features.blocks])
    lengths = [[np.linalg.norm(part) for part in np.split(row, ends[:-1])] for row in rows]
    assert lengths[0] == pytest.approx([1, 1, 1, 0.5])
    assert lengths[1][2:] == [0, 0]


def test_rare_terms_can_be_left_out() -> None:
    """A vocabulary holds the terms of at least so many documents, sorted."""
    assert list(Block.fit([["b", "a"], ["b", "c"]], least=2).terms) == ["b"]
    assert list(Block.fit([["b", "a"], ["b", "c"]]).terms) == ["a", "b", "c"]


def test_pairs_have_no_order_and_no_distance() -> None:
    """Two messages with the same words have the same pairs, and long ones stay bounded."""
    assert pair_terms("lost card") == pair_terms("card lost card") == ["card&lost"]
    assert len(pair_terms(" ".join(f"w{i}" for i in range(1000)))) == 40 * 39 / 2
