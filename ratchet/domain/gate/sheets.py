"""Several sheets of messages as one, so that a model is loaded once to answer them all."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import pandas as pd


def stacked(sheets: Mapping[str, pd.DataFrame], context: Sequence[str]) -> pd.DataFrame:
    """Put sheets under each other, key, text, intent and context fields; each key begins with its sheet's name."""
    columns = ["key", "text", "intent", *context]
    parts = [
        rows[columns].astype("str").assign(key=[f"{name}/{key}" for key in rows["key"]])
        for name, rows in sheets.items()
    ]
    return pd.concat(parts, ignore_index=True)


def unstacked(predictions: pd.DataFrame, sheets: Mapping[str, pd.DataFrame]) -> dict[str, pd.DataFrame]:
    """Return the predictions for each sheet, with the keys that it has."""
    found, begin = {}, 0
    for name, rows in sheets.items():
        part = predictions.iloc[begin : begin + len(rows)].reset_index(drop=True)
        found[name] = part.assign(key=rows["key"].to_list())
        begin += len(rows)
    return found
