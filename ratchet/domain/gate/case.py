"""A case: all that is known before a model is trained, and that the later steps of a retrain need."""

from __future__ import annotations

from dataclasses import dataclass

import pandas as pd

from ratchet.domain.corpus.corpus import Corpus
from ratchet.domain.corpus.ledger import Split
from ratchet.domain.corpus.naming import Use
from ratchet.domain.corpus.renames import Succession
from ratchet.domain.corpus.unchecked import Unchecked
from ratchet.domain.corpus.wear import holdout_version
from ratchet.domain.gate.must import Must
from ratchet.domain.release.manifest import Lineage
from ratchet.domain.release.model import Model, Next


@dataclass(frozen=True)
class Case:
    """The data, where the model to come comes from, what was trained before, and what is left to do.

    `known` is the model that was trained from the same rows, code and seed: None where one has to be trained.
    `history` are all registered models, oldest first. `before` holds the champion's messages: None where they are
    today's, or where `unchecked` says why they cannot be had. `musts` are the messages that must never go wrong;
    `recent` the newest that people wrote, or why they could not be read, None where the policy asks none; `allowed`
    pieces that are no personal data. `successions` are the intents that were renamed, split or merged since the
    champion, `leftovers` the lines of the bot that still use a name which is gone.
    """

    corpus: Corpus
    sides: Split
    lineage: Lineage
    known: Model | None
    champion: Model | None
    history: tuple[Model, ...]
    next: Next
    before: pd.DataFrame | None = None
    unchecked: tuple[Unchecked, ...] = ()
    musts: tuple[Must, ...] = ()
    recent: pd.DataFrame | str | None = None
    allowed: tuple[str, ...] = ()
    successions: tuple[Succession, ...] = ()
    leftovers: tuple[Use, ...] = ()

    @property
    def messages(self) -> pd.DataFrame:
        """The corpus's messages, as an object of their own: a run's graph has no arrow for them besides the case's."""
        return self.corpus.frame.copy(deep=False)

    @property
    def holdout_version(self) -> str:
        """The name of the holdout that the case is judged on."""
        return holdout_version(self.sides.holdout["key"])

    def describe(self) -> str:
        """Say what is known."""
        serving = f"version {self.champion.version} is the champion" if self.champion else "no champion yet"
        if self.known is None:
            return f"{serving}; there is something new to train"
        return f"{serving}; version {self.known.version} was trained from exactly this data and code"
