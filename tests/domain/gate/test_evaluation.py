"""An evaluation says of a model what scikit-learn would, and treats a hand-over to a person rightly."""

from __future__ import annotations

import json

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.metrics import accuracy_score, f1_score, precision_recall_fscore_support

from ratchet.domain.errors import RatchetError
from ratchet.domain.gate.evaluation import FALLBACK, Evaluation, Latency, evaluate
from tests.domain.judging import answers, holdout

labels = st.sampled_from(["a", "b", "c", "out_of_scope"])
rows = st.lists(st.tuples(labels, st.one_of(labels, st.just("never_seen"))), min_size=1, max_size=60)


def one(pairs: list[tuple[str, str]], **options: object) -> Evaluation:
    truth, given_answers = zip(*pairs, strict=True)
    return evaluate(holdout(truth), answers(given_answers), context=[], **options)  # type: ignore[arg-type]


@given(rows)
def test_scores_equal_those_of_scikit_learn(pairs: list[tuple[str, str]]) -> None:
    """Accuracy, macro F1 and each intent's precision, recall and F1 equal scikit-learn's."""
    truth, taken = zip(*pairs, strict=True)
    found, present = one(pairs), sorted(set(truth))
    assert found.accuracy == pytest.approx(accuracy_score(truth, taken))
    assert found.macro_f1 == pytest.approx(
        f1_score(truth, taken, labels=present, average="macro", zero_division=0)
    )
    expected = precision_recall_fscore_support(truth, taken, labels=present, zero_division=0)
    for score, precision, recall, f1, support in zip(found.intents, *expected, strict=True):
        assert (score.precision, score.recall, score.f1) == pytest.approx((precision, recall, f1))
        assert score.support == support


@given(rows)
def test_parts_add_up(pairs: list[tuple[str, str]]) -> None:
    """Rows, right answers and confusions of the parts add up to those of the whole."""
    found = one(pairs)
    assert sum(score.support for score in found.intents) == found.rows
    assert sum(score.correct for score in found.intents) == found.correct
    assert sum(pair.count for pair in found.confusions) == found.rows - found.correct
    assert sum(part.rows for part in found.calibration) == found.rows


def test_handing_over_is_right_for_an_out_of_scope_message_only() -> None:
    """`nlu_fallback` is right for an out-of-scope row and wrong for any other."""
    found = one([("out_of_scope", FALLBACK), ("out_of_scope", "a"), ("a", FALLBACK), ("a", "a")])
    assert found.correct == 2
    assert found.out_of_scope_recall == 0.5
    assert [(pair.given, pair.predicted) for pair in found.confusions] == [
        ("a", FALLBACK),
        ("out_of_scope", "a"),
    ]


def test_out_of_scope_recall_is_unknown_without_such_rows() -> None:
    """A holdout without out-of-scope rows says nothing about them."""
    assert one([("a", "a")]).out_of_scope_recall is None


def test_slices_are_per_context_value_and_name_the_unknown() -> None:
    """Each value of each context field has its rows and accuracy, the missing value included."""
    truth = holdout(["a", "a", "b"], role=["hr", "hr", None], location=["x", "y", "x"])  # type: ignore[list-item]
    found = evaluate(truth, answers(["a", "b", "b"]), context=["role", "location"])
    assert [(part.field, part.value, part.support, part.correct) for part in found.slices] == [
        ("role", "", 1, 1),
        ("role", "hr", 2, 1),
        ("location", "x", 2, 2),
        ("location", "y", 1, 0),
    ]


def test_calibration_is_the_gap_between_confidence_and_accuracy() -> None:
    """Rows at 0.95 that are right half the time, and rows at 0.55 that always are, are 0.45 off each."""
    found = evaluate(
        holdout(["a", "a", "b", "b"]), answers(["a", "x", "b", "b"], [0.95, 0.95, 0.55, 0.55]), context=[]
    )
    assert found.calibration_error == pytest.approx(0.45)
    assert [(part.rows, part.accuracy) for part in found.calibration] == [(2, 1.0), (2, 0.5)]


def test_calibration_judges_the_classifier_and_not_the_fallback() -> None:
    """The fallback's own confidence is left out: the best real intent in the ranking counts."""
    said = pd.DataFrame(
        {"intent": [FALLBACK], "confidence": [0.7], "ranking": [[[FALLBACK, 0.7], ["a", 0.25], ["b", 0.1]]]}
    )
    found = evaluate(holdout(["a"]), said, context=[])
    assert [(part.confidence, part.accuracy) for part in found.calibration] == [(0.25, 1.0)]


@given(rows)
def test_an_evaluation_survives_json(pairs: list[tuple[str, str]]) -> None:
    """An evaluation read back from JSON equals the one that was written."""
    found = one(pairs, latency=Latency(1.5, 4.0))
    assert Evaluation.from_dict(json.loads(json.dumps(found.as_dict()))) == found


def test_metrics_leave_out_what_is_not_known() -> None:
    """Without out-of-scope rows and timings there is no figure for them, and no number in its place."""
    assert set(one([("a", "a")]).metrics) == {
        "accuracy", "accuracy_low", "accuracy_high", "macro_f1", "calibration_error", "holdout_rows"
    }  # fmt: skip
    more = one([("out_of_scope", FALLBACK)], latency=Latency(1.5, 4.0)).metrics
    assert (more["out_of_scope_recall"], more["latency_p95_ms"]) == (1.0, 4.0)


def test_an_empty_holdout_is_refused() -> None:
    """No holdout, no judgement: the error says what to do."""
    with pytest.raises(RatchetError, match=r"The holdout is empty.*Ingest more messages"):
        evaluate(holdout([]), answers([]), context=[])


def test_predictions_of_another_holdout_are_refused() -> None:
    """Predictions that do not line up are named, not scored."""
    with pytest.raises(RatchetError, match="1 predictions for 2 holdout rows") as refused:
        evaluate(holdout(["a", "b"]), answers(["a"]), context=[])
    assert "Run the evaluation again" in refused.value.remedy
    assert evaluate(holdout(["a", "b"]), answers(["a", "b"]), context=[]).rows == 2
