"""Intents that nothing is learnt of, or that no verdict looks at, are named with their messages."""

import pandas as pd

from ratchet.domain.corpus.coverage import Coverage, Uncovered, cover, with_coverage
from ratchet.domain.corpus.findings import ValidationReport

FRAME = pd.DataFrame(
    {
        "text": [f"text {number}" for number in range(10)],
        "intent": ["both"] * 4 + ["held"] * 3 + ["trained"] * 2 + ["nowhere"],
    },
    dtype="str",
)
SIDES = pd.Series(["train"] * 3 + ["test"] * 4 + ["train"] * 2 + ["quarantine"], dtype="str")
FOUND = cover(FRAME["intent"], SIDES)
CLEAN = ValidationReport(10, 4, (), ())


def test_each_intent_is_on_the_side_that_it_lacks() -> None:
    """All held out, or in quarantine: untrained. Trained without a holdout message: unjudged."""
    assert FOUND.untrained == (Uncovered("held", 3, 0.3, 3), Uncovered("nowhere", 1, 0.1, 0))
    assert FOUND.unjudged == (Uncovered("trained", 2, 0.2, 0),)
    assert Coverage.from_dict(FOUND.as_dict()) == FOUND


def test_a_covered_corpus_adds_nothing_to_a_report() -> None:
    """No finding without cause."""
    intents, sides = pd.Series(["a", "a", "b", "b"]), pd.Series(["train", "test"] * 2)
    assert with_coverage(CLEAN, FRAME, cover(intents, sides), []) == CLEAN


def test_an_untrained_intent_is_an_error_with_the_way_out_and_an_unjudged_one_a_warning() -> None:
    """Both name the intents, their messages and their share, and show the rows."""
    report = with_coverage(CLEAN, FRAME, FOUND, [], remedy="Do this.")
    (error,), (warning,) = report.errors, report.warnings
    assert not report.ok
    assert error.sentence == (
        "2 intents without a message to train on: `held` (3 messages, 3 of them held out), `nowhere` (1 message, 0 of"
        " them held out). Do this."
    )
    assert (error.rows[0], error.count, warning.count) == ("utterances.csv:6", 4, 2)
    assert "`trained` (2 messages, 20.0% of all)" in warning.sentence


def test_what_was_untrained_before_does_not_refuse_new_rows() -> None:
    """Rows that could mend it must come in: it is said, and the next retrain stops."""
    report = with_coverage(CLEAN, FRAME, FOUND, [], known={"held", "nowhere"})
    assert report.ok
    assert "the next retrain stops" in report.warnings[0].sentence
