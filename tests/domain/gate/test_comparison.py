"""What changed between two models and between two corpora is listed, row by row."""

from __future__ import annotations

import pandas as pd
import pytest

from ratchet.domain.corpus.changes import IntentChange, data_changes, relabelled
from ratchet.domain.gate.comparison import compare
from tests.domain.judging import answers, holdout


def test_gained_and_lost_rows_are_listed_with_both_answers() -> None:
    """Rows that both got right or both got wrong are left out; the surest answers come first."""
    truth = holdout(["a", "a", "a", "b", "b"], role=["hr", "it", "hr", "hr", "it"])
    champion = answers(["a", "x", "x", "b", "b"])
    candidate = answers(["a", "a", "x", "x", "y"], [0.9, 0.8, 0.7, 0.5, 0.6])
    found = compare(truth, candidate, champion, context=["role"])
    assert [(one.text, one.champion, one.candidate) for one in found.gained] == [("message 1", "x", "a")]
    assert [(one.text, one.champion, one.candidate) for one in found.lost] == [
        ("message 4", "b", "y"),
        ("message 3", "b", "x"),
    ]
    assert found.gained[0].context == (("role", "it"),)
    assert found.p_worse == pytest.approx(0.5)


def corpus(*rows: tuple[str, str, str]) -> pd.DataFrame:
    return pd.DataFrame(rows, columns=["text", "intent", "role"])


def test_data_changes_tell_added_removed_and_relabelled_apart() -> None:
    """One message of each kind, and one that is untouched though it is written differently."""
    before = corpus(("Hello!", "greet", ""), ("my laptop", "it", ""), ("old", "it", ""))
    after = corpus(("hello", "greet", ""), ("my laptop", "order", ""), ("new", "order", ""))
    found = data_changes(before, after, ["role"])
    assert (found.added, found.removed, found.relabelled) == (1, 1, 1)
    assert found.intents == (
        IntentChange("it", before=2, after=0, added=0, removed=1, relabelled=0),
        IntentChange("order", before=0, after=2, added=1, removed=0, relabelled=1),
    )


def test_the_same_words_in_another_context_are_another_message() -> None:
    """A message of another role is added, not relabelled."""
    before = corpus(("my badge", "visitor", "guard"))
    after = corpus(("my badge", "visitor", "guard"), ("my badge", "access", "staff"))
    found = data_changes(before, after, ["role"])
    assert (found.added, found.relabelled) == (1, 0)


def test_relabelled_holdout_rows_are_those_the_old_corpus_knew_otherwise() -> None:
    """A new message is not relabelled, nor is one of another role; a message written differently can be."""
    before = corpus(("Hello!", "greet", ""), ("my laptop", "it", "hr"), ("old", "it", ""))
    now = corpus(("hello", "bye", ""), ("my laptop", "order", ""), ("new", "it", ""), ("old", "it", ""))
    assert relabelled(now, before, ["role"]).tolist() == [True, False, False, False]


def test_equal_corpora_have_no_changes() -> None:
    """Nothing is listed where nothing happened, in whatever order the rows stand."""
    before = corpus(("a", "x", ""), ("b", "y", ""))
    found = data_changes(before, before.iloc[::-1], ["role"])
    assert (found.added, found.removed, found.relabelled, found.intents) == (0, 0, 0, ())
