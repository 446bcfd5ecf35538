"""Labelling: which answers are offered for a message, and what a label does to a sample.

A sample's columns are those of `adapters.monitoring.harvest`: `text`, `intent` ("" without a label), the context
fields, and `guess`, `candidate`, `suggestions` (intents with bars between them), `known`.
"""

from __future__ import annotations

from collections.abc import Hashable, Mapping, Sequence

import pandas as pd

from ratchet.domain.corpus.corpus import normalised

OFFERED = 6


def offers(row: Mapping[Hashable, str], out_of_scope: str) -> list[str]:
    """Return the intents to choose from: what was answered, what the candidate says, the next likeliest."""
    named = [row["guess"], row["candidate"], *row["suggestions"].split("|"), out_of_scope]
    return list(dict.fromkeys(name for name in named if name))[:OFFERED]


def to_do(sample: pd.DataFrame) -> list[int]:
    """Return the places of the messages without a label, each once however often it was drawn."""
    open_ones = sample[sample["intent"] == ""]
    forms = open_ones.assign(form=normalised(open_ones["text"]))
    return list(forms.drop_duplicates(["form", *context_of(sample)]).index)


def label(sample: pd.DataFrame, place: int, intent: str) -> pd.DataFrame:
    """Return the sample with a label for the message at a place, wherever the same one is; "" takes it back."""
    context = context_of(sample)
    forms = pd.Series(normalised(sample["text"]), index=sample.index)
    same = (forms == forms[place]) & (sample[context] == sample.loc[place, context]).all(axis=1)
    return sample.assign(intent=sample["intent"].mask(same & (sample["known"] == ""), intent))


def context_of(sample: pd.DataFrame) -> list[str]:
    """Return the context columns: those between the intent and the source."""
    columns = list(sample.columns)
    return columns[columns.index("intent") + 1 : columns.index("source")]


def closest(typed: str, intents: Sequence[str]) -> list[str]:
    """Return the intents that may be meant: just this one, those that begin so, those that contain it."""
    if typed in intents:
        return [typed]
    begins = [name for name in intents if name.startswith(typed)]
    return begins or [name for name in intents if typed in name]
