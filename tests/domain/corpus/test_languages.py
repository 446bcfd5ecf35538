"""Near-duplicates within a language: what `corpus.language` changes, from the first side to the merge."""

from __future__ import annotations

import pandas as pd
import pytest
from pydantic import ValidationError

from ratchet.adapters.settings import Params
from ratchet.domain.corpus import ledger
from ratchet.domain.corpus.invariants import violations
from ratchet.domain.corpus.ledger import Side, assign, sides_of, split
from ratchet.domain.corpus.merge import Version, merge
from ratchet.domain.corpus.merging import Merged
from ratchet.domain.corpus.neighbours import Texts, near_pairs
from ratchet.domain.corpus.policies import CorpusPolicy, SplitPolicy
from ratchet.domain.corpus.retirement import plan
from ratchet.domain.corpus.returning import returned

PARAMS = Params(
    corpus=CorpusPolicy(context={"lang": ["de", "en", "nl"]}, language="lang"), split=SplitPolicy(salt="test")
)
POLICY = PARAMS.split
ALIKE = "ticket status please", "tickets status please"
"""Two texts that are near-duplicates."""


def frame(*rows: tuple[str, str, str]) -> pd.DataFrame:
    """A corpus of texts, intents and languages."""
    return pd.DataFrame(
        [(text, intent, lang, "test") for text, intent, lang in rows],
        columns=["text", "intent", "lang", "source"],
        dtype="str",
    )


def book(corpus: pd.DataFrame, *sides: Side) -> pd.DataFrame:
    """The ledger that gives the texts of a corpus these sides, in their order."""
    keys = ledger.distinct(corpus, POLICY, 2).sort_values("row")["key"]
    made = pd.DataFrame(
        {"key": keys, "side": [str(one) for one in sides], "first_seen": "2026-01-01"}, dtype="str"
    )
    return ledger.complete(made).assign(form=2)


def straddles(corpus: pd.DataFrame, sides: pd.DataFrame, proved: pd.DataFrame | None = None) -> bool:
    """Whether a near-duplicate pair lies on both sides."""
    found = violations(corpus, sides, None, POLICY, proved)
    return any(one.rule == "no near-duplicate pair straddles" for one in found)


def test_a_language_is_a_context_field() -> None:
    """Another name is refused with the names that there are; the policy of the split learns it from the corpus."""
    with pytest.raises(ValidationError, match=r"'language', which corpus\.context does not have \(lang\)"):
        CorpusPolicy(context={"lang": None}, language="language")
    assert POLICY.language == "lang"
    assert Params().split.language is None
    assert Params.model_validate({"corpus": {"context": {"l": None}, "language": "l"}}).split.language == "l"


def test_texts_of_two_languages_make_no_pair() -> None:
    """A common language makes one, and so does one that is not known."""
    de, en, both, unknown = frozenset({"de"}), frozenset({"en"}), frozenset({"de", "en"}), frozenset[str]()

    def pairs(one: frozenset[str], other: frozenset[str]) -> int:
        found = near_pairs(Texts([ALIKE[0]], [one]), Texts([ALIKE[1]], [other]), 90)
        return sum(len(rows) for rows, _ in found)

    assert [pairs(de, other) for other in (en, de, both, unknown)] == [0, 1, 1, 1]
    assert sum(len(rows) for rows, _ in near_pairs(Texts([ALIKE[0]], [de]), Texts([ALIKE[1]]), 90)) == 1


def test_a_translation_is_given_its_side_by_itself() -> None:
    """Beside a near-duplicate in training, a text of another language may be held out; of the same it is trained."""
    rows = [(f"{number:032x}", "status", "de") for number in range(3)] + [(ALIKE[0], "status", "de")]
    old = frame(*rows)
    sides = book(old, *[Side.TRAIN] * 4)
    placed = {
        lang: assign(
            pd.concat([old, frame((ALIKE[1], "status", lang))], ignore_index=True), sides, POLICY, "x"
        )
        for lang in ("en", "de", "")
    }
    assert {lang: one["side"].iloc[-1] for lang, one in placed.items()} == {
        "en": "test",
        "de": "train",
        "": "train",
    }


def test_the_invariant_and_what_was_proved_follow_the_language() -> None:
    """A pair of two languages may straddle; one whose language was corrected since the proof is compared again."""
    apart, alike = (frame((ALIKE[0], "a", "de"), (ALIKE[1], "a", lang)) for lang in ("en", "de"))
    sides = book(apart, Side.TRAIN, Side.TEST)
    assert not straddles(apart, sides)
    assert straddles(alike, sides)
    proved = sides_of(sides, split(apart, sides, POLICY))
    assert proved["languages"].tolist() == ["de", "en"]
    assert not straddles(apart, sides, proved)
    assert straddles(alike, sides, proved)


def test_a_text_that_comes_in_another_language_beside_its_like_is_left_out() -> None:
    """It has its side already, and its like there is on the other one: training and holdout would touch."""
    old = frame((ALIKE[0], "a", "de"), (ALIKE[1], "a", "en"))
    sides = book(old, Side.TRAIN, Side.TEST)
    for lang, left_out in (("en", True), ("nl", False), ("", True)):
        both = pd.concat([old, frame((ALIKE[0], "a", lang))], ignore_index=True)
        fresh = pd.Series([False, False, True])
        assert returned(Merged(both, fresh, 0, 0), old, sides, POLICY).tolist() == [False, False, left_out]


def test_a_retirement_takes_along_what_is_alike_in_the_language() -> None:
    """A near-duplicate of another language stays in the holdout."""
    corpus = frame((ALIKE[0], "a", "de"), (ALIKE[1], "b", "en"))
    chosen = (corpus["intent"] == "a").to_numpy()
    parts = split(corpus, book(corpus, Side.TEST, Side.TEST), POLICY)
    assert plan(parts, chosen, 90).intents == {"a": 1}
    alike = corpus.assign(lang="de")
    assert plan(split(alike, book(alike, Side.TEST, Side.TEST), POLICY), chosen, 90).intents == {
        "a": 1,
        "b": 1,
    }


def test_a_merge_compares_within_a_language_too() -> None:
    """One clone brings a text in a further language, the other its like there: the holdout row is quarantined."""
    base = frame((ALIKE[0], "a", "de"))
    ours = pd.concat([base, frame((ALIKE[0], "a", "en"))], ignore_index=True)
    for lang, side in (("en", "quarantine"), ("nl", "test")):
        theirs = pd.concat([base.assign(intent="z"), frame((ALIKE[1], "a", lang))], ignore_index=True)
        trained = book(base, Side.TRAIN)
        versions = (
            Version(base, trained),
            Version(ours, trained),
            Version(theirs, book(theirs, Side.TRAIN, Side.TEST)),
        )
        done = merge(*versions, POLICY)
        assert done.ledger["side"].tolist() == ["train", side]
        assert not straddles(done.frame, done.ledger)
