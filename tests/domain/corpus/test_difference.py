"""What changed between two corpora, message by message."""

import pandas as pd

from ratchet.domain.corpus.corpus import keys, normalised
from ratchet.domain.corpus.difference import Change, Difference, Overview, difference, overview
from ratchet.domain.corpus.ledger import SplitPolicy
from ratchet.domain.corpus.retirement import retire

POLICY = SplitPolicy(salt="test")


def corpus(*rows: tuple[str, str]) -> pd.DataFrame:
    """Rows of text and intent."""
    return pd.DataFrame(
        [{"text": text, "intent": intent, "source": ""} for text, intent in rows], dtype="str"
    )


def test_added_removed_and_relabelled_messages_with_their_sides() -> None:
    """Each changed message is listed once; writing it differently is no change."""
    before = corpus(("a pc", "laptop"), ("a week off", "leave"), ("hello", "greet"))
    after = corpus(("A PC!", "laptop"), ("a week off", "absence"), ("good day", "greet"))
    texts = ["a pc", "a week off", "hello", "good day"]
    book = pd.DataFrame(
        {
            "key": keys(normalised(texts), POLICY.salt),
            "side": ["train", "test", "train", "test"],
            "first_seen": "x",
        }
    )
    found = difference(before, after, book, ("HEAD~1", "HEAD"), [], POLICY)
    assert found.changes == (
        Change("added", "good day", "greet", "", "test"),
        Change("relabelled", "a week off", "absence", "leave", "test"),
        Change("removed", "hello", "greet", "greet", "train"),
    )
    assert found.sides_before == {"train": 2, "test": 1, "quarantine": 0}
    assert found.sides_after == {"train": 1, "test": 2, "quarantine": 0}
    assert (found.counts.added, found.counts.removed, found.counts.relabelled) == (1, 1, 1)
    assert Difference.from_dict(found.as_dict()) == found


def test_messages_that_were_retired_are_listed() -> None:
    """Each revision has the sides of its own ledger: what went from the holdout to training is a change."""
    rows = corpus(("a pc", "laptop"), ("a week off", "leave"), ("hello", "greet"))
    before = pd.DataFrame(
        {
            "key": keys(normalised(rows["text"]), POLICY.salt),
            "side": ["train", "test", "test"],
            "first_seen": "x",
        }
    )
    after = retire(before, before["key"][1:2].tolist(), "2026-02-01", "by hand")
    found = difference(rows, rows, after, ("HEAD~1", "HEAD"), [], POLICY, before)
    assert found.changes == (Change("retired", "a week off", "leave", "leave", "train"),)
    assert (found.retired, found.sides_before["test"], found.sides_after["test"]) == (1, 2, 1)


def test_an_overview_says_sides_moves_and_normal_form() -> None:
    """A ledger of three columns is one of the first normal form."""
    rows = corpus(("a pc", "laptop"), ("a week off", "leave"))
    book = pd.DataFrame(
        {"key": keys(normalised(rows["text"]), POLICY.salt), "side": ["train", "test"], "first_seen": "x"}
    )
    found = overview(rows, book, "r1", POLICY)
    assert (found.messages, found.intents, found.sides) == (2, 2, {"train": 1, "test": 1, "quarantine": 0})
    assert (found.retired, found.normal_form) == (0, 1)
    assert [one.intent for one in found.coverage.untrained] == ["leave"]
    moved = overview(rows, retire(book, book["key"][1:].tolist(), "2026-02-01", "x"), "r2", POLICY)
    assert (moved.retired, moved.coverage.untrained) == (1, ())
    assert Overview.from_dict(found.as_dict()) == found
