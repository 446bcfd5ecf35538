"""Rasa's own classifiers on the rows of the sections `few` and `official`: LogisticRegression, and DIET where asked."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pandas as pd

from benchmarks.bot import data, pooled
from benchmarks.bot.tools import LEAN, fitted
from ratchet.domain.migration.project import RASA_DEFAULT

Row = tuple[str, str, str]
COUNTS = (5, 10)
DIET = RASA_DEFAULT[: [entry["name"] for entry in RASA_DEFAULT].index("DIETClassifier") + 1]
"""What Rasa takes where a project names no pipeline, up to the intents: DIET with 100 epochs."""


def few_shot(folder: Path, logistic: Mapping[str, Any], tensorflow: Path | None) -> Iterator[Row]:
    """Few messages an intent of BANKING77: LogisticRegression in the draws of `few`, DIET in the first of them."""
    ask = data.public("banking77", "test")
    for count in COUNTS:
        draws = [pooled.few(data.public("banking77", "train"), count, seed) for seed in range(pooled.DRAWS)]
        each = [
            accuracy(LEAN, logistic, draw, ask, folder / f"logistic-{count}-{seed}")[0]
            for seed, draw in enumerate(draws)
        ]
        what = f"banking77: {count} messages an intent"
        yield f"{what}, LogisticRegression, mean of {len(draws)} draws", pooled.spread(each), ""
        if tensorflow:
            right, seconds = accuracy(tensorflow, {"pipeline": DIET}, draws[0], ask, folder / f"diet-{count}")
            yield f"{what}, DIET, one draw", f"{100 * right:.1f}%, {seconds}", ""


def official(folder: Path, logistic: Mapping[str, Any], tensorflow: Path | None) -> Iterator[Row]:
    """BANKING77's official split."""
    learn, ask = (data.public("banking77", split) for split in ("train", "test"))
    each: list[tuple[str, Path, Mapping[str, Any]]] = [("LogisticRegression", LEAN, logistic)]
    if tensorflow:
        each.append(("DIET", tensorflow, {"pipeline": DIET}))
    for name, python, config in each:
        right, seconds = accuracy(python, config, learn, ask, folder / f"{name}-all")
        yield f"banking77: official split, {name}", f"{100 * right:.1f}%, {seconds}", ""


def accuracy(
    python: Path, config: Mapping[str, Any], learn: pd.DataFrame, ask: pd.DataFrame, folder: Path
) -> tuple[float, str]:
    """Train on one frame and ask the other; returns the share of right intents and what the training took."""
    folder.mkdir(parents=True)
    written = folder / "config.yml"
    written.write_text(
        json.dumps({"recipe": "default.v1", "assistant_id": "peer", "language": "en", **config})
    )
    told, cost = fitted(python, learn, ask, folder, written)
    return float(pooled.right(told).mean()), f"trained in {cost}"
