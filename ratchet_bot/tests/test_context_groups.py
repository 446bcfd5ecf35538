"""The example's messages whose process depends on who asks."""

from __future__ import annotations

import csv
import hashlib
from collections import defaultdict
from pathlib import Path

import pytest
import ruamel.yaml

from ratchet_bot.components import linear

EXAMPLE = Path(__file__).parents[2] / "examples" / "helpdesk"


def held_out(text: str) -> bool:
    """Whether a text belongs to the quarter that no training sees; all its contexts go together."""
    return hashlib.sha256(text.encode()).digest()[0] < 64


@pytest.mark.long
@pytest.mark.skipif(not EXAMPLE.is_dir(), reason="this workspace has no copy of the example")
def test_context_decides() -> None:
    """On texts that training has not seen, each context group is right in 95 of 100 cases; without the context
    less than half of them are."""
    with (EXAMPLE / "data" / "utterances.csv").open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    contexts = [{field: row[field] for field in ("role", "location") if row[field]} for row in rows]
    seen = [i for i, row in enumerate(rows) if not held_out(row["text"])]
    model = linear.train(
        [rows[i]["text"] for i in seen],
        [rows[i]["intent"] for i in seen],
        [contexts[i] for i in seen],
        linear.Options(),
    )
    intents = defaultdict(set)
    for row in rows:
        intents[row["text"]].add(row["intent"])
    groups = ruamel.yaml.YAML(typ="safe", pure=True).load(
        (EXAMPLE / "context_groups.yml").read_text(encoding="utf-8")
    )
    blind = []
    for group in groups:
        asked = [
            i
            for i, row in enumerate(rows)
            if held_out(row["text"]) and row["intent"] in group["intents"] and len(intents[row["text"]]) > 1
        ]
        texts, truth = [rows[i]["text"] for i in asked], [rows[i]["intent"] for i in asked]
        right = _right(model, texts, [contexts[i] for i in asked], truth)
        assert sum(right) / len(right) >= 0.95, group["group"]
        blind += _right(model, texts, [{}] * len(texts), truth)
    assert sum(blind) / len(blind) < 0.5


def _right(
    model: linear.LinearModel, texts: list[str], contexts: list[dict[str, str]], truth: list[str]
) -> list[bool]:
    best = model.predict(texts, contexts)[0].argmax(axis=1)
    return [model.intents[i] == intent for i, intent in zip(best, truth, strict=True)]
