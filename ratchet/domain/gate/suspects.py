"""Messages whose label may be wrong: a list for a person to review, which never blocks anything."""

from __future__ import annotations

from dataclasses import dataclass

import pandas as pd

from ratchet.domain.gate.evaluation import FALLBACK
from ratchet.domain.record import Record


@dataclass(frozen=True)
class Suspect(Record):
    """A message whose label a model doubts: what it is labelled, what it looks like, how sure each is."""

    text: str
    given: str
    suggested: str
    given_share: float
    suggested_share: float


def suspects(rows: pd.DataFrame, predictions: pd.DataFrame, ratio: float) -> tuple[Suspect, ...]:
    """List the rows (text, intent) that a model not trained on them doubts, the surest doubts first.

    `predictions` has a `ranking` of [intent, confidence] pairs for each row; an intent that is not in it
    counts with confidence 0. The rule p(given) < `ratio` × p(best) is that of confident learning's noise filters in its
    simplest form (Northcutt et al., JAIR 2021).
    """
    found = []
    for text, given, ranking in zip(rows["text"], rows["intent"], predictions["ranking"], strict=True):
        shares = {intent: float(share) for intent, share in ranking if intent != FALLBACK}
        if not shares:
            continue
        best = max(shares, key=lambda intent: shares[intent])
        if shares.get(given, 0.0) < ratio * shares[best]:
            found.append(Suspect(text, given, best, shares.get(given, 0.0), shares[best]))
    return tuple(sorted(found, key=lambda suspect: suspect.given_share - suspect.suggested_share))
