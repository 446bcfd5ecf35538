"""What changed between two models on one holdout, and between the data they were trained on."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from domain.corpus import NEWEST_FORM, normalised
from domain.evaluation import OUT_OF_SCOPE, context_values, correctness
from domain.record import Record
from domain.statistics import chance_of_loss


@dataclass(frozen=True)
class Example(Record):
    """One holdout row that exactly one of the two models got right, with both answers."""

    text: str
    intent: str
    champion: str
    candidate: str
    confidence: float
    context: tuple[tuple[str, str], ...]


@dataclass(frozen=True)
class Comparison(Record):
    """The rows that the candidate gained and lost against the champion, the surest answers first.

    `p_worse` and `p_better` are one-sided exact McNemar p-values.
    """

    rows: int
    gained: tuple[Example, ...]
    lost: tuple[Example, ...]
    p_worse: float
    p_better: float


@dataclass(frozen=True)
class Contest(Record):
    """Two registered models on one holdout; in `comparison` the first takes the candidate's place."""

    first: str
    second: str
    rows: int
    first_accuracy: float
    second_accuracy: float
    comparison: Comparison


@dataclass(frozen=True)
class IntentChange(Record):
    """One intent's messages in two corpora; `relabelled` came to it from another intent."""

    intent: str
    before: int
    after: int
    added: int
    removed: int
    relabelled: int


@dataclass(frozen=True)
class DataChanges(Record):
    """What happened to the corpus: counts of messages, and the intents in which something changed."""

    before: int
    after: int
    added: int
    removed: int
    relabelled: int
    intents: tuple[IntentChange, ...]


def compare(
    holdout: pd.DataFrame,
    candidate: pd.DataFrame,
    champion: pd.DataFrame,
    *,
    context: Sequence[str] = (),
    out_of_scope: str = OUT_OF_SCOPE,
) -> Comparison:
    """List the holdout rows on which exactly one of the two models is right; frames as in `evaluate`."""
    new = correctness(holdout, candidate, out_of_scope=out_of_scope)
    old = correctness(holdout, champion, out_of_scope=out_of_scope)
    values = {field: context_values(holdout, field).tolist() for field in context}
    texts, intents = holdout["text"].tolist(), holdout["intent"].tolist()
    answers, before = candidate["intent"].tolist(), champion["intent"].tolist()
    confidence = candidate["confidence"].tolist()

    def examples(rows: list[int]) -> tuple[Example, ...]:
        return tuple(
            Example(
                text=texts[row],
                intent=intents[row],
                champion=before[row],
                candidate=answers[row],
                confidence=float(confidence[row]),
                context=tuple((field, values[field][row]) for field in context),
            )
            for row in sorted(rows, key=lambda row: (-confidence[row], row))
        )

    gained, lost = np.flatnonzero(new & ~old).tolist(), np.flatnonzero(old & ~new).tolist()
    return Comparison(
        rows=len(holdout),
        gained=examples(gained),
        lost=examples(lost),
        p_worse=chance_of_loss(len(lost), len(gained)),
        p_better=chance_of_loss(len(gained), len(lost)),
    )


def data_changes(
    before: pd.DataFrame, after: pd.DataFrame, context: Sequence[str] = (), form: int = NEWEST_FORM
) -> DataChanges:
    """Compare two corpora (columns text, intent and the context fields), message by message.

    Two rows are the same message if their texts in normal form (version `form`) and contexts are equal. A message
    whose intent differs was relabelled. Intents in which nothing changed are left out; the most changed come first.
    """
    old, new = _messages(before, context, form), _messages(after, context, form)
    both = old.merge(new, how="outer", on="message", suffixes=("_old", "_new"), indicator=True)
    added, removed = both[both["_merge"] == "right_only"], both[both["_merge"] == "left_only"]
    kept = both[both["_merge"] == "both"]
    moved = kept[kept["intent_old"] != kept["intent_new"]]
    was, now = Counter(old["intent"]), Counter(new["intent"])
    came, went = Counter(added["intent_new"]), Counter(removed["intent_old"])
    gained, ceded = Counter(moved["intent_new"]), Counter(moved["intent_old"])
    touched = came + went + gained + ceded
    intents = sorted(touched, key=lambda intent: (-touched[intent], intent))
    return DataChanges(
        before=len(before),
        after=len(after),
        added=len(added),
        removed=len(removed),
        relabelled=len(moved),
        intents=tuple(
            IntentChange(intent, was[intent], now[intent], came[intent], went[intent], gained[intent])
            for intent in intents
        ),
    )


def relabelled(
    holdout: pd.DataFrame, before: pd.DataFrame, context: Sequence[str] = (), form: int = NEWEST_FORM
) -> NDArray[np.bool_]:
    """For each holdout row, whether the corpus `before` held the same message under another intent."""
    known = _messages(before, context, form).set_index("message")["intent"]
    then = _message(holdout, context, form).map(known)
    return np.asarray(then.notna() & (then.to_numpy() != holdout["intent"].to_numpy()))


def _messages(frame: pd.DataFrame, context: Sequence[str], form: int) -> pd.DataFrame:
    """Columns message and intent; a message repeated word for word counts once."""
    rows = pd.DataFrame({"message": _message(frame, context, form), "intent": frame["intent"]})
    return rows.drop_duplicates("message")


def _message(frame: pd.DataFrame, context: Sequence[str], form: int) -> pd.Series[str]:
    """What makes two rows the same message: the normalised text and the context."""
    message = pd.Series(normalised(frame["text"], form), index=frame.index, dtype="str")
    for field in context:
        message = message + "\0" + context_values(frame, field)
    return message
