"""Entities are judged as intents are: paired by message, by type, role and group, and by what the data annotates."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ratchet.domain.corpus.annotations import parse
from ratchet.domain.gate import annotation_changes, entities, entity_rules
from ratchet.domain.gate.annotation_changes import SynonymLoss, changes, of_rows, synonym_loss
from ratchet.domain.gate.entities import summarise
from ratchet.domain.gate.entity_sheet import Sheet, sheet, unannotated
from ratchet.domain.gate.policies import GatePolicy
from ratchet.domain.gate.rules import Rule

POLICY = GatePolicy()
MANY = 400


def frame(texts: Sequence[str]) -> pd.DataFrame:
    """Messages with their keys."""
    return pd.DataFrame({"key": [str(n) for n in range(len(texts))], "text": list(texts), "intent": "a"})


def said(texts: Sequence[str]) -> pd.DataFrame:
    """Predictions that find what is annotated in these texts."""
    rows: list[list[dict[str, Any]]] = []
    for text in texts:
        parsed = parse(text)
        rows.append([{**span.as_dict(), "value": span.value or parsed.words(span)} for span in parsed.spans])
    return pd.DataFrame({"intent": "a", "confidence": 0.9, "entities": rows})


def cities(number: int, role: str = "") -> list[str]:
    """Messages with one city each."""
    mark = f'{{"entity": "city", "role": "{role}"}}' if role else "(city)"
    return [f"weather in [town{n}]{mark}" for n in range(number)]


def without(texts: Sequence[str], lost: int) -> list[str]:
    """The same, the first without their entities."""
    return [parse(text).text for text in texts[:lost]] + list(texts[lost:])


def rules(gold: Sequence[str], candidate: Sequence[str], champion: Sequence[str], **known: Any) -> list[Rule]:
    """The rules on what both found."""
    options: dict[str, Any] = {"known": {}, **known}
    return entity_rules.found(sheet(frame(gold), said(candidate), said(champion), **options), POLICY)


def outcomes(found: Sequence[Rule], name: str) -> list[str]:
    return [rule.outcome for rule in found if rule.name == name]


def test_messages_are_compared_as_the_accuracy_is() -> None:
    """A loss of over a point that is no chance rejects, in a large holdout; in a small one a person decides."""
    for number, outcome in ((MANY, "reject"), (299, "ask")):
        gold = cities(number)
        assert outcomes(rules(gold, without(gold, 12), gold), "entities") == [outcome]
    gold = cities(MANY)
    assert outcomes(rules(gold, without(gold, 4), gold), "entities") == ["pass"]
    assert outcomes(rules(gold, without(gold, 12), without(gold[::-1], 10)[::-1]), "entities") == ["pass"]


def test_a_role_that_is_found_less_often_rejects_by_name() -> None:
    """Ten of the cities lose their role alone: the role rejects, and says what became of them."""
    gold = cities(30, "from") + cities(400)
    candidate = cities(10) + gold[10:]
    found = rules(gold, candidate, gold)
    (first, *_) = [rule for rule in found if rule.name == "entity" and rule.outcome == "reject"]
    assert "30 entities `city (from)`" in first.sentence
    assert "of those that it lost 10 with another role or type" in first.sentence


def test_the_value_after_synonyms_counts() -> None:
    """The words are found by both; only one of them gives the value. Capitals do not count."""
    gold = [f"weather in [muc](city) {n}" for n in range(10)]
    champion = [f"weather in [muc](city:Munich) {n}" for n in range(10)]
    found = rules(gold, gold, champion, known={"muc": "munich"})
    assert outcomes(found, "entity") == ["reject"]
    assert "10 with another value" in found[-1].sentence
    assert outcomes(rules(gold, champion, gold, known={"muc": "munich"}), "entity") == ["pass"]


def test_a_new_type_makes_no_old_message_wrong() -> None:
    """The candidate finds days in messages that nobody annotated with them yet."""
    gold = [f"{text} today" for text in cities(MANY)]
    candidate = [text.replace("today", "[today](day)") for text in gold]
    known = {"annotated": {"day", "city"}, "taught": frozenset({"city"})}
    assert outcomes(rules(gold, candidate, gold, **known), "entities") == ["pass"]
    assert outcomes(rules(gold, candidate, gold, annotated={"day", "city"}), "entities") == ["reject"]


def test_types_that_nobody_annotates_count_neither_way() -> None:
    """A ready-made extractor finds numbers; they are named with how often."""
    gold = cities(MANY)
    candidate = [f"{text} and [5](number)" for text in gold]
    texts = [f"{text} and 5" for text in gold]
    found = sheet(frame(texts), said(candidate), said(texts), known={})
    assert outcomes(entity_rules.found(found, POLICY), "entities") == ["pass"]
    assert unannotated(said(candidate), {"city"}) == {"number": MANY}


def test_messages_whose_annotation_changed_are_not_compared() -> None:
    """All annotations were removed: on what is left nobody looks better, and the vanished type rejects."""
    old = cities(40) + [f"hello {n}" for n in range(10)]
    new = without(old, 40)
    before, now = frame(old), frame(new)
    found = sheet(now, said(new), said(old), known={}, annotated={"city"}, before=of_rows(before, now))
    assert summarise(found, {}).reannotated == 40
    assert outcomes(entity_rules.found(found, POLICY), "entities") == []
    judged = entity_rules.taught(changes(before, now).labels, POLICY)
    assert [(rule.name, rule.outcome) for rule in judged] == [("vanished entities", "reject")]
    assert "`city`" in judged[0].sentence


def test_swapped_roles_reject_although_as_many_are_left() -> None:
    """Of each role a quarter of the messages that are still there may be annotated otherwise, no more."""
    old = cities(20, "from") + [text.replace("town", "place") for text in cities(20, "to")]

    def swapped(number: int) -> list[str]:
        return [text.replace('"from"', '"to"') for text in old[:number]] + old[number:]

    for number, names in ((6, ["entity annotations"]), (5, ["vanished entities"])):
        found = entity_rules.taught(changes(frame(old), frame(swapped(number))).labels, POLICY)
        assert [rule.name for rule in found] == names
        assert {rule.outcome for rule in found} == {"reject" if number == 6 else "pass"}


def test_more_annotations_and_moved_borders_are_no_loss() -> None:
    """An annotation that grew is the same one; new ones take nothing away."""
    old = [f"to [york](city) {n}" for n in range(20)]
    new = [f"to new [york](city) {n}" for n in range(20)] + cities(5)
    wider = [text.replace("[york]", "[york ]") for text in old]
    for after in (new, wider, old + cities(30)):
        found = entity_rules.taught(changes(frame(old), frame([*old, *after])).labels, POLICY)
        assert {rule.outcome for rule in found} == {"pass"}


def test_lost_synonyms_reject_where_a_message_needs_them() -> None:
    """More than a quarter of them; where no message does, a person decides; a few are a warning.

    Rasa adds each annotated entity as a synonym of itself, which is none.
    """
    champion = {"muc": "munich", "bln": "berlin", "berlin": "Berlin"}
    loss = synonym_loss(
        champion, {"bln": "berlin", "muc": "muc"}, frame(["in [muc](city)", "in [bln](city)"])
    )
    assert loss == SynonymLoss(2, (("muc", "munich"),), 1)
    assert [rule.outcome for rule in entity_rules.synonyms(loss, POLICY)] == ["reject"]
    assert [rule.outcome for rule in entity_rules.synonyms(SynonymLoss(2, loss.lost, 0), POLICY)] == ["ask"]
    assert [rule.outcome for rule in entity_rules.synonyms(SynonymLoss(9, loss.lost, 3), POLICY)] == ["warn"]
    assert entity_rules.synonyms(synonym_loss(champion, champion, frame([])), POLICY) == []


def test_the_figures_by_label() -> None:
    """Precision, recall and F1 with roles; what was taken for what; which messages were gained and lost."""
    gold = ["[a](city) to [b](city)", "[c](dish)", "d"]
    candidate = ["[a](dish) to [b](city)", "[c](dish)", "[d](city)"]
    found = summarise(sheet(frame(gold), said(candidate), said(gold), known={}), {"number": 3})
    by = {row.label: (row.support, row.found, row.correct) for row in found.candidate}
    assert by == {"city": (2, 2, 1), "dish": (1, 2, 1)}
    assert (found.total.precision, found.total.recall) == (pytest.approx(2 / 4), pytest.approx(2 / 3))
    assert {(one.given, one.predicted): one.count for one in found.confusions} == {
        ("city", "dish"): 1,
        ("", "city"): 1,
    }
    assert [example.text for example in found.lost] == ["a to b", "d"]
    assert (found.messages, found.right, found.champion_right) == (3, 1, 3)
    assert entities.Entities.from_dict(found.as_dict()) == found


labels = st.lists(
    st.sampled_from(["x", "[x](city)", '[x]{"entity": "city", "role": "from"}', "[x](dish:y)"]), max_size=30
)


@given(labels, st.randoms(use_true_random=False))
def test_equal_models_are_never_stopped(gold: list[str], random: Any) -> None:
    """Whatever is annotated, and whatever both find."""
    texts = [f"{text} {n}" for n, text in enumerate(gold)]
    answers = [random.choice(texts).rpartition(" ")[0] + f" {n}" for n in range(len(texts))]
    assert {rule.outcome for rule in rules(texts, answers, answers)} <= {"pass"}
    assert {rule.outcome for rule in entity_rules.taught(changes(None, frame(texts)).labels, POLICY)} <= {
        "pass"
    }


def test_annotations_are_found_by_message_and_context() -> None:
    """The same words of two roles are two messages; capitals and punctuation make none."""
    rows = frame(["In [Rome](city)!", "in rome"]).assign(role=["hr", "it"])
    found = annotation_changes.of_rows(
        rows, frame(["in rome", "IN ROME"]).assign(role=["it", "hr"]), ["role"]
    )
    assert found is not None
    assert [bool(spans) for spans in found] == [False, True]


def test_a_sheet_without_a_champion_has_only_figures() -> None:
    """The first model is described, and compared with nothing."""
    gold = cities(5)
    alone: Sheet = sheet(frame(gold), said(gold), None, known={})
    found = summarise(alone, {})
    assert (found.right, found.champion_right, found.lost) == (5, None, ())
