"""What makes two messages the same."""

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from domain.corpus import CorpusPolicy, empty, key, keys, normalise, normalised, plain


@pytest.mark.parametrize(
    ("text", "normal"),
    [
        ("  How do I RESET my pass-word?! ", "how do i reset my pass word"),
        ("ﬁne, Straße", "fine strasse"),
        ("snake_case", "snake case"),
        ("I need a [laptop](device)", "i need a laptop"),
        ('I need a [laptop]{"entity": "device", "value": "pc"} now', "i need a laptop now"),
        ("नमस्ते, दुनिया", "नमस्ते दुनिया"),
        ("👍", "👍"),
        ("?!", "?!"),
        ("", ""),
    ],
)
def test_case_punctuation_space_and_markup_do_not_tell_messages_apart(text: str, normal: str) -> None:
    """The normal form drops what people vary without meaning, and keeps what carries meaning."""
    assert normalise(text) == normal


@given(st.text())
def test_the_normal_form_is_its_own_normal_form_up_to_unicode(text: str) -> None:
    """It has no white space at its ends, none doubled, and none but spaces."""
    normal = normalise(text)
    assert normal == " ".join(normal.split())


@given(st.text(min_size=1), st.text(min_size=1, max_size=8))
def test_single_and_bulk_keys_agree(text: str, salt: str) -> None:
    """`key` and the form for whole columns give the same key."""
    assert keys(normalised([text]), salt) == [key(text, salt)]


def test_a_key_depends_on_text_and_salt_alone() -> None:
    """Another salt gives another key; the same text in other writing the same one."""
    assert key("Hello there!", "a") == key("hello THERE", "a")
    assert key("hello there", "a") != key("hello there", "b")
    assert len(key("hello", "a")) == 32


def test_brackets_without_an_entity_stay() -> None:
    """Only whole entity markup is taken off."""
    assert plain("see [1] and (2)") == "see [1] and (2)"


def test_a_context_field_cannot_take_a_column_that_is_used_already() -> None:
    """A field named `intent` would overwrite the labels: it is refused by name."""
    with pytest.raises(ValidationError, match="intent cannot name a context field"):
        CorpusPolicy(context={"intent": None})


def test_an_empty_corpus_has_all_columns() -> None:
    """The columns are text, intent, the context fields and source, in this order."""
    frame = empty(CorpusPolicy(context={"role": None}))
    assert list(frame.columns) == ["text", "intent", "role", "source"]
    assert isinstance(frame, pd.DataFrame)
    assert frame.empty
