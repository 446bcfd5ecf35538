"""A new name is neither a gain nor a loss."""

import pandas as pd

from ratchet.domain.corpus.renames import Move, Succession, classes
from ratchet.domain.gate.policies import GatePolicy
from ratchet.domain.gate.renamed import facts, left_behind, renamed
from ratchet.domain.gate.rules import Rule
from ratchet.domain.gate.verdict import TrainingFacts
from tests.domain.judging import answers, holdout, verdict

RENAMED = Succession("renamed", ("a",), ("b",), (Move("a", "b", 9, 9),))
SPLIT = Succession("split", ("it",), ("mail", "net"), (Move("it", "mail", 5, 9), Move("it", "net", 4, 9)))


def test_a_renamed_intent_is_read_under_its_new_name() -> None:
    """In the ranking, too."""
    found = renamed(answers(["a", "c"]), [RENAMED])
    assert found["intent"].to_list() == ["b", "c"]
    assert found["ranking"][0][0][0] == "b"


def test_an_intent_that_was_split_is_read_as_the_part_that_the_message_has() -> None:
    """The model cannot tell the parts apart; what it took for something else is wrong as before."""
    truth = pd.Series(["mail", "net", "c", "mail"])
    found = renamed(answers(["it", "it", "it", "c"]), [SPLIT], truth)
    assert found["intent"].to_list() == ["mail", "net", "it", "c"]


def test_training_rows_are_counted_under_the_new_names() -> None:
    """So that a renamed intent did not vanish, and one that was split did not shrink."""
    names = classes([RENAMED, SPLIT])
    before = facts(TrainingFacts({"a": 9, "it": 9}, "d0"), names)
    after = facts(TrainingFacts({"b": 9, "mail": 5, "net": 4}, "d1"), names)
    assert before.intents == after.intents


def test_a_renamed_intent_rejects_nothing_and_a_loss_under_the_new_name_does() -> None:
    """The verdict compares the two on the messages of the renamed intent as on any other."""
    truth = holdout(["b"] * 200 + ["c"] * 200)
    facts_now, facts_then = (
        TrainingFacts({"b": 500, "c": 500}, "d1"),
        TrainingFacts({"a": 500, "c": 500}, "d0"),
    )
    options = {"trained": facts_now, "champion_trained": facts_then, "classes": classes([RENAMED])}
    fine = verdict(truth, [True] * 400, [True] * 400, **options)  # type: ignore[arg-type]
    assert fine.decision == "promote"
    worse = verdict(truth, [False] * 80 + [True] * 320, [True] * 400, **options)  # type: ignore[arg-type]
    assert worse.decision == "reject"


def test_an_intent_that_vanished_behind_the_few_messages_of_it_that_another_took_rejects() -> None:
    """80 of 100 messages deleted and 20 relabelled is no merge of intents, however large the other one is."""
    stayed = Move("b", "b", 400, 400)
    few = Succession("merged", ("a", "b"), ("b",), (Move("a", "b", 20, 100), stayed))
    (found,) = left_behind([few], GatePolicy())
    assert (found.outcome, found.value) == ("reject", 0.8)
    assert "`a` had 100 messages and 20 of them" in found.sentence
    whole = Succession("merged", ("a", "b"), ("b",), (Move("a", "b", 98, 100), stayed))
    assert left_behind([whole, RENAMED, SPLIT], GatePolicy()) == []


def test_a_first_verdict_begins_with_the_floor_whatever_else_was_looked_at() -> None:
    """Without a champion nothing is compared, and what lies beside the intents is not the first thing to say."""
    beside = [Rule("must never go wrong", "pass", 0, 0, "All went right.", unit="count")]
    facts_now = TrainingFacts({"b": 500, "c": 500}, "d1")
    found = verdict(holdout(["b"] * 300), [True] * 300, None, trained=facts_now, beside=beside)
    assert "above the floor" in found.reasons[0]
