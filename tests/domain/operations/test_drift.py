"""Drift: silent on the same traffic, loud on another one."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from ratchet.domain.operations.drift import (
    CONFIDENCE,
    INTENTS,
    WORDS,
    DriftPolicy,
    DriftState,
    Window,
    accept,
    chi_squared,
    compare,
    follow,
    kolmogorov_smirnov,
    window,
    words_of,
)

POLICY = DriftPolicy()


def traffic(generator: np.random.Generator, out_of_scope: float, size: int = 500) -> Window:
    """Messages of 40 intents, a share of which the bot is not meant for: unsure, and full of unknown words."""
    strange = generator.random(size) < out_of_scope
    confidences = np.where(strange, generator.beta(2, 4, size), generator.beta(8, 2, size))
    named = generator.choice(40, size, p=np.arange(1, 41) / 820)
    intents = np.where(strange, "nlu_fallback", np.char.add("i", named.astype(str)))
    names, counts = np.unique(intents, return_counts=True)
    unknown = int((generator.random(size) < np.where(strange, 0.6, 0.1)).sum())
    return Window(
        size,
        tuple(confidences.tolist()),
        dict(zip(names.tolist(), map(int, counts), strict=True)),
        unknown,
    )


def test_unchanged_traffic_is_silent_for_hundreds_of_windows() -> None:
    """Of 300 windows of one kind at most one is called drift; benchmarks/monitor plays many more."""
    generator = np.random.default_rng(1)
    state, alarms = DriftState(), 0
    for _ in range(300):
        state = follow(state, traffic(generator, 0.05), POLICY)
        if state.drifting:
            alarms, state = alarms + 1, accept(state)
    assert alarms <= 1


def test_three_times_the_messages_out_of_scope_are_seen_in_two_windows() -> None:
    """5 → 15%: at least 38 of 40 shifts are found with the second window after the shift."""
    found = 0
    for seed in range(40):
        generator = np.random.default_rng(seed)
        state = DriftState()
        for share in (0.05, 0.05, 0.05, 0.05, 0.15, 0.15):
            state = follow(state, traffic(generator, share), POLICY)
        found += bool(state.drifting)
    assert found >= 38


def test_a_window_that_differs_is_no_reference_until_a_person_says_so() -> None:
    """Drift goes on for as long as the traffic is another one, and ends when it is as before, or accepted."""
    generator = np.random.default_rng(2)
    state = follow(DriftState(), traffic(generator, 0.05), POLICY)
    for _ in range(5):
        state = follow(state, traffic(generator, 0.3), POLICY)
    assert len(state.drifting) == 3
    assert not follow(state, traffic(generator, 0.05), POLICY).drifting
    state = follow(accept(state), traffic(generator, 0.3), POLICY)
    assert not state.drifting


def test_the_tests_say_what_changed() -> None:
    """Each sentence has the figures before and now."""
    before = Window(100, tuple([0.9] * 100), {"a": 90, "b": 10}, 10)
    now = Window(100, tuple([0.4] * 100), {"a": 40, "b": 60}, 60)
    said = {test.name: test.sentence for test in compare(before, now)}
    assert "from 0.90 to 0.40" in said[CONFIDENCE]
    assert "50.0%" in said[INTENTS]
    assert "from 10.0% to 60.0%" in said[WORDS]


@pytest.mark.parametrize("seed", range(5))
def test_the_statistics_are_those_of_scipy(seed: int) -> None:
    """The p-values agree with scipy.stats, whose import costs more than a second."""
    generator = np.random.default_rng(seed)
    one, other = generator.normal(size=300), generator.normal(0.1 * seed, size=500)
    theirs = stats.ks_2samp(one, other, method="asymp").pvalue
    assert kolmogorov_smirnov(one, other) == pytest.approx(theirs, rel=0.15, abs=0.01)
    counts = generator.integers(20, 60, (2, 7)).astype(float)
    assert chi_squared(*counts) == pytest.approx(stats.chi2_contingency(counts, correction=False).pvalue)


@given(st.lists(st.integers(0, 300), min_size=1, max_size=30))
def test_nothing_differs_from_itself(counts: list[int]) -> None:
    """Whatever the counts, rare ones and none at all included."""
    row = np.array(counts, dtype=float)
    if row.sum():
        assert chi_squared(row, row) == 1.0


def test_unknown_words_are_counted_in_any_writing() -> None:
    """Case and punctuation make no word unknown."""
    import pandas as pd

    vocabulary = words_of(["My laptop was stolen!", "reset [password](thing)"])
    messages = pd.DataFrame(
        {"text": ["STOLEN laptop?", "stolen bike", "Password"], "confidence": 0.5, "intent": "a"}
    )
    assert window(messages, vocabulary).unknown == 1
