"""What changed between two corpora, counted: messages that came, went or were relabelled."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from ratchet.domain.corpus.corpus import NEWEST_FORM, context_values, normalised
from ratchet.domain.record import Record


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
