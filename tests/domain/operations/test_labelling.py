"""Labelling: what is offered, and what a label does."""

from __future__ import annotations

import pandas as pd

from ratchet.domain.operations.labelling import closest, label, offers, to_do

SAMPLE = pd.DataFrame(
    [
        ("my laptop", "", "intern", "production", "laptop", "phone", "laptop|desk|phone", ""),
        ("My laptop!", "", "intern", "production", "laptop", "", "laptop|desk", ""),
        ("my laptop", "", "manager", "production", "laptop", "", "laptop", ""),
        ("bye", "goodbye", "", "production", "goodbye", "", "goodbye", "yes"),
    ],
    columns=["text", "intent", "role", "source", "guess", "candidate", "suggestions", "known"],
)


def test_the_answer_and_the_candidates_come_first() -> None:
    """Each intent once; out of scope is always offered."""
    rows = SAMPLE.to_dict("records")
    assert offers({**rows[0]}, "oos") == ["laptop", "phone", "desk", "oos"]
    assert offers({**rows[2]}, "oos") == ["laptop", "oos"]


def test_one_label_serves_the_same_message_in_the_same_context() -> None:
    """In any writing; another person's role is another question."""
    assert to_do(SAMPLE) == [0, 2]
    labelled = label(SAMPLE, 0, "desk")
    assert labelled["intent"].to_list() == ["desk", "desk", "", "goodbye"]
    assert to_do(labelled) == [2]
    assert label(labelled, 0, "")["intent"].to_list() == SAMPLE["intent"].to_list()


def test_an_intent_is_found_by_its_beginning() -> None:
    """Else by what it contains."""
    intents = ["leave_request", "leave_balance", "parental_leave"]
    assert closest("leave_request", intents) == ["leave_request"]
    assert closest("leave", intents) == ["leave_request", "leave_balance"]
    assert closest("balance", intents) == ["leave_balance"]
    assert closest("x", intents) == []
