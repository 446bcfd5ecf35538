"""What validation found: a value that travels to the terminal, the page, the gate and the next run."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import pandas as pd

from ratchet.domain.corpus.personal_data import mask
from ratchet.domain.record import Record
from ratchet.domain.wording import count

SHOWN = 100
"""Rows that a finding names; their count is always whole."""


@dataclass(frozen=True)
class Finding(Record):
    """One rule that rows break: where they are (`file:row`), their texts (masked), how many, a sentence."""

    rule: str
    rows: tuple[str, ...]
    texts: tuple[str, ...]
    count: int
    sentence: str

    def lines(self) -> list[tuple[str, str]]:
        """Return places and texts side by side."""
        return list(zip(self.rows, self.texts, strict=True))


@dataclass(frozen=True)
class ValidationReport(Record):
    """What validation found, and in how many rows; `faulty` are the numbers (from 0) of all rows with an error of
    their own, in contrast to errors of a whole intent.

    `account` says what was left out, guessed, repaired or joined on the way; `unread` counts the rows with an error
    that were refused before they came into the corpus, and are not among `faulty`.
    """

    rows: int
    intents: int
    errors: tuple[Finding, ...]
    warnings: tuple[Finding, ...]
    faulty: tuple[int, ...] = ()
    account: tuple[Finding, ...] = ()
    unread: int = 0

    @property
    def ok(self) -> bool:
        """Whether the rows may enter the corpus."""
        return not self.errors

    def summary(self) -> str:
        """Say in a few words what was found."""
        return f"{count(len(self.errors), 'kind')} of errors, {count(len(self.warnings), 'kind')} of warnings"


def shown(rule: str, rows: pd.DataFrame, texts: Sequence[str], sentence: str) -> Finding:
    """Make a finding of all these rows, which have the column `place`; the texts of the first ones beside them."""
    head = min(len(rows), SHOWN)
    return Finding(rule, tuple(rows["place"].head(head)), tuple(texts[:head]), len(rows), sentence)


def masked(finding: Finding, allowed: Sequence[str]) -> Finding:
    """Return a finding with the personal data in its texts masked."""
    return replace(finding, texts=tuple(mask(text, allowed) for text in finding.texts))


def with_review(
    report: ValidationReport, suspects: pd.DataFrame, allowed: Sequence[str], ratio: float
) -> ValidationReport:
    """Add the suspected label errors (see `ratchet.domain.corpus.review.to_review`) to a report, as a warning."""
    if suspects.empty:
        return report
    head = suspects.head(SHOWN)
    shown = zip(head["text"], head["intent"], head["likely"], strict=True)
    texts = [f"{mask(text, allowed)}  ({given}; rather {likely}?)" for text, given, likely in shown]
    finding = Finding(
        "suspected label errors",
        tuple(head["place"]),
        tuple(texts),
        len(suspects),
        f"{count(len(suspects), 'row')} to review: a model trained without the row gives its intent less than"
        f" {ratio:g} times the likelihood of another.",
    )
    return replace(report, warnings=(*report.warnings, finding))
