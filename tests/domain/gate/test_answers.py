"""What people will hear differently: what rejects, what asks, and what is only shown."""

from dataclasses import replace

import pytest

from ratchet.domain.gate.answers import AnswerChange, changes, forms, rules
from ratchet.domain.gate.played import Answer, Heard, Outcome, Played, Trial
from ratchet.domain.gate.policies import GatePolicy

COURIER = {"role": "courier"}


def said(
    *texts: str, context: dict[str, str] | None = None, stand_in: bool = False, **more: object
) -> Answer:
    """An answer of one variation each."""
    return Answer(context or {}, tuple((text,) for text in texts), stand_in, **more)  # type: ignore[arg-type]


def bot(forms: dict[str, tuple[str, ...]] | None = None, **intents: Answer | tuple[Answer, ...]) -> Played:
    """A bot that answers so."""
    heard = (
        Heard(name, answers if isinstance(answers, tuple) else (answers,))
        for name, answers in intents.items()
    )
    return Played((), (), tuple(heard), forms or {})


def outcomes(found: list[AnswerChange], policy: GatePolicy | None = None) -> list[tuple[str, str]]:
    """The findings that are no pass."""
    made = rules(found, 9, policy or GatePolicy())
    return [(one.name, one.outcome) for one in made if one.outcome != "pass"]


def test_an_answer_that_became_a_stand_in_rejects() -> None:
    """Also under the new name of a renamed intent; the sentence has both texts."""
    before, after = bot(it_outage=said("We know.")), bot(disruption=said("Nobody wrote it", stand_in=True))
    found = changes(after, before, {"it_outage": "disruption"})
    assert [(one.kind, one.intent, one.was) for one in found] == [("stand-in", "disruption", "it_outage")]
    assert outcomes(found) == [("answer", "reject")]
    assert "“We know.” became “Nobody wrote it”" in rules(found, 1, GatePolicy())[0].sentence


def test_an_emptied_answer_rejects() -> None:
    """A person would get nothing; one that was silent before may stay so."""
    found = changes(bot(hours=said(), thanks=said()), bot(hours=said("11 to 23"), thanks=said()), {})
    assert [(one.intent, one.kind) for one in found] == [("hours", "silent")]
    assert outcomes(found) == [("answer", "reject")]


def test_an_answer_of_its_own_that_a_context_lost_rejects() -> None:
    """Couriers get what everybody gets; a new text for everybody, or for couriers alone, is another matter."""
    before = bot(parking=(said("behind"), said("side door", context=COURIER)))
    found = changes(bot(parking=said("behind")), before, {})
    assert [(one.kind, one.context) for one in found] == [("general", (("role", "courier"),))]
    assert outcomes(found) == [("answer", "reject")]
    for after in (
        (said("in front"), said("side door", context=COURIER)),
        (said("behind"), said("back door", context=COURIER)),
    ):
        found = changes(bot(parking=after), before, {})
        assert [one.kind for one in found] == ["changed"]
        assert outcomes(found) == []


def test_an_action_that_raises_rejects() -> None:
    """Unless it raised before."""
    fine, broken = bot(weather=said("sunny")), bot(weather=said(failed=("action_weather (500)",)))
    assert outcomes(changes(broken, fine, {})) == [("answer", "reject")]
    assert changes(broken, broken, {}) == []


def test_swapped_answers_ask_and_other_words_do_not() -> None:
    """An intent that got what another was answered with is named with it."""
    before = bot(hours=said("11 to 23"), parking=said("behind the house"))
    found = changes(bot(hours=said("behind the house"), parking=said("11 to 23")), before, {})
    assert [(one.intent, one.of) for one in found] == [("hours", "parking"), ("parking", "hours")]
    assert outcomes(found) == [("swapped answers", "ask")]
    better = changes(bot(hours=said("From 11 to 23."), parking=said("behind the house")), before, {})
    assert outcomes(better) == []
    assert outcomes(better, GatePolicy(answers_changed="ask")) == [("changed answers", "ask")]


def test_an_intent_that_was_merged_into_another_is_no_swap() -> None:
    """Its messages get the other's answer: that is what merging means."""
    before = bot(vpn=said("vpn help"), network=said("network help"))
    assert changes(bot(network=said("network help")), before, {"vpn": "network"}) == []


def test_a_new_intent_without_an_answer_asks() -> None:
    """With one it is only listed."""
    found = changes(bot(a=said("x"), b=said("stand", stand_in=True), c=said("y")), bot(a=said("x")), {})
    assert [(one.intent, one.kind) for one in found] == [("b", "unwritten"), ("c", "new")]
    assert outcomes(found) == [("new intent", "ask")]


def test_a_new_intent_within_a_story_need_not_be_answered_first() -> None:
    """As `affirm`: nothing begins with it."""
    story = Trial("story", "stories.yml", "s", (("intent", "affirm", ""),), Outcome())
    found = changes(replace(bot(affirm=said()), followed=(story,)), bot(), {})
    assert [one.kind for one in found] == ["new"]
    assert [one.kind for one in changes(bot(affirm=said()), bot(), {})] == ["unwritten"]


def test_an_old_name_that_the_domain_still_lists_is_no_loss() -> None:
    """No message has it any more; its answer is compared under the new name."""
    after = bot(disruption=said("We know."), it_outage=said())
    assert changes(after, bot(it_outage=said("We know.")), {"it_outage": "disruption"}) == []


def test_what_was_not_played_is_not_judged() -> None:
    """Custom actions that did not run say nothing about the answer."""
    found = changes(bot(weather=said(unplayed=("action_weather",))), bot(weather=said("sunny")), {})
    assert found == []


def test_answers_at_a_context_are_those_of_the_most_special_case() -> None:
    """Of contexts that are not listed, too."""
    heard = Heard("a", (said("all"), said("couriers", context=COURIER)))
    assert heard.at({"role": "courier", "place": "rome"}).text == "couriers"
    assert heard.at({"place": "rome"}).text == "all"


@pytest.mark.parametrize(
    ("now", "outcome"),
    [
        ({"order": ("size", "drink")}, []),
        ({"order": ("size", "drink", "time")}, []),
        ({"order": ("size",)}, ["reject"]),
        ({"order": ("size", "beverage")}, ["ask"]),
        ({}, ["reject"]),
        ({"buy": ("size", "drink")}, []),
        ({"order": ("size", "drink"), "table": ("day",)}, []),
    ],
)
def test_a_form_asks_for_what_it_asked_for(now: dict[str, tuple[str, ...]], outcome: list[str]) -> None:
    """A lost slot or form rejects, one in another's place asks, more is fine, and so is a new name of the form."""
    found = forms(bot(forms=now), bot(forms={"order": ("size", "drink")}))
    assert [one.outcome for one in found] == outcome
