"""What a retirement would move, as the workspace is now."""

from __future__ import annotations

import difflib
from collections.abc import Sequence

import numpy as np
import pandas as pd

from ratchet.adapters.registry.mlflow import Registry
from ratchet.adapters.settings import Settings
from ratchet.adapters.system.threads import in_threads
from ratchet.domain.corpus import ledger, retirement, retiring, wear
from ratchet.domain.corpus.neighbours import Work
from ratchet.domain.corpus.retirement import Retirement
from ratchet.domain.errors import RatchetError


def plan(
    settings: Settings,
    registry: Registry,
    corpus: tuple[pd.DataFrame, pd.DataFrame],
    intents: Sequence[str],
    worn: bool,
) -> Retirement:
    """Return what retiring these intents (none: all) or their worn messages moves; `corpus` is messages and ledger.

    Raises `RatchetError` when there is no such intent, or when too much of the holdout would go.
    """
    frame, book = corpus
    params = settings.params
    require_intents(frame, intents)
    split = ledger.split(frame, book, params.split)
    holdout = split.holdout
    chosen = np.ones(len(holdout), dtype=bool)
    if intents:
        chosen &= holdout["intent"].isin(list(intents)).to_numpy()
    if worn:
        version = wear.holdout_version(holdout["key"])
        decided = wear.decisions_by_row(holdout, registry.models(), version)
        chosen &= decided > params.gate.wear.max_decisions
    planned = retirement.plan(split, chosen, params.split.near_duplicate, Work(spread=in_threads))
    if planned.rows and (refused := retiring.refusal(planned, params.gate.retire, intents)):
        raise refused
    return planned


def require_intents(frame: pd.DataFrame, intents: Sequence[str]) -> None:
    """Raise `RatchetError` for an intent that the corpus does not have."""
    known = frame["intent"].unique().tolist()
    for intent in intents:
        if intent not in known:
            near = difflib.get_close_matches(intent, known, n=3)
            hint = f"Did you mean {' or '.join(near)}?" if near else "See `ratchet data show` for the corpus."
            raise RatchetError(f"The corpus has no intent {intent!r}.", hint)
