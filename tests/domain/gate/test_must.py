"""Messages that must never go wrong, and where they come from."""

from __future__ import annotations

import json

import pandas as pd
import pytest

from ratchet.domain.corpus.annotations import Span
from ratchet.domain.errors import RatchetError, UsageError
from ratchet.domain.gate import must, must_source
from ratchet.domain.gate.must import Must, look
from tests.domain.judging import answers

FIRE = Must("the server room is on fire", "report_incident")


def found(intents: list[str], entities: list[list[dict[str, object]]] | None = None) -> pd.DataFrame:
    """Predictions with these entities."""
    return answers(intents).assign(entities=entities or [[] for _ in intents])


def test_one_miss_rejects_and_names_the_message() -> None:
    """Whatever the champion does; that it errs too is said."""
    other = Must("who may see my salary", "legal_review", {"role": "manager"})
    said = look([FIRE, other], found(["small_talk", "legal_review"]), found(["small_talk", "x"]), "oos")
    (rule,) = must.rule(said)
    assert (rule.outcome, rule.value) == ("reject", 1)
    assert "“the server room is on fire”: `report_incident`, answered `small_talk`" in rule.sentence
    assert "the champion errs on 1 of them, too" in rule.sentence
    assert must.FILE in rule.sentence


def test_all_right_passes_and_none_says_nothing() -> None:
    """A bot without such messages has no line about them."""
    assert [rule.outcome for rule in must.rule(look([FIRE], found(["report_incident"]), None, "oos"))] == [
        "pass"
    ]
    assert must.rule(look([], found([]), None, "oos")) == []


def test_handing_over_is_right_for_what_is_out_of_scope_alone() -> None:
    """As in the holdout."""
    outside = Must("sing a song", "oos")
    assert not look([outside], found(["nlu_fallback"]), None, "oos").misses
    assert look([FIRE], found(["nlu_fallback"]), None, "oos").misses


@pytest.mark.parametrize(
    ("wanted", "entity", "right"),
    [
        (
            Span(0, 0, "city", value="munich"),
            {"entity": "city", "start": 3, "end": 6, "value": "Munich"},
            True,
        ),
        (Span(0, 0, "city", value="muc"), {"entity": "city", "start": 3, "end": 6, "value": "muc"}, True),
        (Span(0, 0, "city", value="munich"), {"entity": "city", "start": 3, "end": 6, "value": "muc"}, False),
        (
            Span(0, 0, "city", "to", "", "muc"),
            {"entity": "city", "start": 3, "end": 6, "value": "muc", "role": "from"},
            False,
        ),
        (Span(0, 0, "town", value="muc"), {"entity": "city", "start": 3, "end": 6, "value": "muc"}, False),
    ],
)
def test_entities_must_have_type_value_and_role(wanted: Span, entity: dict[str, object], right: bool) -> None:
    """In any place of the message; a role counts where one is given."""
    one = Must("to muc", "fly", entities=(wanted,))
    assert bool(look([one], found(["fly"], [[entity]]), None, "oos").misses) is not right


def test_no_entities_means_none_and_unsaid_means_any() -> None:
    """An empty list forbids them; without a list they are not looked at."""
    city = [[{"entity": "city", "start": 0, "end": 2, "value": "to"}]]
    assert look([Must("to muc", "fly", entities=())], found(["fly"], city), None, "oos").misses
    assert not look([Must("to muc", "fly")], found(["fly"], city), None, "oos").misses


CORPUS = pd.DataFrame(
    [
        ("Somebody got hurt!", "report_accident", "", ""),
        ("I need a laptop", "order_laptop", "employee", ""),
        ("I need a laptop", "loan", "contractor", ""),
        ("fly to [muc](city:munich)", "fly", "", ""),
    ],
    columns=["text", "intent", "role", "source"],
)
EVENTS = pd.DataFrame(
    [
        ("call the doctor", json.dumps({"role": "intern"}), "report_accident"),
        ("gas smell", json.dumps({}), "nlu_fallback"),
    ],
    columns=["text", "context", "intent"],
)


def test_a_message_of_the_corpus_brings_intent_context_and_entities() -> None:
    """Capitals and punctuation aside; where the context decides, it has to be named."""

    def look_up(text: str, **chosen: str) -> Must | None:
        return must_source.from_corpus(text, CORPUS, ["role"], chosen, 2)

    assert look_up("somebody got HURT") == Must("Somebody got hurt!", "report_accident")
    assert look_up("i need a laptop", role="contractor") == Must(
        "I need a laptop", "loan", {"role": "contractor"}
    )
    assert look_up("fly to muc") == Must("fly to muc", "fly", entities=(Span(0, 0, "city", value="munich"),))
    assert look_up("something else") is None
    with pytest.raises(UsageError, match="depends on the context: `order_laptop` with role=employee"):
        look_up("i need a laptop")


def test_a_message_of_production_brings_what_was_answered() -> None:
    """Unless the bot did not understand it: then a person names the intent."""
    assert must_source.from_production("Call the doctor", EVENTS, {}, 2) == Must(
        "call the doctor", "report_accident", {"role": "intern"}
    )
    lost = must_source.from_production("gas smell", EVENTS, {}, 2)
    assert lost == Must("gas smell", "")
    with pytest.raises(UsageError, match="--intent"):
        must_source.checked(lost, ["report_accident"], [])


def test_an_unknown_intent_and_personal_data_are_refused() -> None:
    """The file is kept in Git."""
    with pytest.raises(UsageError, match="no intent firee"):
        must_source.checked(Must("fire", "firee"), ["report_incident"], [])
    with pytest.raises(RatchetError, match=r"personal data \(e-mail\)"):
        must_source.checked(Must("mail mira@example.org at once", "report_incident"), ["report_incident"], [])


def test_the_digest_tells_whether_the_messages_changed() -> None:
    """None has no digest, like a model of before there were any."""
    assert must.digest([]) == ""
    assert must.digest([FIRE]) == must.digest([Must(FIRE.message, FIRE.intent)]) != must.digest([FIRE, FIRE])
