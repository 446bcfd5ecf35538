"""What is entity markup, and what only looks like it."""

from __future__ import annotations

import pytest

from ratchet.domain.corpus import annotations
from ratchet.domain.corpus.corpus import key, normalise, plain
from ratchet.domain.corpus.markup import fault, untrainable

SEVERAL = 'to [Rome][{"entity": "city", "role": "to"}, {"entity": "capital"}] now'


def test_words_that_are_several_entities_are_read() -> None:
    """Rasa's `[words][{…},{…}]`: the text is the words, every entity counts, and nothing is refused."""
    assert plain(SEVERAL) == plain(SEVERAL.replace(", ", ",")) == "to Rome now"
    assert fault(SEVERAL) == untrainable(SEVERAL) == ""
    assert {one.label for one in annotations.parse(SEVERAL).spans} == {"city (to)", "capital"}
    assert annotations.parse(SEVERAL).text == "to Rome now"


def test_a_ledger_of_the_first_form_keeps_its_keys() -> None:
    """The markup of several entities stayed in the text there; in the newest form it is off."""
    assert normalise(SEVERAL, 1) == "to rome entity city role to entity capital now"
    assert normalise(SEVERAL) == "to rome now"
    assert key(SEVERAL, "salt") == key("to Rome now", "salt")


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ('[Rome][{"entity": "city"}, {"role": "to"}]', "names no entity"),
        ('[Rome][{"entity": "city"}, {entity: to}]', "is not JSON"),
        ('[Rome][{"entity": "city", "colour": "red"}]', "has the unknown attribute colour"),
        ('[Rome][{"entity": "city", "value": "R]o"}]', "is not a list of entities"),
        ('[Rome][{"entity": "city"}', "is not closed, or names nothing"),
        ("[1][2] or [Rome](city)", "is not a list of entities"),
    ],
)
def test_what_rasa_would_lose_is_refused(text: str, said: str) -> None:
    """Each with the piece that is wrong."""
    assert said in fault(text)


def test_brackets_alone_are_text() -> None:
    """They name no entity, and nobody takes them away."""
    assert fault("see [1][2]") == ""
    assert plain("see [1][2]") == "see [1][2]"
