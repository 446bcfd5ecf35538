"""Coverage: intents of which nothing was learnt, and intents that no verdict looks at."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, replace

import pandas as pd

from ratchet.domain.corpus.findings import SHOWN, Finding, ValidationReport
from ratchet.domain.corpus.ledger import Side, Split, SplitPolicy, with_sides
from ratchet.domain.corpus.personal_data import mask
from ratchet.domain.record import Record
from ratchet.domain.wording import count, listed, percent

UNTRAINED, UNJUDGED = "untrained intents", "unjudged intents"
NAMED = 20
"""Intents that a sentence names; their count is always whole."""


@dataclass(frozen=True)
class Uncovered(Record):
    """An intent that lacks a side: its messages, their share of the corpus in [0, 1], how many are held out."""

    intent: str
    messages: int
    share: float
    held_out: int


@dataclass(frozen=True)
class Coverage(Record):
    """The intents without a training message, and those with some but without a holdout message; largest first."""

    untrained: tuple[Uncovered, ...]
    unjudged: tuple[Uncovered, ...]


def cover(intents: pd.Series, sides: pd.Series) -> Coverage:
    """Return what is not covered, from each message's intent and side."""
    table = pd.crosstab(intents, sides).reindex(columns=list(Side), fill_value=0)
    table["all"] = table.sum(axis=1)
    table = table.sort_values("all", ascending=False, kind="stable")

    def rows(chosen: pd.Series) -> tuple[Uncovered, ...]:
        return tuple(
            Uncovered(str(intent), int(size), int(size) / len(intents), int(held_out))
            for intent, size, held_out in zip(
                table.index[chosen], table.loc[chosen, "all"], table.loc[chosen, str(Side.TEST)], strict=True
            )
        )

    untrained = table[Side.TRAIN] == 0
    return Coverage(rows(untrained), rows(~untrained & (table[Side.TEST] == 0)))


def of_split(split: Split) -> Coverage:
    """Return what a split does not cover."""
    parts = {Side.TRAIN: split.train, Side.TEST: split.holdout, Side.QUARANTINE: split.quarantine}
    intents = pd.concat([part["intent"] for part in parts.values()], ignore_index=True)
    sides = pd.Series([side.value for side, part in parts.items() for _ in range(len(part))], dtype="str")
    return cover(intents, sides)


def of_corpus(corpus: pd.DataFrame, ledger: pd.DataFrame, policy: SplitPolicy) -> Coverage:
    """Return what a corpus does not cover by its ledger; messages without a side count for none."""
    return cover(corpus["intent"], with_sides(corpus, ledger, policy)["side"])


def untrained_sentence(found: Collection[Uncovered]) -> str:
    """Name the intents that no model would learn."""
    names = [f"`{one.intent}` ({_messages(one)}, {one.held_out:,} of them held out)" for one in found]
    return f"{count(len(found), 'intent')} without a message to train on: {listed(names, NAMED)}."


def unjudged_sentence(found: Collection[Uncovered]) -> str:
    """Name the intents that no verdict looks at."""
    names = [f"`{one.intent}` ({_messages(one)}, {percent(one.share)} of all)" for one in found]
    return (
        f"{count(len(found), 'intent')} without a message in the holdout, so that no verdict looks at"
        f" {'it' if len(found) == 1 else 'them'}: {listed(names, NAMED)}."
    )


def _messages(one: Uncovered) -> str:
    return count(one.messages, "message")


def with_coverage(
    report: ValidationReport,
    corpus: pd.DataFrame,
    coverage: Coverage,
    allowed: Collection[str],
    remedy: str = "",
    known: Collection[str] = (),
) -> ValidationReport:
    """Add the intents without a side to a report: an error where nothing is trained, a warning where nothing is judged.

    `remedy` ends the error's sentence. Intents in `known` were untrained before these rows came, which are not to
    blame: they are a warning here, and an error of the next retrain.
    """
    new = [one for one in coverage.untrained if one.intent not in known]
    old = [one for one in coverage.untrained if one.intent in known]
    errors, warnings = list(report.errors), list(report.warnings)
    if new:
        errors.append(
            _finding(UNTRAINED, corpus, new, f"{untrained_sentence(new)} {remedy}".strip(), allowed)
        )
    if old:
        said = f"{untrained_sentence(old)} It was so before; the next retrain stops at it."
        warnings.append(_finding(UNTRAINED, corpus, old, said, allowed))
    if coverage.unjudged:
        said = unjudged_sentence(coverage.unjudged)
        warnings.append(_finding(UNJUDGED, corpus, coverage.unjudged, said, allowed))
    return replace(report, errors=tuple(errors), warnings=tuple(warnings))


def _finding(
    rule: str, corpus: pd.DataFrame, found: Collection[Uncovered], sentence: str, allowed: Collection[str]
) -> Finding:
    rows = corpus[corpus["intent"].isin([one.intent for one in found])]
    head = rows.head(SHOWN)
    places = head["place"] if "place" in head else [f"utterances.csv:{row + 2}" for row in head.index]
    texts = tuple(mask(text, list(allowed)) for text in head["text"])
    return Finding(rule, tuple(places), texts, len(rows), sentence)
