"""From the holdout to training, one way: no near-duplicate is left behind, and the ledger says what happened."""

from __future__ import annotations

from collections.abc import Collection

import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ratchet.domain.corpus import ledger
from ratchet.domain.corpus.corpus import key, normalised
from ratchet.domain.corpus.coverage import of_split
from ratchet.domain.corpus.invariants import violations
from ratchet.domain.corpus.ledger import Side, assign, split
from ratchet.domain.corpus.neighbours import Texts
from ratchet.domain.corpus.retirement import Retirement, listed_rows, plan, retire, retired_since
from ratchet.domain.corpus.retiring import RetirePolicy, refusal, way_in, way_out
from ratchet.domain.errors import RatchetError
from tests.domain.corpus.test_ledger import CHAINS, INTENTS, POLICY, different_texts, frame, sides, text

FREE = RetirePolicy(max_percent=100, min_holdout_rows=1)
NEAR = POLICY.near_duplicate


def held_out(rows: list[tuple[str, str]]) -> pd.DataFrame:
    """A ledger from before intents were trained first: everything is held out."""
    book = assign(frame(rows), ledger.empty(), POLICY, "2026-01-01")
    return book.assign(side=str(Side.TEST))


def planned(rows: list[tuple[str, str]], book: pd.DataFrame, intents: Collection[str]) -> Retirement:
    """What retiring these intents moves."""
    parts = split(frame(rows), book, POLICY)
    return plan(parts, parts.holdout["intent"].isin(list(intents)).to_numpy(), NEAR)


def test_a_row_takes_its_near_duplicates_along_whatever_their_intent() -> None:
    """And those take theirs: the whole chain goes, a text that resembles none of it stays."""
    chain = CHAINS[:9]
    rows = [(one, INTENTS[number % 2]) for number, one in enumerate(chain)] + different_texts(3, "greet")
    only_first = planned(rows, held_out(rows), ["none"])
    assert (only_first.rows, only_first.remaining) == (0, 12)
    parts = split(frame(rows), held_out(rows), POLICY)
    found = plan(parts, (parts.holdout["text"] == chain[0]).to_numpy(), NEAR)
    assert found.keys == {key(one, POLICY.salt) for one in chain}
    assert (found.asked, found.along, found.rows, found.remaining) == (1, 8, 9, 3)
    assert found.intents == {"card": 5, "transfer": 4}
    assert found.unjudged == ("card", "transfer")
    assert "8 of them as near-duplicates" in found.sentence


def test_a_text_in_several_contexts_goes_as_a_whole() -> None:
    """The ledger has one side for a text, whatever its intents."""
    rows = [("lost my badge", "berlin"), ("Lost my badge!", "madrid"), *different_texts(2)]
    found = planned(rows, held_out(rows), ["berlin"])
    assert (found.asked, found.along, found.intents) == (1, 1, {"berlin": 1, "madrid": 1})


@settings(max_examples=30)
@given(
    st.lists(st.tuples(text, st.sampled_from(INTENTS)), min_size=1, max_size=25),
    st.sets(st.sampled_from(INTENTS)),
    st.lists(st.tuples(text, st.sampled_from(INTENTS)), max_size=8),
)
def test_after_a_retirement_every_invariant_holds(
    rows: list[tuple[str, str]], intents: set[str], more: list[tuple[str, str]]
) -> None:
    """Against the ledger before, and after more messages: no pair straddles, and what moved is recorded."""
    before = assign(frame(rows), ledger.empty(), POLICY, "2026-01-01")
    found = planned(rows, before, intents)
    book = retire(before, found.keys, "2026-02-01", "by hand")
    moved = {key for key, side in sides(before).items() if sides(book)[key] != side}
    assert moved == found.keys
    assert set(book.loc[book["moved"] != "", "key"]) == moved
    assert not set(split(frame(rows), book, POLICY).holdout["intent"]) & intents
    grown = assign(frame(rows + more), book, POLICY, "2026-03-01")
    for corpus, now in ((rows, book), (rows + more, grown)):
        assert not [one for one in violations(frame(corpus), now, before, POLICY) if one.blocking]


def test_there_is_no_other_move() -> None:
    """Neither from training nor of a key that the ledger does not have."""
    rows = different_texts(4)
    book = assign(frame(rows), ledger.empty(), POLICY, "2026-01-01")
    trained = book.loc[book["side"] == Side.TRAIN, "key"].tolist()
    for keys in (trained[:1], ["unknown"], book["key"].tolist()):
        with pytest.raises(RatchetError, match="Only messages of the holdout") as refused:
            retire(book, keys, "2026-02-01", "by hand")
        assert "Run `ratchet data retire` again" in refused.value.remedy
    again = planned(rows, book, ["card"]).keys  # of the ledger as it is now
    assert set(retire(book, again, "2026-02-01", "by hand")["side"]) == {Side.TRAIN}


@pytest.mark.parametrize(("going", "rest"), [(10, 30), (35, 5), (39, 1)])
def test_a_refusal_names_settings_that_work(going: int, rest: int) -> None:
    """Too much at once, too little left, or both: with the values that it names the same retirement passes."""
    rows = different_texts(going, "leave") + [(one[::-1], "stay") for one, _ in different_texts(rest)]
    found = planned(rows, held_out(rows), ["leave"])
    policy = RetirePolicy(max_percent=20, min_holdout_rows=31)
    refused = refusal(found, policy)
    assert refused is not None
    assert (f"{found.rows:,} of 40 holdout messages" in refused.fact, str(rest) in refused.fact) == (
        True,
        True,
    )
    values = dict(
        part.split(" to ")
        for part in refused.remedy.split("set ")[1].removesuffix(" in params.yaml.").split(" and ")
    )
    named = {name.removeprefix("gate.retire."): int(value) for name, value in values.items()}
    assert refusal(found, RetirePolicy.model_validate(policy.model_dump() | named)) is None


def test_a_whole_holdout_cannot_go() -> None:
    """No setting allows it: without a holdout nothing can be judged."""
    rows = different_texts(4)
    refused = refusal(planned(rows, held_out(rows), ["card"]), FREE)
    assert refused is not None
    assert "params.yaml" not in refused.remedy
    assert "Ingest more messages first" in refused.remedy


def test_several_named_intents_may_be_fewer() -> None:
    """Only where there are several."""
    rows = different_texts(4) + [(one[::-1], "greet") for one, _ in different_texts(2)]
    found = planned(rows, held_out(rows), ["card"])
    assert "fewer intents" in str(refusal(found, RetirePolicy(), ["card", "greet"]))
    assert "fewer intents" not in str(refusal(found, RetirePolicy(), ["card"]))


def test_the_way_out_of_an_untrained_intent_is_one_that_is_open() -> None:
    """A retirement where the limits allow it, else messages that resemble none: both give it a training row."""
    rows = different_texts(4, "all out") + [(one[::-1], "greet") for one, _ in different_texts(20)]
    book = held_out(rows)
    parts = split(frame(rows), book, POLICY)
    untrained = [one for one in of_split(parts).untrained if one.intent == "all out"]
    assert way_out(parts, untrained, FREE, NEAR) == "Move them to training: `ratchet data retire 'all out'`."
    moved = retire(book, planned(rows, book, ["all out"]).keys, "2026-02-01", "by hand")
    assert set(split(frame(rows), moved, POLICY).train["intent"]) == {"all out"}
    assert way_out(parts, untrained, RetirePolicy(), NEAR) == (
        "Ingest messages of all out that are worded differently."
    )
    fresh = [*rows, ("something else altogether", "all out")]
    more = assign(frame(fresh), book, POLICY, "2026-02-01")
    assert set(split(frame(fresh), more, POLICY).train["intent"]) == {"all out"}


def test_the_way_in_beside_a_holdout_is_to_retire_that() -> None:
    """New texts beside another intent's holdout: retired first, they lie beside training rows."""
    rows = [(CHAINS[0], "card"), *different_texts(20, "greet")]
    book = held_out(rows)
    new = (CHAINS[1], "wallet")
    assert assign(frame([*rows, new]), book, POLICY, "x")["side"].iloc[-1] == Side.TEST
    parts = split(frame(rows), book, POLICY)
    assert "`ratchet data retire card`" in way_in(parts, Texts(normalised([new[0]])), FREE, NEAR)
    assert "retire" not in way_in(parts, Texts(normalised([new[0]])), RetirePolicy(), NEAR)
    moved = retire(book, planned(rows, book, ["card"]).keys, "2026-02-01", "by hand")
    assert assign(frame([*rows, new]), moved, POLICY, "x")["side"].iloc[-1] == Side.TRAIN


def test_what_is_new_since_the_champion_is_told_by_its_ledger() -> None:
    """A retirement that the champion's ledger has is old; without that ledger its day decides."""
    rows = different_texts(12)
    book = assign(frame(rows), ledger.empty(), POLICY, "2026-01-01")
    test = book.loc[book["side"] == Side.TEST, "key"].tolist()
    first = retire(book, test[:1], "2026-02-01", "worn")
    second = retire(first, test[1:2], "2026-03-01", "by hand")
    train = split(frame(rows), second, POLICY).train

    def found(previous: pd.DataFrame | None, day: str) -> list[tuple[str, str]]:
        return [(one.moved, one.reason) for one in listed_rows(retired_since(train, second, previous, day))]

    old, new = ("2026-02-01", "worn"), ("2026-03-01", "by hand")
    assert sorted(found(book, "")) == [old, new]
    assert found(first, "") == [new]
    assert found(second, "") == []
    assert sorted(found(None, "")) == [old, new]
    assert found(None, "2026-02-15") == [new]
    assert listed_rows(retired_since(train, book, None, "")) == ()


def test_the_digest_names_exactly_what_goes() -> None:
    """What a person was shown is what is done: other messages have another digest."""
    rows = different_texts(4) + [(one[::-1], "greet") for one, _ in different_texts(2)]
    book = held_out(rows)
    assert planned(rows, book, ["card"]).digest == planned(rows, book, ["card"]).digest
    assert planned(rows, book, ["card"]).digest != planned(rows, book, ["greet"]).digest
