"""Labelling: which answers are offered for a message, and what a label does to a sample.

A sample's columns are those of `adapters.monitoring.harvest`: `text`, `intent` ("" without a label), the context
fields, and `guess`, `candidate`, `suggestions` (intents with bars between them), `known`; and what people's work adds,
`MARKS`.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass

import pandas as pd

from ratchet.domain.corpus.corpus import normalised

OFFERED = 6
BY, UNSURE, TAKEN = "labelled_by", "unsure_by", "taken"
MARKS = (BY, UNSURE, TAKEN)
"""Columns with "" where nothing is to be said: who gave the label, who was not sure, and "yes" once the label is in the
corpus.
"""


@dataclass(frozen=True)
class Mark:
    """What people said about a message: its label, "" for none, and who gave it, or who was not sure."""

    intent: str = ""
    by: str = ""
    unsure: str = ""


def offers(row: Mapping[Hashable, str], out_of_scope: str) -> list[str]:
    """Return the intents to choose from: what was answered, what the candidate says, the next likeliest."""
    named = [row["guess"], row["candidate"], *row["suggestions"].split("|"), out_of_scope]
    return list(dict.fromkeys(name for name in named if name))[:OFFERED]


def to_do(sample: pd.DataFrame) -> list[int]:
    """Return the places of the messages without a label, each once however often it was drawn."""
    open_ones = sample[sample["intent"] == ""]
    forms = open_ones.assign(form=normalised(open_ones["text"]))
    return list(forms.drop_duplicates(["form", *context_of(sample)]).index)


def complete(sample: pd.DataFrame) -> pd.DataFrame:
    """Return a sample with all columns of `MARKS`."""
    return sample.assign(**{mark: "" for mark in MARKS if mark not in sample})


def keys_of(sample: pd.DataFrame) -> list[str]:
    """Return the key of each message of a sample: 16 hexadecimal digits of its normal form and context."""
    context = sample[context_of(sample)].astype(str).to_numpy().tolist()
    return [key_of(form, values) for form, values in zip(normalised(sample["text"]), context, strict=True)]


def key_of(form: str, context: Sequence[str]) -> str:
    """Return the key of a message: its normal form, and its context values in the order of the columns."""
    written = json.dumps([form, *context])
    return hashlib.sha256(written.encode("utf-8", "surrogatepass")).hexdigest()[:16]


def marked(sample: pd.DataFrame, marks: Mapping[str, Mark]) -> pd.DataFrame:
    """Return a complete sample with other marks for messages, by their keys; what the corpus knows stays as it is."""
    found = sample.assign(key=keys_of(sample))
    for key, mark in marks.items():
        same = (found["key"] == key) & (found["known"] == "")
        found.loc[same, ["intent", *MARKS]] = [mark.intent, mark.by, mark.unsure, ""]
    return found.drop(columns="key")


def taken(sample: pd.DataFrame, labels: Mapping[str, str]) -> pd.DataFrame:
    """Return a complete sample in which these labels, by the messages' keys, are in the corpus."""
    keys = keys_of(sample)
    same = [labels.get(key) == intent for key, intent in zip(keys, sample["intent"], strict=True)]
    return sample.assign(**{TAKEN: sample[TAKEN].mask(pd.Series(same, index=sample.index), "yes")})


def open_ones(sample: pd.DataFrame) -> int:
    """Count the messages without a label about which no one was unsure, each once."""
    return len(to_do(sample[complete(sample)[UNSURE] == ""]))


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
