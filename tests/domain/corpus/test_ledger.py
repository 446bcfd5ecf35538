"""The ledger gives each text a side once and for all, and no near-duplicate crosses."""

import hashlib

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from ratchet.domain.corpus import intake, ledger, retirement
from ratchet.domain.corpus.corpus import CorpusPolicy, key, keys, normalised
from ratchet.domain.corpus.invariants import violations
from ratchet.domain.corpus.ledger import Side, SplitPolicy, assign, split
from ratchet.domain.corpus.policies import ValidationPolicy
from ratchet.domain.errors import RatchetError

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


HOURS = [(number, hour) for number in range(2, 6) for hour in range(5, 10)]
CITIES = ("Berlin", "Paris", "Madrid", "London", "Lisbon", "Vienna", "Prague", "Dublin", "Oslo", "Rome")


def grown(rows: list[tuple[str, str]]) -> tuple[pd.DataFrame, pd.DataFrame]:
    """A corpus and its ledger."""
    corpus = frame(rows)
    return corpus, assign(corpus, ledger.empty(), POLICY, "2026-01-01")


def different_texts(number: int, intent: str = "card") -> list[tuple[str, str]]:
    """Texts that are nobody's near-duplicates: hexadecimal digests."""
    return [(hashlib.sha256(str(n).encode()).hexdigest(), intent) for n in range(number)]


def test_a_quarter_of_each_intent_is_held_out() -> None:
    """Texts without neighbours fill the holdout to its share, for each intent by itself."""
    corpus = frame(different_texts(200) + [(text[::-1], "greet") for text, _ in different_texts(40)])
    parts = split(corpus, assign(corpus, ledger.empty(), POLICY, "2026-01-01"), POLICY)
    assert parts.holdout["intent"].value_counts().to_dict() == {"card": 50, "greet": 10}


def test_an_intent_is_trained_before_it_is_held_out() -> None:
    """The first text of an intent goes to training, the second to the holdout, in the order of their keys."""
    for number, held_out in ((1, 0), (2, 1), (5, 1), (6, 2), (8, 2)):
        parts = split(*grown(different_texts(number)), POLICY)
        assert (len(parts.train), len(parts.holdout)) == (number - held_out, held_out)


def test_texts_from_a_template_are_all_trained_on() -> None:
    """Each is a near-duplicate of the first, and the first goes to training: no intent is released unlearnt."""
    rows = [(f"please book a table for {number} people at {hour} pm", "table") for number, hour in HOURS]
    rows += [(f"what will the weather be like tomorrow in the city of {city}", "weather") for city in CITIES]
    parts = split(*grown(rows), POLICY)
    assert (len(parts.train), len(parts.holdout)) == (len(rows), 0)


def test_an_intent_that_shares_its_texts_is_trained_too() -> None:
    """A text under two intents counts in the share of one of them, but both get something to train on."""
    card, greet = different_texts(1)[0][0], [text[::-1] for text, _ in different_texts(8)]
    rows = [(card, "absence"), *[(text, "absence") for text in greet], *[(text, "leave") for text in greet]]
    train = split(*grown(rows), POLICY).train
    assert set(train["intent"]) == {"absence", "leave"}


@settings(max_examples=20)
@given(st.lists(st.sets(st.sampled_from(INTENTS), min_size=1), min_size=1, max_size=12), st.data())
def test_without_neighbours_every_intent_is_trained(labels: list[set[str]], data: st.DataObject) -> None:
    """Whatever comes under which intents in whichever portions: each intent has a training text."""
    texts = [text for text, _ in different_texts(len(labels))]
    rows = [(text, intent) for text, some in zip(texts, labels, strict=True) for intent in sorted(some)]
    book, start = ledger.empty(), 0
    while start < len(rows):
        start += data.draw(st.integers(1, len(rows) - start))
        book = assign(frame(rows[:start]), book, POLICY, "2026-01-01")
        train = split(frame(rows[:start]), book, POLICY).train
        assert set(train["intent"]) >= {one for _, one in rows[:start] if earliest(one, rows[:start])}


def earliest(intent: str, rows: list[tuple[str, str]]) -> bool:
    """Whether an intent came with a text that had no side before: a new label of an old text does not move it."""
    seen: set[str] = set()
    for text, one in rows:
        if one == intent and text not in seen:
            return True
        seen.add(text)
    return False


def test_a_new_ledger_has_the_newest_form_and_an_old_one_keeps_its_own() -> None:
    """Keys are made with the ledger's normal form, for what is known and for what comes."""
    heart, skull = "❤️", "☠️"
    rows = [(heart, "card"), *different_texts(3)]
    new = assign(frame(rows), ledger.empty(), POLICY, "2026-01-01")
    assert (ledger.form_of(new), key(heart, POLICY.salt, 2) in set(new["key"])) == (2, True)
    old = assign(frame(rows), new[["key", "side", "first_seen"]][:1], POLICY, "2026-01-01")
    assert (ledger.form_of(old), key(heart, POLICY.salt, 1) in set(old["key"])) == (1, True)
    assert assign(frame([*rows, (skull, "greet")]), old, POLICY, "2026-01-02") is old
    assert len(assign(frame([*rows, (skull, "greet")]), new, POLICY, "2026-01-02")) == len(new) + 1
    for book in (old, new):
        parts = split(frame(rows), book, POLICY)
        assert parts.form == ledger.form_of(book)
        assert not violations(frame(rows), book, book, POLICY)


def test_a_ledger_read_as_three_columns_is_one_from_before_the_others() -> None:
    """It has the first normal form and no moved row."""
    bare = assign(frame(different_texts(3)), ledger.empty(), POLICY, "x")[["key", "side", "first_seen"]]
    whole = ledger.complete(bare)
    assert (set(whole["form"]), set(whole["moved"]), set(whole["reason"])) == ({1}, {""}, {""})
    assert ledger.complete(whole) is whole


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


@pytest.mark.parametrize("form", [1, 2])
def test_a_seal_names_its_normal_form_and_covers_it(form: int) -> None:
    """The version is read from the seal, and another version's seal of the same content is another."""
    sealed = ledger.seal(b"content", POLICY, form)
    assert ledger.form_of_seal(sealed) == form
    assert sealed.split()[0] != ledger.seal(b"content", POLICY, 3 - form).split()[0]


@pytest.mark.parametrize("text", ["", "a b c", "abc normal-form=", "abc normal-form=x", "abc form=2"])
def test_what_is_no_seal_has_no_form(text: str) -> None:
    """A damaged seal is not taken for an old one."""
    assert ledger.form_of_seal(text) is None


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
        merged = merged.without(intake.returned(merged, old, self.book, POLICY))
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


class GrowthWithRetirement(Growth):
    """The same, while people retire messages of the holdout."""

    @rule(data=st.data())
    def retire(self, data: st.DataObject) -> None:
        corpus = frame(list(self.rows.items()))
        parts = split(corpus, self.book, POLICY)
        if len(parts.holdout):
            chosen = np.zeros(len(parts.holdout), dtype=bool)
            chosen[data.draw(st.integers(0, len(chosen) - 1))] = True
            going = retirement.plan(parts, chosen, POLICY.near_duplicate).keys
            self.book = retirement.retire(self.book, going, "2026-02-01", "by hand")

    @invariant()
    def nothing_moved(self) -> None:
        """Only from the holdout to training, and with a record of it; nothing is forgotten."""
        now, recorded = sides(self.book), set(self.book.loc[self.book["moved"] != "", "key"])
        for key_, side in self.past.items():
            assert now[key_] == side or (side, now[key_], key_ in recorded) == ("test", "train", True)
        self.past = now


Growth.TestCase.settings = settings(max_examples=10, stateful_step_count=8, deadline=None)
TestGrowth = Growth.TestCase
GrowthWithRetirement.TestCase.settings = settings(max_examples=10, stateful_step_count=8, deadline=None)
TestGrowthWithRetirement = GrowthWithRetirement.TestCase


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
    marked = intake.returned(merged, old, book, POLICY)
    assert merged.frame.loc[marked, "text"].tolist() == [gone]


@pytest.mark.parametrize(
    ("here", "incoming", "left_out"),
    [
        ([(CHAINS[1], "card")], [(CHAINS[0], "card"), (CHAINS[1], "greet")], [CHAINS[0]]),
        ([], [(CHAINS[0], "card"), (CHAINS[1], "card")], [CHAINS[0]]),
        ([(CHAINS[1], "card")], [(CHAINS[1], "greet")], []),
        ([(CHAINS[0], "card")], [(CHAINS[0], "greet"), (CHAINS[1], "greet")], [CHAINS[1]]),
    ],
    ids=["beside a new label", "together", "a new label", "into training"],
)
def test_a_text_that_returns_beside_a_relabelled_or_returning_like_is_left_out(
    here: list[tuple[str, str]], incoming: list[tuple[str, str]], left_out: list[str]
) -> None:
    """What gets a new label was there and stays; of two that return together, the one for training stays."""
    sided = keys(normalised(CHAINS[:2]), POLICY.salt)
    book = pd.DataFrame({"key": sided, "side": ["test", "train"], "first_seen": ["x", "y"]}, dtype="str")
    old = frame(here).assign(place="")
    merged = intake.merge(old, frame(incoming).assign(place=""), CORPUS, relabel=True)
    marked = intake.returned(merged, old, book, POLICY)
    assert merged.frame.loc[marked, "text"].tolist() == left_out


def test_messages_without_a_side_are_taken_in_as_advised() -> None:
    """The split refuses them and names `ratchet ingest`, which gives them their sides; those that had one keep it."""
    corpus, book = grown(different_texts(8))
    more = pd.concat(
        [corpus, frame([(text[::-1], "greet") for text, _ in different_texts(2)])], ignore_index=True
    )
    with pytest.raises(RatchetError, match="2 of 10 messages have no side") as refused:
        split(more, book, POLICY)
    assert "`ratchet ingest`" in refused.value.remedy
    policies = (CORPUS, POLICY, ValidationPolicy(minimum_examples=1))
    taken = intake.take(corpus.assign(place="x"), more.tail(2).assign(place="new.csv:2"), book, policies)
    now = assign(taken.merged.frame, book, POLICY, "2026-02-01")
    parts = split(taken.merged.frame, now, POLICY)
    assert len(parts.train) + len(parts.holdout) + len(parts.quarantine) == 10
    assert sides(now).items() >= sides(book).items()
