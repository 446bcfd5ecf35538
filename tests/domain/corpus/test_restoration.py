"""Going back to older messages: which ledger is kept, and what cannot come back."""

from __future__ import annotations

from itertools import accumulate

import pandas as pd
from hypothesis import given
from hypothesis import strategies as st

from ratchet.domain.corpus import ledger
from ratchet.domain.corpus.corpus import NEWEST_FORM
from ratchet.domain.corpus.invariants import moved, violations
from ratchet.domain.corpus.ledger import SplitPolicy
from ratchet.domain.corpus.restoration import OlderData, choose, continues, missing, without_straddlers
from tests.corpora import rows

POLICY = SplitPolicy(salt="test")

SIDE = st.sampled_from(["train", "test", "quarantine"])


def book(sides: list[str]) -> pd.DataFrame:
    """A ledger with these sides."""
    keys = [f"key {number}" for number in range(len(sides))]
    return pd.DataFrame({"key": keys, "side": sides, "first_seen": "2026-01-01"}, dtype="str")


@st.composite
def histories(draw: st.DrawFn) -> tuple[list[tuple[str, pd.DataFrame]], pd.DataFrame | None]:
    """Ledgers of one history, newest first, and the champion's, which is one of them or None."""
    parts = draw(st.lists(st.lists(SIDE, max_size=4), min_size=1, max_size=5))
    grown = list(accumulate(parts))[::-1]
    named = [(f"revision {number}", book(sides)) for number, sides in enumerate(grown)]
    champion = draw(st.sampled_from([None, *(one for _, one in named)]))
    return named, champion


@given(histories(), st.randoms())
def test_the_newest_ledger_is_chosen_in_whatever_order_they_are_read(
    history: tuple[list[tuple[str, pd.DataFrame]], pd.DataFrame | None], random: st.randoms
) -> None:
    """It has every row of every other one, with the same side: nobody's side is forgotten by going back."""
    named, champion = history
    shuffled = list(named)
    random.shuffle(shuffled)
    found = choose(shuffled, champion)
    assert found is not None
    assert all(missing(found[1], other) == 0 and not list(moved(found[1], other)) for _, other in named)


@given(histories(), st.data())
def test_a_ledger_that_contradicts_the_champions_is_never_chosen(
    history: tuple[list[tuple[str, pd.DataFrame]], pd.DataFrame | None], data: st.DataObject
) -> None:
    """However long it is: one that was made anew, or has a key twice."""
    named, champion = history
    if champion is None or champion.empty:
        return
    forged = named[0][1].copy()
    row = data.draw(st.integers(0, len(champion) - 1))
    other = {"train": "test", "test": "quarantine", "quarantine": "train"}
    forged.loc[row, "side"] = other[forged.loc[row, "side"]]
    twice = pd.concat([named[0][1], named[0][1][:1]])
    found = choose([("forged", forged), ("twice", twice), *named], champion)
    assert found is not None
    assert found[0] not in ("forged", "twice")


def test_of_equally_long_ledgers_the_first_is_chosen() -> None:
    """They are given newest first: a recorded move of a row does not make a ledger longer."""
    assert choose([("new", book(["train"])), ("old", book(["train"]))], None)[0] == "new"  # type: ignore[index]
    assert choose([], None) is None


def test_without_a_champion_any_whole_ledger_will_do() -> None:
    """Before the first release there is nothing to contradict."""
    assert continues(book(["train", "test"]), None)
    assert not continues(pd.concat([book(["train"])] * 2), None)


@given(st.lists(st.tuples(st.integers(0, 11), st.sampled_from("xyz"), SIDE), max_size=12))
def test_what_comes_back_never_straddles(near: list[tuple[int, str, str]]) -> None:
    """Messages of the training side all come back; of the holdout those without a like in training."""
    base = pd.DataFrame(rows("leave", 6) + rows("laptop", 6)).assign(source="x").astype("str")
    sides = ledger.assign(base, ledger.empty(), POLICY, "2026-01-01")
    likes = [
        base.iloc[[number]].assign(text=lambda one, end=end: one["text"].str[:-1] + end)
        for number, end, _ in near
    ]
    frame = pd.concat([base, *likes]).drop_duplicates("text").reset_index(drop=True)
    texts = ledger.distinct(frame, POLICY, NEWEST_FORM)
    chosen = {row["key"]: "train" for row in texts.to_dict("records")}
    for (_, _, side), key in zip(near, reversed(texts["key"].tolist()), strict=False):
        chosen[key] = side
    sides = pd.DataFrame({"key": list(chosen), "side": list(chosen.values()), "first_seen": "x"}, dtype="str")
    kept = without_straddlers(frame, sides, POLICY)
    assert not [one for one in violations(kept, sides, None, POLICY) if one.blocking]
    gone = set(frame["text"]) - set(kept["text"])
    of_text = dict(zip(texts["text"], texts["key"], strict=True))
    assert {chosen[of_text[text]] for text in gone} <= {"test"}


def test_the_error_names_the_whole_command() -> None:
    """As it is typed, with the hash and nothing to fill in."""
    error = OlderData("Older.", f"{'a' * 32}.dir", "`ratchet retrain`")
    assert f"`ratchet data restore {'a' * 32} --commit`" in error.remedy
    assert error.remedy.endswith("Then `ratchet retrain`.")


def test_a_ledger_from_before_a_retirement_lacks_it() -> None:
    """As many rows, one of them moved since: the older ledger is older, and never chosen."""
    older = pd.DataFrame(
        {"key": ["a", "b"], "side": ["train", "test"], "first_seen": "2026-01-01"}, dtype="str"
    )
    newer = ledger.complete(older).assign(side="train", moved=["", "2026-02-01"], reason=["", "worn"])
    assert (missing(older, newer), missing(newer, older), missing(newer, newer)) == (1, 0, 0)
    for order in ([("old", older), ("new", newer)], [("new", newer), ("old", older)]):
        found = choose(order, older)
        assert found is not None
        assert found[0] == "new"
