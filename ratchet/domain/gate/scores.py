"""Scores: what models answered on one holdout, and how good that is."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import pandas as pd

from ratchet.domain.gate.cost import Cost
from ratchet.domain.gate.evaluation import Evaluation
from ratchet.domain.gate.played import CANDIDATE as CANDIDATE
from ratchet.domain.gate.played import CHAMPION as CHAMPION
from ratchet.domain.wording import percent


@dataclass(frozen=True)
class Scores:
    """The predictions and the evaluation of each model, by its name, for instance `candidate`, `champion`.

    `answers` has the predictions for other sheets of messages, by sheet and model; `costs` what each model costs;
    `synonyms` the words that each model replaces, in lower case, by their value.
    """

    predictions: Mapping[str, pd.DataFrame]
    evaluations: Mapping[str, Evaluation]
    answers: Mapping[str, Mapping[str, pd.DataFrame]] = field(default_factory=dict)
    costs: Mapping[str, Cost] = field(default_factory=dict)
    synonyms: Mapping[str, Mapping[str, str]] = field(default_factory=dict)

    def both(self, sheet: str) -> tuple[pd.DataFrame, pd.DataFrame] | None:
        """Return what candidate and champion answered to a sheet; None where one of them was not asked."""
        answers = self.answers.get(sheet, {})
        return (answers[CANDIDATE], answers[CHAMPION]) if {CANDIDATE, CHAMPION} <= answers.keys() else None

    def describe(self) -> str:
        """Say the accuracies side by side."""
        said = [f"{name} {percent(score.accuracy)}" for name, score in self.evaluations.items()]
        rows = next(iter(self.evaluations.values())).rows
        return f"{', '.join(said)} on {rows:,} holdout messages"
