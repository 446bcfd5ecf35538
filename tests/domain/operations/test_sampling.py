"""Sampling and the estimate of accuracy on real traffic."""

from __future__ import annotations

import json

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ratchet.domain.operations.sampling import STRATA, Estimate, draw, eligible, estimate, with_bad
from tests.tiers import exhaustive


def messages(rows: list[tuple[str, str, float]], failed: bool = False) -> pd.DataFrame:
    """Recorded messages of (text, intent, confidence)."""
    return pd.DataFrame(
        {
            "text": [text for text, _, _ in rows],
            "context": json.dumps({"role": "intern"}),
            "intent": [intent for _, intent, _ in rows],
            "confidence": [confidence for _, _, confidence in rows],
            "ranking": [json.dumps([[intent, confidence]]) for _, intent, confidence in rows],
            "failed": failed,
        }
    )


def test_commands_failures_and_nothing_are_left_out_and_personal_data_is_masked() -> None:
    """What goes to people's eyes holds no number or address, and nothing that steers their terminal."""
    said = messages(
        [
            ("/restart", "a", 0.9),
            ("  ", "a", 0.9),
            ("mail me at ana@example.org", "a", 0.8),
            ("what\x1b[2J is jazz", "nlu_fallback", 0.2),
            ("ok so", "nlu_handoff", 0.1),
        ]
    )
    found = eligible(pd.concat([said, messages([("broken", "", 0.0)], failed=True)]), "out_of_scope")
    assert found["text"].to_list() == ["mail me at <e-mail>", "what [2J is jazz", "ok so"]
    assert found["guess"].to_list() == ["a", "out_of_scope", "out_of_scope"]


@given(st.lists(st.floats(0, 1), min_size=1, max_size=80), st.integers(5, 60))
def test_strata_are_equal_and_the_least_sure_is_the_first(confidences: list[float], count: int) -> None:
    """Sizes differ by one at most, and no more than asked for is drawn from each."""
    said = messages([(f"message {n}", "a", value) for n, value in enumerate(confidences)])
    found = eligible(said, "oos")
    sizes = found["stratum"].value_counts().reindex(range(STRATA), fill_value=0)
    assert sizes.max() - sizes.min() <= 1
    order = found.groupby("stratum")["confidence"].agg(["min", "max"])
    assert (order["max"].to_numpy()[:-1] <= order["min"].to_numpy()[1:]).all()
    sample = draw(found, count, "2026-W47")
    each = -(-count // STRATA)
    assert (sample.groupby("stratum")["drawn"].sum() == sizes[sizes > 0].clip(upper=each)).all()


def test_a_draw_is_the_same_again_and_each_message_comes_once() -> None:
    """Another week draws others; a message that everybody writes is labelled once and counts for all."""
    rows = [(f"message {n % 50}", "a", 0.01 * (n % 50)) for n in range(500)]
    found = eligible(messages(rows), "oos")
    one, again, other = (draw(found, 100, name) for name in ("2026-W47", "2026-W47", "2026-W48"))
    pd.testing.assert_frame_equal(one, again)
    assert one["text"].to_list() != other["text"].to_list()
    assert not one.duplicated(["stratum", "form"]).any()
    assert one["drawn"].sum() == 100


def test_what_users_rated_down_is_labelled_first_and_an_estimate_does_not_see_it() -> None:
    """Drawn by chance or not; without ratings nothing changes."""
    said = messages([(f"message {n}", "a", n / 100) for n in range(100)])
    found = eligible(
        said.assign(rated=["down" if n % 10 == 3 else "up" if n == 4 else "" for n in range(100)]), "oos"
    )
    drawn = draw(found, 20, "2026-W47")
    sample = with_bad(drawn, found, 5)
    bad = sample["rated"] == "down"
    chance = int((drawn["rated"] == "down").sum())
    assert sample["rated"].to_list()[: int(bad.sum())] == ["down"] * int(bad.sum())
    assert int(bad.sum()) == chance + min(5, 10 - chance)
    assert sample["drawn"].sum() == drawn["drawn"].sum() == 20
    assert not sample.duplicated(["form", "context", "guess"]).any()
    labelled = sample.assign(intent="b")
    labelled.loc[~bad | (sample["drawn"] > 0), "intent"] = "a"
    estimated = estimate([20] * STRATA, labelled)
    assert estimated is not None
    assert estimated.accuracy == 1.0
    plain = draw(eligible(said, "oos"), 20, "2026-W47")
    pd.testing.assert_frame_equal(with_bad(plain, eligible(said, "oos"), 5), plain)


def sampled(generator: np.random.Generator, accuracy: np.ndarray, size: int, count: int) -> Estimate:
    """Harvest and label a week whose strata are answered with these accuracies."""
    right = generator.random((STRATA, size)) < accuracy[:, None]
    each = count // STRATA
    rows = [
        {"stratum": s, "drawn": 1, "guess": "a", "intent": "a" if right[s, n] else "b"}
        for s in range(STRATA)
        for n in range(each)
    ]
    found = estimate([size] * STRATA, pd.DataFrame(rows))
    assert found is not None
    return found


@pytest.mark.parametrize(
    "accuracy",
    [
        [0.3, 0.6, 0.85, 0.95, 0.99],
        *map(exhaustive, [[0.5, 0.9, 1.0, 1.0, 1.0], [0.8] * 5, [0.97, 1.0, 1.0, 1.0, 1.0]]),
    ],
)
def test_the_interval_holds_the_truth_in_95_of_100_weeks(accuracy: list[float]) -> None:
    """With 200 labels, whatever the strata are like; and it is narrower than that of a simple sample."""
    generator = np.random.default_rng(7)
    truth = float(np.mean(accuracy))
    weeks = [sampled(generator, np.array(accuracy), 400, 200) for _ in range(400)]
    held = np.mean([week.interval[0] <= truth <= week.interval[1] for week in weeks])
    assert held >= 0.93
    assert abs(np.mean([week.accuracy for week in weeks]) - truth) < 0.01
    assert np.mean([week.interval[1] - week.interval[0] for week in weeks]) < 0.14


def test_strata_count_by_what_they_hold() -> None:
    """A stratum of a tenth of the messages has a tenth of the say."""
    rows = [{"stratum": s, "drawn": 4, "guess": "a", "intent": "a" if s else "b"} for s in range(STRATA)]
    found = estimate([100, 225, 225, 225, 225], pd.DataFrame(rows))
    assert found is not None
    assert found.accuracy == pytest.approx(0.9)
    assert (found.messages, found.labelled) == (1000, 20)


def test_without_a_label_in_each_stratum_nothing_is_estimated() -> None:
    """Rows without a label do not count; an empty stratum needs none."""
    rows = [{"stratum": s, "drawn": 1, "guess": "a", "intent": "a" if s else ""} for s in range(STRATA)]
    assert estimate([10] * STRATA, pd.DataFrame(rows)) is None
    assert estimate([0, 10, 10, 10, 10], pd.DataFrame(rows)) is not None
