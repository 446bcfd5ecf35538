"""What changed between two corpora, message by message."""

import pandas as pd

from domain.corpus import keys, normalised
from domain.difference import Change, Difference, difference
from domain.ledger import SplitPolicy

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
