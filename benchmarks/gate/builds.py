"""Ten weeks of a growing corpus, a build each week, a quarter of them faulty; seeded throughout."""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from enum import StrEnum
from pathlib import Path

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.pipeline import Pipeline, make_pipeline, make_union
from sklearn.svm import LinearSVC

from domain import ledger
from domain.ledger import SplitPolicy
from domain.rules import TrainingFacts

FAULTY_SHARE = 0.25
WEEKS = 10
BEGIN = date(2026, 1, 5)
DATA = Path(os.environ.get("RATCHET_PUBLIC_DATA", Path(__file__).parents[2].parent / "shared" / "data"))


class Fault(StrEnum):
    """What is wrong with a build's training data; the holdout and the world stay true."""

    NONE = "none"
    CORRUPTED = "half of an intent's labels wrong"
    LOST = "an intent lost"
    NOISE = "10 % of all labels wrong"
    HALVED = "half of the data lost"


@dataclass(frozen=True)
class Growth:
    """How much of the corpus a team has at the start and after ten weeks, as shares."""

    name: str
    first: float
    last: float

    def share(self, week: int) -> float:
        return self.first + (self.last - self.first) * week / WEEKS


@dataclass(frozen=True)
class Build:
    """One week's candidate: the holdout of that week, and what the model says to holdout and world.

    `holdout_row` numbers the holdout's rows in the corpus, so that an earlier model can be asked about them:
    `answers` and `confidence` cover every row of the corpus. `world` tells for each of 3,080 messages that
    neither training nor gate ever sees whether the model is right.
    """

    week: int
    day: date
    fault: Fault
    trained: TrainingFacts
    holdout: pd.DataFrame
    holdout_row: NDArray[np.int64]
    answers: NDArray[np.object_]
    confidence: NDArray[np.float64]
    world: NDArray[np.bool_]

    def predictions(self, rows: NDArray[np.int64]) -> pd.DataFrame:
        answers, confidence = self.answers[rows], self.confidence[rows]
        ranking = [[pair] for pair in zip(answers, confidence, strict=True)]
        return pd.DataFrame({"intent": answers, "confidence": confidence, "ranking": ranking})


def read() -> tuple[pd.DataFrame, pd.DataFrame]:
    """BANKING77 as (corpus, world): its official training and test parts."""
    messages = pd.read_csv(DATA / "banking77.csv")
    parts = [
        messages[messages["official_split"] == part].reset_index(drop=True) for part in ("train", "test")
    ]
    return parts[0], parts[1]


def builds(growth: Growth, seed: int) -> Iterator[Build]:
    """The builds of weeks 0 to 10; week 0 is sound, being the first champion."""
    corpus, world = read()
    random = np.random.default_rng([seed, round(100 * growth.first)])
    corpus = corpus.iloc[random.permutation(len(corpus))].reset_index(drop=True)
    policy, book = SplitPolicy(salt=str(seed)), ledger.empty()
    for week in range(WEEKS + 1):
        day = BEGIN + timedelta(weeks=week)
        known = corpus.iloc[: round(growth.share(week) * len(corpus))]
        book = ledger.assign(known, book, policy, day.isoformat())
        split = ledger.split(known.assign(row=known.index), book, policy)
        fault = _fault(random) if week else Fault.NONE
        train = spoil(split.train, fault, random)
        model = _model().fit(train["text"], train["intent"])
        answers, confidence = _answer(model, corpus["text"])
        seen = book.set_index("key")["first_seen"]
        yield Build(
            week=week,
            day=day,
            fault=fault,
            trained=TrainingFacts(len(train), frozenset(train["intent"]), f"week {week}"),
            holdout=split.holdout.assign(first_seen=split.holdout["key"].map(seen)),
            holdout_row=split.holdout["row"].to_numpy(),
            answers=answers,
            confidence=confidence,
            world=model.predict(world["text"]) == world["intent"].to_numpy(),
        )


def spoil(train: pd.DataFrame, fault: Fault, random: np.random.Generator) -> pd.DataFrame:
    """The training rows with the fault in them."""
    intents = np.array(sorted(set(train["intent"])))
    victim, other = random.choice(intents, 2, replace=False)
    of_victim = np.flatnonzero(train["intent"] == victim)
    labels = train["intent"].to_numpy(dtype=object).copy()
    if fault is Fault.CORRUPTED:
        labels[random.permutation(of_victim)[: len(of_victim) // 2]] = other
    elif fault is Fault.LOST:
        return train[train["intent"] != victim]
    elif fault is Fault.NOISE:
        wrong = random.permutation(len(train))[: len(train) // 10]
        labels[wrong] = random.choice(intents, len(wrong))
    elif fault is Fault.HALVED:
        return train.iloc[np.sort(random.permutation(len(train))[: len(train) // 2])]
    return train.assign(intent=labels)


def _fault(random: np.random.Generator) -> Fault:
    kinds = [kind for kind in Fault if kind is not Fault.NONE]
    return kinds[random.integers(len(kinds))] if random.random() < FAULTY_SHARE else Fault.NONE


def _model() -> Pipeline:
    """The features of the default pipeline and its linear SVM, without the context fields."""
    words = TfidfVectorizer(ngram_range=(1, 2), sublinear_tf=True)
    characters = TfidfVectorizer(analyzer="char_wb", ngram_range=(2, 5), min_df=2, sublinear_tf=True)
    return make_pipeline(make_union(words, characters), LinearSVC(tol=1e-2, random_state=0))


def _answer(model: Pipeline, texts: pd.Series) -> tuple[NDArray[np.object_], NDArray[np.float64]]:
    scores = model.decision_function(texts)
    odds = np.exp(scores - scores.max(axis=1, keepdims=True))
    best = scores.argmax(axis=1)
    return model.classes_[best].astype(object), (odds / odds.sum(axis=1, keepdims=True)).max(axis=1)
