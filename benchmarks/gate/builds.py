"""Ten weeks of a growing corpus, a build each week, a quarter of them faulty; seeded throughout."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from enum import StrEnum
from pathlib import Path

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.special import softmax
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.pipeline import Pipeline, make_pipeline, make_union
from sklearn.svm import LinearSVC

from ratchet.domain.corpus import ledger
from ratchet.domain.corpus.ledger import SplitPolicy
from ratchet.domain.gate.rules import TrainingFacts

FAULTY_SHARE = 0.25
WEEKS = 10
BEGIN = date(2026, 1, 5)
DATA = Path(os.environ.get("RATCHET_PUBLIC_DATA", Path(__file__).parents[2].parent / "shared" / "data"))


class Fault(StrEnum):
    """What is wrong with a build's corpus, on both sides of the ledger; the world stays true."""

    NONE = "none"
    CORRUPTED = "half of an intent's labels wrong"
    LOST = "an intent lost"
    NOISE = "10% of all labels wrong"
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

    `corpus` is what it was trained on and judged by. `answers` has intent and confidence for each message
    that is ever held out, by its row in the corpus, so that a later gate can ask this model too. `world`
    tells for each of 3,080 messages that neither training nor gate ever sees whether the model is right.
    """

    week: int
    day: date
    fault: Fault
    corpus: pd.DataFrame
    trained: TrainingFacts
    holdout: pd.DataFrame
    answers: pd.DataFrame
    world: NDArray[np.bool_]

    def predictions(self, holdout: pd.DataFrame) -> pd.DataFrame:
        """This model's predictions for a holdout, of whatever week."""
        found = self.answers.loc[holdout["row"]].reset_index(drop=True)
        ranking = [[pair] for pair in zip(found["intent"], found["confidence"], strict=True)]
        return found.assign(ranking=ranking)


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
    corpus["row"] = corpus.index
    policy = SplitPolicy(salt=str(seed))
    books = list(_books(corpus, growth, policy))
    exam = ledger.split(_known(corpus, growth, WEEKS), books[-1], policy).holdout.set_index("row")
    for week, book in enumerate(books):
        fault = _fault(random) if week else Fault.NONE
        delivered = spoil(_known(corpus, growth, week), fault, random)
        split = ledger.split(delivered, book, policy)
        model = _model().fit(split.train["text"], split.train["intent"])
        yield Build(
            week=week,
            day=_day(week),
            fault=fault,
            corpus=delivered,
            trained=TrainingFacts(dict(Counter(split.train["intent"])), f"week {week}"),
            holdout=split.holdout,
            answers=_answers(model, exam["text"]),
            world=model.predict(world["text"]) == world["intent"].to_numpy(),
        )


def spoil(corpus: pd.DataFrame, fault: Fault, random: np.random.Generator) -> pd.DataFrame:
    """The corpus with the fault in it."""
    intents = np.array(sorted(set(corpus["intent"])))
    victim, other = random.choice(intents, 2, replace=False)
    of_victim = np.flatnonzero(corpus["intent"] == victim)
    labels = corpus["intent"].to_numpy(dtype=object).copy()
    if fault is Fault.CORRUPTED:
        labels[random.permutation(of_victim)[: len(of_victim) // 2]] = other
    elif fault is Fault.LOST:
        return corpus[corpus["intent"] != victim]
    elif fault is Fault.NOISE:
        wrong = random.permutation(len(corpus))[: len(corpus) // 10]
        labels[wrong] = random.choice(intents, len(wrong))
    elif fault is Fault.HALVED:
        return corpus.iloc[np.sort(random.permutation(len(corpus))[: len(corpus) // 2])]
    return corpus.assign(intent=labels)


def _known(corpus: pd.DataFrame, growth: Growth, week: int) -> pd.DataFrame:
    return corpus.iloc[: round(growth.share(week) * len(corpus))]


def _day(week: int) -> date:
    return BEGIN + timedelta(weeks=week)


def _books(corpus: pd.DataFrame, growth: Growth, policy: SplitPolicy) -> Iterator[pd.DataFrame]:
    """The ledger of each week, grown from that of the week before."""
    book = ledger.empty()
    for week in range(WEEKS + 1):
        book = ledger.assign(_known(corpus, growth, week), book, policy, _day(week).isoformat())
        yield book


def _fault(random: np.random.Generator) -> Fault:
    kinds = [kind for kind in Fault if kind is not Fault.NONE]
    return kinds[random.integers(len(kinds))] if random.random() < FAULTY_SHARE else Fault.NONE


def _model() -> Pipeline:
    """Words, pairs of words and parts of words in a linear SVM, like the default pipeline without context."""
    words = TfidfVectorizer(ngram_range=(1, 2), sublinear_tf=True)
    characters = TfidfVectorizer(analyzer="char_wb", ngram_range=(3, 4), min_df=2, sublinear_tf=True)
    return make_pipeline(make_union(words, characters), LinearSVC(tol=1e-2, random_state=0))


def _answers(model: Pipeline, texts: pd.Series) -> pd.DataFrame:
    scores = model.decision_function(texts)
    intents = model.classes_[scores.argmax(axis=1)].astype(object)
    return pd.DataFrame(
        {"intent": intents, "confidence": softmax(scores, axis=1).max(axis=1)}, index=texts.index
    )
