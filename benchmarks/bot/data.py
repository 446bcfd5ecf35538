"""The data of the bot's benchmarks, as the bot's tools and as Rasa's own commands read them."""

from __future__ import annotations

import json
import os
import random
from collections.abc import Iterable
from itertools import product
from pathlib import Path

import pandas as pd

from ratchet.domain.corpus import ledger
from ratchet.domain.corpus.corpus import normalised

PUBLIC = Path(os.environ.get("RATCHET_PUBLIC_DATA", "../shared/data"))
EXAMPLE = Path("examples/helpdesk/data")
CONTEXT = ["role", "location"]
OUT_OF_SCOPE = "oos"

ROLES, LOCATIONS = ("employee", "contractor"), ("berlin", "lisbon")
OPENERS = ("", "please", "hi", "hello", "quick question", "urgent", "sorry to bother you", "one more thing")
FORMS = (
    "how do i {}",
    "i need to {}",
    "where can i {}",
    "can you help me {}",
    "i want to {}",
    "who do i ask to {}",
)
DEPENDS = {
    "reset my password": (),
    "book a meeting room": (),
    "report a phishing mail": (),
    "see the menu of the canteen": (),
    "find the company handbook": (),
    "join the chess club": (),
    "ask for leave": ("role", "location"),
    "report sick": ("role", "location"),
    "hand in expenses": ("role",),
    "order a laptop": ("role",),
    "park my car": ("location",),
    "get a visitor badge": ("location",),
}
"""Topics of the synthetic set, and the fields on which the right process depends."""


def public(name: str, split: str) -> pd.DataFrame:
    """Rows of a public set's official split: columns text, intent."""
    frame = pd.read_csv(PUBLIC / f"{name}.csv", dtype=str, keep_default_na=False)
    return frame[frame["official_split"] == split][["text", "intent"]].reset_index(drop=True)


def synthetic() -> tuple[pd.DataFrame, pd.DataFrame]:
    """Train and test rows of messages whose process depends on role, location, both or neither; no text on both sides.

    Who knows the text alone can at best guess among the processes of its topic: right in 71% of the cases.
    """
    wordings = [f"{opener} {form}".strip() for opener, form in product(OPENERS, FORMS)]
    random.Random(1).shuffle(wordings)
    rows = [
        {
            "text": wording.format(topic),
            "intent": "_".join([topic.replace(" ", "_"), *(person[field] for field in fields)]),
            **person,
            "held": number % 4 == 0,
        }
        for number, wording in enumerate(wordings)
        for topic, fields in DEPENDS.items()
        for person in (dict(zip(CONTEXT, pair, strict=True)) for pair in product(ROLES, LOCATIONS))
    ]
    frame = pd.DataFrame(rows)
    return frame[~frame["held"]].drop(columns="held"), frame[frame["held"]].drop(columns="held")


def example() -> tuple[pd.DataFrame, pd.DataFrame]:
    """Train side and holdout of the example, by its ledger; `group` marks texts that are under several intents."""
    frame = pd.read_csv(EXAMPLE / "utterances.csv", dtype=str, keep_default_na=False)
    book = pd.read_csv(EXAMPLE / "ledger.csv", dtype=str)
    forms = pd.Series(normalised(frame["text"]))
    frame["group"] = forms.map(frame.groupby(forms.to_numpy())["intent"].nunique()).gt(1)
    sides = ledger.split(frame, book, ledger.SplitPolicy(salt="helpdesk"))
    return sides.train, sides.holdout


def write_json_lines(frame: pd.DataFrame, path: Path) -> Path:
    """Write rows as the bot's tools read them; the key is the row's number."""
    fields = [field for field in CONTEXT if field in frame.columns]
    with path.open("w", encoding="utf-8") as file:
        for key, row in enumerate(frame.to_dict("records")):
            context = {field: row[field] for field in fields if row[field]}
            line = {"key": str(key), "text": row["text"], "intent": row["intent"], "context": context}
            file.write(json.dumps(line, ensure_ascii=False) + "\n")
    return path


def write_rasa_yaml(frame: pd.DataFrame, path: Path) -> Path:
    """Write rows as Rasa's own commands read them."""
    lines = ['version: "3.1"', "nlu:"]
    for intent, rows in frame.groupby("intent"):
        lines += [f"- intent: {intent}", "  examples: |", *_examples(rows["text"])]
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return path


def _examples(texts: Iterable[str]) -> list[str]:
    # Rasa's format has no escape: line breaks end an example, and brackets before parentheses are an entity.
    return [f"    - {' '.join(text.split()).replace('](', '] (')}" for text in texts]
