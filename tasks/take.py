"""take: clean the incoming rows, merge them with the corpus and validate the whole."""

from __future__ import annotations

from dataclasses import dataclass

import pandas as pd

from adapters.corpus_store import Store
from adapters.run import Run
from adapters.tables import Reading
from domain import intake, validation
from domain.cleaning import clean
from domain.intake import Merged
from domain.validation import ValidationReport
from tasks.step import step


@dataclass(frozen=True)
class Taken:
    """The corpus with the incoming rows in it, the report on it, and what was done to the rows on the way."""

    merged: Merged
    report: ValidationReport
    repairs: dict[str, int]
    left_out: int
    changed: bool

    @property
    def accepted(self) -> bool:
        """Whether the corpus may be stored."""
        return self.report.ok


@step(lambda taken: f"{int(taken.merged.fresh.sum()):,} new rows, {taken.report.summary()}")
def take(run: Run, store: Store, reading: Reading, relabel: bool, drop_faulty: bool) -> Taken:
    """Return the corpus to be; with `drop_faulty`, rows with errors are left out instead of refusing all."""
    params = run.settings.params
    incoming, repairs = clean(pd.concat([store.edited, reading.frame], ignore_index=True), params.corpus)
    merged = intake.merge(store.frame, incoming, params.corpus, relabel)
    gone = intake.returned(merged, store.ledger, params.split)
    if gone.any():
        repairs["rows left out that were removed once, their like now on the other side"] = int(gone.sum())
        merged = merged.without(gone)
    report = validation.validate(merged.frame, params.validation, params.corpus, merged.fresh)
    faulty = merged.fresh & merged.frame.index.isin(report.faulty)
    left_out = int(faulty.sum()) if drop_faulty else 0
    if left_out:
        merged = merged.without(faulty)
        report = validation.validate(merged.frame, params.validation, params.corpus, merged.fresh)
    changed = bool(merged.fresh.any() or store.removed or reading.extras)
    return Taken(merged, report, repairs, left_out, changed)
