"""The ledger gives each text a side once and for all, and no near-duplicate crosses."""

import hashlib

import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from domain import intake, ledger
from domain.corpus import CorpusPolicy, key, keys, normalised
from domain.errors import RatchetError
from domain.invariants import violations
from domain.ledger import Side, SplitPolicy, assign, split

POLICY = SplitPolicy(salt="test")
CORPUS = CorpusPolicy()
INTENTS = ("card", "transfer", "greet")

CHAINS = [
    f"{start}{'xyxyxyxy'[:more]}"
    for start in ("how do i replace a card", "what time is it now")
    for more in range(9)
]
"""Texts of which each is a near-duplicate of the next ones, but not of the distant ones."""

text = st.one_of(st.sampled_from(CHAINS), st.text("abcdefghij ", min_size=1, max_size=14))


def frame(rows: list[tuple[str, str]]) -> pd.DataFrame:
    """A corpus of texts and intents."""
    return pd.DataFrame(
        {
            "text": [row[0] for row in rows],
            "intent": [row[1] for row in rows],
            "source": ["test"] * len(rows),
        },
        dtype="str",
    )


def sides(book: pd.DataFrame) -> dict[str, str]:
    """The ledger as a mapping."""
    return dict(zip(book["key"], book["side"], strict=True))


def different_texts(number: int, intent: str = "card") -> list[tuple[str, str]]:
    """Texts that are nobody's near-duplicates: hexadecimal digests."""
    return [(hashlib.sha256(str(n).encode()).hexdigest(), intent) for n in range(number)]


def test_a_quarter_of_each_intent_is_held_out() -> None:
    """Texts without neighbours fill the holdout to its share, for each intent by itself."""
    corpus = frame(different_texts(200) + [(text[::-1], "greet") for text, _ in different_texts(40)])
    parts = split(corpus, assign(corpus, ledger.empty(), POLICY, "2026-01-01"), POLICY)
    assert parts.holdout["intent"].value_counts().to_dict() == {"card": 50, "greet": 10}


def test_a_text_follows_its_neighbours() -> None:
    """A new text whose neighbours are all on one side goes there, whatever the share says."""
    old = frame(different_texts(8))
    book = assign(old, ledger.empty(), POLICY, "2026-01-01")
    for text, intent in different_texts(8):
        near = text[:-1] + "z"
        grown = assign(frame([*different_texts(8), (near, intent)]), book, POLICY, "2026-01-02")
        assert sides(grown)[key(near, POLICY.salt)] == sides(book)[key(text, POLICY.salt)]


def test_a_text_between_the_sides_is_quarantined() -> None:
    """Neighbours on both sides: the new text goes to neither, and the placed ones stay."""
    one, other = "a" * 10 + "bcdefgh" * 2, "a" * 10 + "bcdefgh" * 2 + "xxxxx"
    middle = "a" * 10 + "bcdefgh" * 2 + "xx"
    book = pd.DataFrame(
        {"key": keys([one, other], POLICY.salt), "side": ["train", "test"], "first_seen": ["x", "x"]},
        dtype="str",
    )
    grown = assign(frame([(one, "card"), (other, "card"), (middle, "card")]), book, POLICY, "y")
    assert grown["side"].tolist() == ["train", "test", "quarantine"]


def test_quarantined_texts_pull_nobody() -> None:
    """A neighbour in quarantine is no neighbour: it is neither trained on nor tested with."""
    text = "where is the parcel that i sent last week"
    book = pd.DataFrame(
        {"key": [key(text, POLICY.salt)], "side": ["quarantine"], "first_seen": ["x"]}, dtype="str"
    )
    grown = assign(frame([(text, "card"), (text + "s", "card")]), book, POLICY, "y")
    assert grown["side"].tolist() == ["quarantine", "train"]


def test_the_order_of_the_file_does_not_matter() -> None:
    """The same texts in another order get the same sides: another machine comes to the same ledger."""
    rows = different_texts(50) + [(text[:-1] + "z", intent) for text, intent in different_texts(50)]
    forward = assign(frame(rows), ledger.empty(), POLICY, "2026-01-01")
    backward = assign(frame(rows[::-1]), ledger.empty(), POLICY, "2026-01-01")
    pd.testing.assert_frame_equal(forward, backward)


def test_batches_do_not_matter(monkeypatch: pytest.MonkeyPatch) -> None:
    """How many texts are compared at once is a matter of memory, not of the result."""
    rows = different_texts(60) + [(text[:-1] + "z", intent) for text, intent in different_texts(60)]
    whole = assign(frame(rows), ledger.empty(), POLICY, "2026-01-01")
    monkeypatch.setattr(ledger, "BATCH", 7)
    pd.testing.assert_frame_equal(assign(frame(rows), ledger.empty(), POLICY, "2026-01-01"), whole)


def test_nothing_new_changes_nothing() -> None:
    """Assigning twice gives the same ledger, also with new labels and contexts."""
    corpus = frame(different_texts(20))
    book = assign(corpus, ledger.empty(), POLICY, "2026-01-01")
    assert assign(corpus.assign(intent="greet"), book, POLICY, "2026-02-01") is book


def test_a_message_without_a_side_is_refused() -> None:
    """Rows that were never ingested cannot be split, and the remedy is named."""
    with pytest.raises(RatchetError, match="1 of 1 messages have no side"):
        split(frame([("hello", "greet")]), ledger.empty(), POLICY)


def test_a_seal_fits_one_content_and_one_salt() -> None:
    """Any edit and any other salt gives another seal."""
    assert ledger.seal(b"content", POLICY) != ledger.seal(b"content.", POLICY)
    assert ledger.seal(b"content", POLICY) != ledger.seal(b"content", SplitPolicy(salt="other"))


@settings(max_examples=20)
@given(st.lists(st.tuples(text, st.sampled_from(INTENTS)), max_size=25), st.data())
def test_any_batching_of_growth_leaves_no_neighbour_across(
    rows: list[tuple[str, str]], data: st.DataObject
) -> None:
    """Whatever comes in whichever portions: no near-duplicate pair straddles and no row moves."""
    book, start = ledger.empty(), 0
    while start < len(rows):
        start += data.draw(st.integers(1, len(rows) - start))
        grown = assign(frame(rows[:start]), book, POLICY, "2026-01-01")
        assert sides(grown).items() >= sides(book).items()
        book = grown
    broken = [one for one in violations(frame(rows), book, None, POLICY) if one.blocking]
    assert not broken


class Growth(RuleBasedStateMachine):
    """A corpus that people add to, delete from and relabel, over many cycles."""

    def __init__(self) -> None:
        super().__init__()
        self.rows: dict[str, str] = {}
        self.book = ledger.empty()
        self.past: dict[str, str] = {}

    @rule(rows=st.lists(st.tuples(st.sampled_from(CHAINS), st.sampled_from(INTENTS)), min_size=1, max_size=4))
    def add(self, rows: list[tuple[str, str]]) -> None:
        old = frame(list(self.rows.items()))
        merged = intake.merge(old.assign(place=""), frame(rows).assign(place=""), CORPUS, relabel=True)
        merged = merged.without(intake.returned(merged, self.book, POLICY))
        kept = merged.frame.drop_duplicates("text", keep="last")
        self.rows = dict(zip(kept["text"], kept["intent"], strict=True))
        self.book = assign(frame(list(self.rows.items())), self.book, POLICY, "2026-01-01")

    @rule(data=st.data())
    def delete(self, data: st.DataObject) -> None:
        if self.rows:
            del self.rows[data.draw(st.sampled_from(sorted(self.rows)))]

    @rule(data=st.data(), intent=st.sampled_from(INTENTS))
    def relabel(self, data: st.DataObject, intent: str) -> None:
        if self.rows:
            self.rows[data.draw(st.sampled_from(sorted(self.rows)))] = intent

    @invariant()
    def nothing_moved(self) -> None:
        """Each text has the side that it was given first, deleted ones included."""
        assert sides(self.book).items() >= self.past.items()
        self.past = sides(self.book)

    @invariant()
    def nothing_crosses(self) -> None:
        """No message lacks a side and no near-duplicate pair straddles."""
        corpus = frame(list(self.rows.items()))
        assert not [one for one in violations(corpus, self.book, None, POLICY) if one.blocking]


Growth.TestCase.settings = settings(max_examples=10, stateful_step_count=8, deadline=None)
TestGrowth = Growth.TestCase


def test_normal_forms_make_the_keys() -> None:
    """Two writings of one message have one row in the ledger."""
    book = assign(
        frame([("Lost card!", "card"), ("lost  CARD", "card")]), ledger.empty(), POLICY, "2026-01-01"
    )
    assert book["key"].tolist() == keys(normalised(["lost card"]), POLICY.salt)
    assert book["side"].tolist() == [Side.TRAIN]


def test_a_text_that_returns_to_where_its_like_went_across_is_left_out() -> None:
    """Removed from the holdout, its near-duplicate then trained on: the side stands, so the text stays out."""
    gone, like = CHAINS[0], CHAINS[1]
    rows = [(gone, "card"), *different_texts(8)]
    book = pd.DataFrame(
        {
            "key": keys(normalised([gone, like]), POLICY.salt),
            "side": ["test", "train"],
            "first_seen": ["x", "y"],
        },
        dtype="str",
    )
    old = frame([(like, "card")]).assign(place="")
    merged = intake.merge(old, frame(rows).assign(place=""), CORPUS, relabel=False)
    marked = intake.returned(merged, book, POLICY)
    assert merged.frame.loc[marked, "text"].tolist() == [gone]
