"""Typing errors, capitals, nonsense, and what a model costs."""

from __future__ import annotations

from types import SimpleNamespace
from typing import cast

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from rapidfuzz.distance import DamerauLevenshtein

from ratchet.domain.corpus.corpus import CorpusPolicy
from ratchet.domain.corpus.renames import Move, Succession
from ratchet.domain.gate import cost, nonsense, robustness, whole
from ratchet.domain.gate.case import Case
from ratchet.domain.gate.cost import Cost
from ratchet.domain.gate.paired import Pair
from ratchet.domain.gate.policies import CostPolicy, GatePolicy
from ratchet.domain.gate.scores import Scores
from tests.domain.judging import answers, holdout

POLICY = GatePolicy()


@given(st.text(max_size=60), st.integers(0, 1000))
def test_a_typing_error_is_one_and_always_the_same(text: str, seed: int) -> None:
    """At most one edit, and none that empties a word."""
    once, again = (robustness.typo(text, np.random.default_rng(seed)) for _ in range(2))
    assert once == again
    assert DamerauLevenshtein.distance(text, once) <= 1
    assert len(once.split()) == len(text.split())


def test_most_messages_get_one() -> None:
    """And lower case has neither capitals nor punctuation."""
    rows = holdout(["a"] * 300)
    rows["text"] = [f"Please order laptop number {n}, NOW!" for n in range(300)]
    made = robustness.sheets(rows, 200)
    assert {name: len(frame) for name, frame in made.items()} == {"typos": 200, "plain": 200}
    changed = sum(
        a != b
        for a, b in zip(made["typos"]["text"], rows["text"].iloc[robustness.sample(rows, 200)], strict=True)
    )
    assert changed == 200
    assert set(made["plain"]["text"].str.replace(r"\d+", "N", regex=True)) == {
        "please order laptop number N now"
    }
    assert robustness.plain("?!") == "?!"


@pytest.mark.parametrize(
    ("rows", "lost", "outcome"), [(400, 8, "pass"), (400, 24, "ask"), (299, 8, "pass"), (299, 24, "warn")]
)
def test_a_model_that_bears_less_asks(rows: int, lost: int, outcome: str) -> None:
    """More than three points, and hardly by chance; few rows warn, and rows with another label do not count."""
    champion = np.ones(rows, dtype=bool)
    candidate = champion.copy()
    candidate[:lost] = False
    kept = np.ones(rows, dtype=bool)
    (rule,) = robustness.rule("typos", Pair(candidate, champion), kept, POLICY)
    assert rule.outcome == outcome
    kept[:lost] = False
    assert [one.outcome for one in robustness.rule("typos", Pair(candidate, champion), kept, POLICY)] == [
        "pass"
    ]


def test_a_fall_on_intents_that_were_split_is_no_gain_of_the_parts() -> None:
    """The champion knows the whole alone: right on it is right on each part, so what the candidate loses is seen."""
    moves = (Move("it", "mail", 200, 400), Move("it", "net", 200, 400))
    case = SimpleNamespace(
        sides=SimpleNamespace(holdout=holdout(["mail"] * 200 + ["net"] * 200)),
        successions=(Succession("split", ("it",), ("mail", "net"), moves),),
    )
    ours = answers(["else"] * 24 + ["net"] * 6 + ["mail"] * 170 + ["net"] * 200)
    asked = {name: {"candidate": ours, "champion": answers(["it"] * 400)} for name in robustness.NAMES}
    scores = Scores({}, {}, answers=asked)
    found, rules = whole.of_variants(cast("Case", case), scores, None, POLICY, CorpusPolicy())
    assert [(one.candidate, one.champion) for one in found] == [(370, 400)] * 2
    assert [(rule.outcome, round(400 * rule.value)) for rule in rules] == [("ask", 24)] * 2


def said(fallbacks: int) -> pd.DataFrame:
    return answers(["nlu_fallback"] * fallbacks + ["a"] * (nonsense.MESSAGES - fallbacks))


@pytest.mark.parametrize(
    ("candidate", "champion", "outcomes"),
    [(0, 80, ["ask"]), (19, 80, ["ask"]), (20, 80, ["pass"]), (90, 80, ["pass"]), (0, 19, [])],
)
def test_a_bot_that_answers_nonsense_asks(candidate: int, champion: int, outcomes: list[str]) -> None:
    """Where the champion handed over hardly any, nothing follows."""
    found = nonsense.rules(said(candidate), said(champion), "out_of_scope", POLICY)
    assert [rule.outcome for rule in found] == outcomes


def test_the_nonsense_is_always_the_same_and_never_twice() -> None:
    """Seeded; each a message of its own."""
    assert nonsense.sheet(["role"]).equals(nonsense.sheet(["role"]))
    assert nonsense.sheet([])["text"].is_unique


@pytest.mark.parametrize(
    ("candidate", "asks"),
    [
        (Cost(1.0, 4.0, 10, 200_000_000), []),
        (Cost(9.0, 49.0, 10, 200_000_000), []),
        (Cost(9.0, 59.0, 10, 200_000_000), ["95 of 100 messages take up to 59.0 ms"]),
        (Cost(1.0, 4.0, 300_000_000, 200_000_000), ["The archive has 300.0 MB"]),
        (Cost(1.0, 4.0, 10, 500_000_000), ["A process that serves it has 500.0 MB"]),
        (Cost(1.0, 4.0, 10, None), []),
    ],
)
def test_what_costs_many_times_as_much_asks(candidate: Cost, asks: list[str]) -> None:
    """A ratio alone does not: one millisecond instead of a fifth is no matter."""
    found = cost.rules(candidate, Cost(1.0, 4.0, 10, 200_000_000), CostPolicy())
    assert [rule.sentence.split(",")[0] for rule in found if rule.outcome == "ask"] == asks
    assert [rule.outcome for rule in cost.rules(candidate, None, CostPolicy())] == ["warn"]
