"""Labelling: what is offered, and what a label does."""

from __future__ import annotations

import pandas as pd

from ratchet.domain.operations.labelling import (
    Mark,
    closest,
    complete,
    keys_of,
    marked,
    offers,
    open_ones,
    taken,
    to_do,
)

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
    keys = keys_of(SAMPLE)
    assert keys[0] == keys[1]
    assert keys[0] != keys[2]
    labelled = marked(complete(SAMPLE), {keys[0]: Mark("desk", "Ana")})
    assert labelled["intent"].to_list() == ["desk", "desk", "", "goodbye"]
    assert labelled["labelled_by"].to_list() == ["Ana", "Ana", "", ""]
    assert to_do(labelled) == [2]
    assert marked(labelled, {keys[0]: Mark()}).equals(complete(SAMPLE))


def test_what_the_corpus_knows_is_not_labelled_again() -> None:
    """Its label is the corpus's own."""
    sample = complete(SAMPLE)
    assert marked(sample, {keys_of(sample)[3]: Mark("laptop", "Ana")}).equals(sample)


def test_a_message_about_which_someone_was_unsure_waits_for_no_one() -> None:
    """It has no label and is not counted; a label ends the doubt."""
    keys = keys_of(SAMPLE)
    unsure = marked(complete(SAMPLE), {keys[0]: Mark(unsure="Ana")})
    assert (open_ones(SAMPLE), open_ones(unsure)) == (2, 1)
    assert marked(unsure, {keys[0]: Mark("desk", "Ben")})["unsure_by"].to_list() == ["", "", "", ""]


def test_a_label_is_in_the_corpus_until_it_changes() -> None:
    """Only the label that came in counts; another one has to come in again."""
    keys = keys_of(SAMPLE)
    labelled = marked(complete(SAMPLE), {keys[0]: Mark("desk", "Ana"), keys[2]: Mark("laptop", "Ana")})
    into = taken(labelled, {keys[0]: "desk", keys[2]: "phone"})
    assert into["taken"].to_list() == ["yes", "yes", "", ""]
    assert marked(into, {keys[0]: Mark("laptop", "Ben")})["taken"].to_list() == ["", "", "", ""]


def test_an_intent_is_found_by_its_beginning() -> None:
    """Else by what it contains."""
    intents = ["leave_request", "leave_balance", "parental_leave"]
    assert closest("leave_request", intents) == ["leave_request"]
    assert closest("leave", intents) == ["leave_request", "leave_balance"]
    assert closest("balance", intents) == ["leave_balance"]
    assert closest("x", intents) == []
