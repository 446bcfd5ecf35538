"""Each invariant is violated by the corpus made for it, and by no other."""

import pandas as pd

from ratchet.domain.corpus.corpus import keys, normalised
from ratchet.domain.corpus.invariants import violations
from ratchet.domain.corpus.ledger import SplitPolicy

POLICY = SplitPolicy(salt="test", share_rows=4)
TEXTS = ["how do i replace a card", "what time is it", "my parcel is late", "good morning to you"]


def corpus(texts: list[str]) -> pd.DataFrame:
    """A corpus of one intent."""
    return pd.DataFrame({"text": texts, "intent": "card", "source": ""}, dtype="str")


def book(texts: list[str], sides: list[str]) -> pd.DataFrame:
    """A ledger by hand."""
    return pd.DataFrame(
        {"key": keys(normalised(texts), POLICY.salt), "side": sides, "first_seen": "x"}, dtype="str"
    )


GOOD = book(TEXTS, ["test", "train", "train", "train"])


def rules(*arguments: object) -> list[str]:
    """The names of the violated rules."""
    return [one.rule for one in violations(*arguments)]  # type: ignore[arg-type]


def test_a_good_split_violates_nothing() -> None:
    """No invariant fires without cause, also against an older ledger."""
    assert rules(corpus(TEXTS), GOOD, GOOD[:2], POLICY) == []


def test_a_message_without_a_side_is_found() -> None:
    """A row that was written into the corpus by hand."""
    found = violations(corpus([*TEXTS, "something else entirely"]), GOOD, None, POLICY)
    assert [(one.rule, one.rows) for one in found] == [("every message has a side", (4,))]


def test_an_unknown_side_is_no_side() -> None:
    """A word that is not a side does not count as one."""
    assert rules(corpus(TEXTS[:1]), book(TEXTS[:1], ["training"]), None, POLICY) == [
        "every message has a side"
    ]


def test_a_moved_and_a_lost_key_are_found() -> None:
    """Against the champion's ledger: one key on another side, one gone."""
    before = book([*TEXTS, "gone now"], ["train", "train", "train", "train", "test"])
    (found,) = violations(corpus(TEXTS), GOOD, before, POLICY)
    assert found.rule == "no key changes its side"
    assert "1 keys changed their side and 1 are gone" in found.sentence


def test_a_recorded_move_away_from_the_holdout_is_none_that_breaks_the_rule() -> None:
    """A retired row, or one that a merge quarantined: the champion was trained without it."""
    for side in ("train", "quarantine"):
        now = GOOD.assign(side=[side, "train", "train", "train"], moved=["2026-02-01", "", "", ""], reason="")
        assert "no key changes its side" not in rules(corpus(TEXTS), now, GOOD, POLICY)


def test_a_move_without_a_record_and_the_opposite_move_are_found() -> None:
    """The record is what tells a retirement from an accident, and nothing makes a trained row a test."""
    moved = "no key changes its side"
    assert moved in rules(corpus(TEXTS), GOOD.assign(side="train"), GOOD, POLICY)
    back = GOOD.assign(side="test", moved="2026-02-01", reason="by hand")
    assert moved in rules(corpus(TEXTS), back, GOOD, POLICY)


def test_a_share_that_was_retired_is_said_to_be() -> None:
    """An intent without a holdout because somebody retired it is no riddle."""
    now = GOOD.assign(side="train", moved=["2026-02-01", "", "", ""], reason="worn")
    (found,) = violations(corpus(TEXTS), now, GOOD, POLICY)
    assert "0% of its 4 texts" in found.sentence
    assert "1 were retired" in found.sentence


def test_a_repeated_key_is_found() -> None:
    """Two rows for one text, even if they agree."""
    assert rules(corpus(TEXTS), pd.concat([GOOD, GOOD[:1]]), None, POLICY) == ["one side per key"]


def test_a_straddling_pair_is_found_on_both_sides() -> None:
    """Both texts of the pair are named."""
    texts = [*TEXTS, "how do i replace a cord"]
    sides = book(texts, ["test", "train", "train", "train", "train"])
    found = [one for one in violations(corpus(texts), sides, None, POLICY) if one.blocking]
    assert [(one.rule, one.rows) for one in found] == [("no near-duplicate pair straddles", (0, 4))]


def test_what_was_proved_is_not_compared_again_but_what_is_new_is() -> None:
    """A straddling pair of proved texts is taken as checked; with one new text in it, it is found."""
    texts = [*TEXTS, "how do i replace a cord"]
    sides = book(texts, ["test", "train", "train", "train", "train"])
    straddles = "no near-duplicate pair straddles"
    assert straddles not in rules(corpus(texts), sides, None, POLICY, sides)
    assert straddles in rules(corpus(texts), sides, None, POLICY, sides[:4])
    assert straddles in rules(corpus(texts), sides, None, POLICY, sides[1:])


def test_a_text_proved_on_another_side_counts_as_new() -> None:
    """A proof holds for the side it was made on."""
    texts = [*TEXTS, "how do i replace a cord"]
    sides = book(texts, ["test", "train", "train", "train", "train"])
    proved = sides.assign(side=["train"] * 5)
    assert "no near-duplicate pair straddles" in rules(corpus(texts), sides, None, POLICY, proved)


def test_a_share_out_of_bounds_is_reported_and_does_not_block() -> None:
    """A ledger cannot be mended afterwards: the share is said, with its bounds."""
    (found,) = violations(corpus(TEXTS), book(TEXTS, ["test"] * 3 + ["train"]), None, POLICY)
    assert (found.rule, found.blocking) == ("share per intent", False)
    assert "75% of its 4 texts" in found.sentence
