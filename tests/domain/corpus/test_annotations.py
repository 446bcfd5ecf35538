"""Annotations are read as Rasa reads them."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ratchet.domain.corpus.annotations import MARKUP, Span, found_spans, parse
from ratchet.domain.corpus.arrival import several
from ratchet.domain.corpus.markup import RASAS, fault, pieces


@pytest.mark.parametrize(
    ("text", "plain", "spans"),
    [
        ("no markup", "no markup", ()),
        ("a [laptop](device) now", "a laptop now", (Span(2, 8, "device"),)),
        ("[mac](device:laptop)", "mac", (Span(0, 3, "device", value="laptop"),)),
        (
            'from [LA]{"entity": "city", "role": "from", "group": "1", "value": "Los Angeles"}',
            "from LA",
            (Span(5, 7, "city", "from", "1", "Los Angeles"),),
        ),
        ('[a]{"entity": "x"} [b](y)', "a b", (Span(0, 1, "x"), Span(2, 3, "y"))),
        (
            '[six][{"entity": "number"}, {"entity": "time"}]',
            "six",
            (Span(0, 3, "number"), Span(0, 3, "time")),
        ),
        ("[six](number:six)", "six", (Span(0, 3, "number"),)),
        ("[broken]{entity: x}", "[broken]{entity: x}", ()),
        ("see [1] and (2)", "see [1] and (2)", ()),
    ],
)
def test_markup_becomes_text_and_spans(text: str, plain: str, spans: tuple[Span, ...]) -> None:
    """Each form that Rasa knows; what it could not read stays in the text."""
    found = parse(text)
    assert (found.text, found.spans) == (plain, spans)


words = st.text(st.characters(categories=("L", "N", "Zs")), min_size=1, max_size=8)


@given(st.lists(st.tuples(words, words, st.sampled_from(["city", "dish"])), max_size=6))
def test_spans_lie_where_their_words_are(parts: list[tuple[str, str, str]]) -> None:
    """Whatever stands between and around the annotated words."""
    found = parse("".join(f"{before}[{inside}]({entity})" for before, inside, entity in parts))
    assert found.text == "".join(before + inside for before, inside, _ in parts)
    assert [(found.words(span), span.entity) for span in found.spans] == [(w, e) for _, w, e in parts]


def test_what_models_find_is_read_once_and_in_order() -> None:
    """Two extractors that agree have found one entity; what is no entity is left out."""
    city = {
        "entity": "city",
        "start": 3,
        "end": 6,
        "value": "munich",
        "role": None,
        "extractor": "CRFEntityExtractor",
    }
    twice = [{**city, "extractor": "RegexEntityExtractor"}, city, {"entity": "city"}, "nonsense"]
    assert found_spans(twice, "in muc") == (Span(3, 6, "city", value="munich"),)
    assert found_spans(float("nan"), "in muc") == ()


@given(st.text(st.sampled_from('[](){}:"a,\n'), max_size=24))
def test_pieces_are_those_of_rasas_expressions(text: str) -> None:
    """Whatever brackets stand in a text, and however they are left open."""
    for pattern in (MARKUP, RASAS):
        assert [one.span() for one in pieces(pattern, text)] == [one.span() for one in pattern.finditer(text)]


@pytest.mark.parametrize("piece", ["[", "[a](", "[a]{", "[a][", "[a]", "[] ("])
def test_a_message_of_brackets_is_read_at_once(piece: str) -> None:
    """Time grows with the length alone: at its square 200,000 brackets would take the better part of an hour."""
    text = piece * 200_000
    assert len(parse(text).text) <= len(text)
    assert isinstance(fault(text), str)
    assert several("a" + " " * 400_000 + "b") == ""
