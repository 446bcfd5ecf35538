"""Scores: what models answered on one holdout, and how good that is."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import pandas as pd

from ratchet.domain.gate.evaluation import Evaluation
from ratchet.domain.wording import percent

CANDIDATE, CHAMPION = "candidate", "champion"


@dataclass(frozen=True)
class Scores:
    """The predictions and the evaluation of each model, by its name, for instance `candidate`, `champion`."""

    predictions: Mapping[str, pd.DataFrame]
    evaluations: Mapping[str, Evaluation]

    def describe(self) -> str:
        """Say the accuracies side by side."""
        said = [f"{name} {percent(score.accuracy)}" for name, score in self.evaluations.items()]
        rows = next(iter(self.evaluations.values())).rows
        return f"{', '.join(said)} on {rows:,} holdout messages"
