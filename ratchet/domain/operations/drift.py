"""Drift: do people write differently than they did while all was well?

Messages are taken in windows of a fixed number, so that a quiet night is judged like a busy noon, and each is
compared with the last windows that were accepted. A window that looks like them is accepted itself; a fixed
reference would differ from any traffic sooner or later. Three tests look at the model's confidence, at what it
predicts, and at words that it never learnt. A test counts when it finds the difference in two windows in a row:
one window in thirty would differ in some test by chance.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Sequence
from dataclasses import dataclass, field, replace
from math import sqrt

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from ratchet.domain.corpus.corpus import normalise
from ratchet.domain.operations.policies import DriftPolicy as DriftPolicy
from ratchet.domain.record import Record
from ratchet.domain.wording import chance, percent

CONFIDENCE, INTENTS, WORDS = "confidence", "intents", "unknown words"
IN_A_ROW = 2
LEAST_EXPECTED = 5.0
"""Counts expected below this are put together: the chi-squared test is not valid for them (Cochran, 1954)."""


@dataclass(frozen=True)
class Window(Record):
    """What the tests need of some messages: how sure the model was, what it predicted, how many messages had a
    word that the training data has not.
    """

    messages: int
    confidences: tuple[float, ...]
    intents: dict[str, int]
    unknown: int


@dataclass(frozen=True)
class Test(Record):
    """One comparison; `before` and `now` are what a person can picture: mean confidence, share of messages."""

    __test__ = False

    name: str
    p: float
    before: float
    now: float

    @property
    def sentence(self) -> str:
        """Say what is different."""
        said = {
            CONFIDENCE: f"the mean confidence went from {self.before:.2f} to {self.now:.2f}",
            INTENTS: f"{percent(self.now)} of the messages are of other intents than before",
            WORDS: f"messages with unknown words went from {percent(self.before)} to {percent(self.now)}",
        }
        return f"{said[self.name]} (chance: {chance(self.p)})"


@dataclass(frozen=True)
class DriftState(Record):
    """What is known of the traffic to one model.

    `cursor` is the id of the last message that was judged. `accepted` are the windows to compare with, the
    newest last; `in_a_row` counts by test in how many of the newest windows it fired; `tests` are the newest.
    """

    model_id: str = ""
    cursor: int = 0
    accepted: tuple[Window, ...] = ()
    newest: Window | None = None
    in_a_row: dict[str, int] = field(default_factory=dict)
    tests: tuple[Test, ...] = ()

    @property
    def drifting(self) -> tuple[Test, ...]:
        """The tests that count."""
        return tuple(test for test in self.tests if self.in_a_row.get(test.name, 0) >= IN_A_ROW)


def window(messages: pd.DataFrame, vocabulary: Collection[str]) -> Window:
    """Reduce messages to what the tests need."""
    unknown = sum(any(word not in vocabulary for word in normalise(t).split()) for t in messages["text"])
    return Window(
        messages=len(messages),
        confidences=tuple(round(float(value), 4) for value in messages["confidence"]),
        intents=dict(Counter(messages["intent"])),
        unknown=unknown,
    )


def words_of(texts: Sequence[str]) -> frozenset[str]:
    """Return the vocabulary of the training data."""
    return frozenset(word for text in texts for word in normalise(text).split())


def follow(state: DriftState, seen: Window, policy: DriftPolicy) -> DriftState:
    """Judge the next window: it is accepted unless a test fires."""
    if not state.accepted:
        return replace(state, accepted=(seen,), newest=seen, in_a_row={}, tests=())
    tests = compare(joined(state.accepted), seen)
    fired = {test.name: state.in_a_row.get(test.name, 0) + 1 for test in tests if test.p < policy.p}
    accepted = state.accepted if fired else (*state.accepted, seen)[-policy.windows :]
    return replace(state, accepted=accepted, newest=seen, in_a_row=fired, tests=tests)


def accept(state: DriftState) -> DriftState:
    """Take the newest window as the one to compare with: a person says that it is as it should be."""
    newest = (state.newest,) if state.newest else ()
    return replace(state, accepted=newest, in_a_row={}, tests=())


def joined(windows: Sequence[Window]) -> Window:
    """Several windows as one."""
    intents: Counter[str] = Counter()
    for one in windows:
        intents.update(one.intents)
    return Window(
        messages=sum(one.messages for one in windows),
        confidences=tuple(value for one in windows for value in one.confidences),
        intents=dict(intents),
        unknown=sum(one.unknown for one in windows),
    )


def compare(before: Window, now: Window) -> tuple[Test, ...]:
    """Run the three tests."""
    names = sorted({*before.intents, *now.intents})
    old, new = (np.array([one.intents.get(name, 0) for name in names], dtype=float) for one in (before, now))
    moved = float(np.abs(new / max(new.sum(), 1) - old / max(old.sum(), 1)).sum() / 2)
    words = [np.array([one.unknown, one.messages - one.unknown], dtype=float) for one in (before, now)]
    return (
        Test(
            CONFIDENCE,
            kolmogorov_smirnov(before.confidences, now.confidences),
            float(np.mean(before.confidences)),
            float(np.mean(now.confidences)),
        ),
        Test(INTENTS, chi_squared(old, new), 0.0, moved),
        Test(WORDS, chi_squared(*words), before.unknown / before.messages, now.unknown / now.messages),
    )


def kolmogorov_smirnov(one: Sequence[float], other: Sequence[float]) -> float:
    """The asymptotic p-value of the two-sample Kolmogorov–Smirnov test: do both come from one distribution?

    Source: N. Smirnov, Annals of Mathematical Statistics 19 (1948). Ties make it conservative.
    """
    from scipy.special import kolmogorov

    first, second = np.sort(one), np.sort(other)
    every = np.concatenate([first, second])
    gaps = np.searchsorted(first, every, "right") / len(first) - np.searchsorted(
        second, every, "right"
    ) / len(second)
    size = len(first) * len(second) / (len(first) + len(second))
    return float(kolmogorov(sqrt(size) * np.abs(gaps).max()))


def chi_squared(one: NDArray[np.float64], other: NDArray[np.float64]) -> float:
    """The p-value of Pearson's chi-squared test that two rows of counts come from one distribution.

    Counts that are too rare for the test are put together; where fewer than two remain, 1.
    """
    from scipy.special import chdtrc

    rows = np.array([one, other])
    share = rows.sum(axis=1).min() / rows.sum()
    common = rows.sum(axis=0) * share >= LEAST_EXPECTED
    rest = rows[:, ~common].sum(axis=1, keepdims=True)
    kept = np.hstack([rows[:, common], rest]) if rest.sum() * share >= LEAST_EXPECTED else rows[:, common]
    if kept.shape[1] < 2:
        return 1.0
    expected = np.outer(kept.sum(axis=1), kept.sum(axis=0)) / kept.sum()
    statistic = float(((kept - expected) ** 2 / expected).sum())
    return float(chdtrc(kept.shape[1] - 1, statistic))
