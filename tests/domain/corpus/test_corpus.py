"""What makes two messages the same."""

import re
import unicodedata

import pandas as pd
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from pydantic import ValidationError
from rich._emoji_codes import EMOJI as EMOJI_BY_NAME

from ratchet.domain.corpus.corpus import (
    WITHOUT_MEANING,
    CorpusPolicy,
    empty,
    key,
    keys,
    normalise,
    normalised,
    plain,
)


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


EMOJI = [f"{char}\ufe0f" for char in "❤☀☺✌♥✔❣☕⭐☘♨✈☹⚠☠✖☢☣⛔☁☔⚡⚰❄"]
"""Emoji that are written with U+FE0F."""


def test_emoji_with_a_variation_selector_are_different_messages() -> None:
    """Each has a form of its own, and in version 1, which old ledgers keep, they all had one."""
    assert len(set(normalised(EMOJI))) == len(EMOJI) == 24
    assert len(set(normalised(EMOJI, 1))) == 1


def test_every_emoji_is_a_message_of_its_own() -> None:
    """Flags, keycaps, families and the rest: what differs in more than variation selector and skin tone stays apart."""
    written = set(EMOJI_BY_NAME.values()) | {"#️⃣", "*️⃣", "🏳️‍🌈", "🏴‍☠️", "❤️‍🔥"}
    looks = {WITHOUT_MEANING.sub("", one) or one for one in written}
    assert len({normalise(one) for one in written}) == len(looks) > 1500


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("❤️", "❤"),
        ("👍🏽", "👍"),
        ("👍🏽", "👍🏿"),
        ("👩🏽‍💻", "👩‍💻"),
        ("1️⃣", "1⃣"),
        ("#️⃣", "#⃣"),
        ("🏳️‍🌈", "🏳‍🌈"),
        ("thanks ❤️", "thanks"),
        ("葛\U000e0100", "葛"),
    ],
)
def test_variation_selector_and_skin_tone_tell_no_messages_apart(one: str, other: str) -> None:
    """They choose how a character looks; keyboards differ in whether they write them."""
    assert normalise(one) == normalise(other) != ""


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("1️⃣", "2️⃣"),
        ("1️⃣", "1"),
        ("#️⃣", "*️⃣"),
        ("🇩🇪", "🇫🇷"),
        ("👨‍👩‍👧", "👨‍👩‍👦"),
        ("❤️‍🔥", "❤️"),
        (":)", ":("),
        ("?", "!"),
        ("???", "?"),
        ("!\u0301", "?\u0301"),
        ("🏽", "🏿"),
        ("___", "---"),
        ("में", "मैं"),
    ],
)
def test_what_differs_stays_different(one: str, other: str) -> None:
    """Keycaps, flags, joined emoji, texts of punctuation alone, words that differ in a combining mark."""
    assert normalise(one) != normalise(other)


WORDS = st.text("abcXYZäßöñ éपानी123 .,!?'-_", max_size=40)


@given(WORDS)
def test_texts_of_letters_digits_and_punctuation_have_one_form_in_both_versions(text: str) -> None:
    """What is not about emoji and stray marks did not change, so new ledgers know the same near-duplicates."""
    text = unicodedata.normalize("NFC", text)
    stray = re.search(r"(?:^|[\W_])(?=[\u0900-\u0903\u093a-\u094f])", text)
    assume(not stray)
    assert normalise(text) == normalise(text, 1)


@pytest.mark.parametrize(
    ("text", "form"),
    [
        ("❤️", "\ufe0f"),
        ("#️⃣", "\ufe0f\u20e3"),
        ("👍🏽", "👍🏽"),
        ("thanks ❤️", "thanks \ufe0f"),
        ("नमस्ते, दुनिया", "नमस्ते दुनिया"),
        ("ﬁne, Straße!", "fine strasse"),
        ("?!", "?!"),
    ],
)
def test_version_1_is_what_it_was(text: str, form: str) -> None:
    """The keys of ledgers that were begun with it must never change, whatever is wrong with them."""
    assert normalise(text, 1) == form
    assert keys([form], "a") == [key(text, "a", 1)]


@given(st.text(), st.sampled_from([1, 2]))
def test_a_text_never_becomes_nothing(text: str, form: int) -> None:
    """Only white space has an empty form: two texts are never one because nothing is left of either."""
    assert bool(normalise(text, form)) == bool(plain(text).strip())
