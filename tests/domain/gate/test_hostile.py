"""What a team's own components write, and what is empty, ends in a verdict and never in an error of the judges."""

from __future__ import annotations

import json
import math
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ratchet.domain.corpus.annotations import found_spans
from ratchet.domain.gate import annotation_changes, cost, dialogue, entities, entity_rules, must, recent
from ratchet.domain.gate.cost import Cost
from ratchet.domain.gate.dialogue import Plays
from ratchet.domain.gate.entity_sheet import sheet, unannotated
from ratchet.domain.gate.evaluation import evaluate
from ratchet.domain.gate.must import Must
from ratchet.domain.gate.nonsense import rules as nonsense
from ratchet.domain.gate.played import Answer, Heard, Outcome, Played, Trial
from ratchet.domain.gate.policies import CostPolicy, GatePolicy, RecentPolicy
from tests.domain.judging import answers, holdout

POLICY = GatePolicy()
TEXT = "from [rome](city) to [oslo](city)"
VALUES: st.SearchStrategy[Any] = st.recursive(
    st.none() | st.booleans() | st.integers(-3, 30) | st.floats() | st.text(max_size=3),
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(st.text(max_size=2), inner, max_size=2),
    max_leaves=4,
)
KEYS = st.sampled_from(["entity", "start", "end", "role", "group", "value", "extractor"])
FOUND = VALUES | st.lists(st.dictionaries(KEYS, VALUES | st.just("city"), max_size=6) | VALUES, max_size=3)
NOTHING = Played((), (), (), {})


@given(FOUND, FOUND)
def test_entities_of_any_form_are_judged(ours: Any, theirs: Any) -> None:
    """Without a type, with a place outside the text, with values that are no text, or no list at all."""
    rows = holdout(["a"])
    rows["text"] = [TEXT]
    new, old = (answers(["a"]).assign(entities=pd.Series([one], dtype=object)) for one in (ours, theirs))
    found = sheet(rows, new, old, known={}, annotated=["city"])
    entity_rules.found(found, POLICY)
    unjudged = unannotated(new, ["city"])
    whole = entities.summarise(found, unjudged)
    assert 0 <= whole.right <= whole.messages <= 1
    json.dumps(whole.as_dict(), allow_nan=False)
    must.look([Must("from rome", "a", entities=())], new, old, "oos")
    assert all(0 <= one.start < one.end <= 5 for one in found_spans(ours, "abcde"))


@pytest.mark.parametrize("sure", [None, math.nan, math.inf, -math.inf])
def test_a_confidence_that_is_no_number_is_none(sure: Any) -> None:
    """The report and the registry keep figures, and NaN is none."""
    rows = holdout(["a", "b"])
    said = answers(["a", "a"]).assign(confidence=[sure, 0.5], ranking=[[["a", sure]], [["a", 0.5]]])
    json.dumps(evaluate(rows, said, context=[]).as_dict(), allow_nan=False)
    found = recent.compare(rows, said, answers(["b", "b"]), None, RecentPolicy())
    json.dumps(found.as_dict(), allow_nan=False)
    assert found.changed == 2


def test_nothing_is_judged_without_an_error() -> None:
    """No message, no conversation, no answer, no form."""
    empty = holdout([])
    none = answers([]).assign(entities=pd.Series(dtype=object))
    found = sheet(empty, none, none, known={})
    assert entity_rules.found(found, POLICY) == []
    assert entities.summarise(found, {}).messages == 0
    assert annotation_changes.changes(empty, empty).every == frozenset()
    assert recent.rules(recent.compare(empty, none, none, None, RecentPolicy()), RecentPolicy())
    assert nonsense(none, none, "oos", POLICY) == []
    assert must.rule(must.look([], none, None, "oos")) == []
    for champion in (None, NOTHING):
        _, rules = dialogue.look(Plays(NOTHING, champion), {}, POLICY)
        assert {one.outcome for one in rules} <= {"pass"}
    assert cost.rules(Cost(0.0, 0.0, 0, None), Cost(0.0, 0.0, 0, 0), CostPolicy())


def test_a_bot_that_says_nothing_and_one_that_cannot_be_asked_are_compared() -> None:
    """Intents that only one of them has, answers without a context, stories of one name, forms that ask for nothing."""
    broken = Trial("story", "s.yml", "", (), Outcome(("",)))
    heard = Heard("", (Answer({}, ()),))
    ours = Played((), (broken, broken), (heard,), {"": ()})
    theirs = Played((), (), (Heard("x", (Answer({}, (("",),)),)),), {"f": ()})
    for one, other in ((ours, theirs), (theirs, ours)):
        found, rules = dialogue.look(Plays(one, other), {"x": "", "": "x"}, POLICY)
        json.dumps(found.as_dict(), allow_nan=False)
        assert all(np.isfinite(rule.value) for rule in rules)
