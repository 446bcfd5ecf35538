"""Messages made from those of a public set, as many as wanted: what a large corpus of one team looks like."""

from __future__ import annotations

import random

import pandas as pd

OPENINGS = [
    "",
    "",
    "",
    "hi, ",
    "hello ",
    "please ",
    "quick question: ",
    "could you help? ",
    "sorry but ",
    "ok so ",
]
ENDINGS = ["", "", "", "", " please", " thanks", " asap", " - urgent", " any idea?", " can you check"]


def grow(corpus: pd.DataFrame, rows: int, seed: int = 1) -> pd.DataFrame:
    """Return `rows` messages: those of the corpus first, then new ones.

    A new message is the beginning of one message and the end of another of the same intent, with an opening, an
    ending, and in one of four cases a slip of the finger. Texts are distinct.
    """
    rng = random.Random(seed)
    by_intent = {intent: texts.str.split().tolist() for intent, texts in corpus.groupby("intent")["text"]}
    intents = sorted(by_intent)
    made = dict(zip(corpus["text"], corpus["intent"], strict=True))
    while len(made) < rows:
        intent = rng.choice(intents)
        one, other = rng.choice(by_intent[intent]), rng.choice(by_intent[intent])
        words = [*one[: rng.randint(1, len(one))], *other[rng.randint(0, len(other) - 1) :]]
        text = f"{rng.choice(OPENINGS)}{' '.join(words)}{rng.choice(ENDINGS)}"
        if rng.random() < 0.25:
            text = slip(text, rng)
        made.setdefault(text, intent)
    frame = pd.DataFrame({"text": list(made), "intent": list(made.values())}, dtype="str")
    return frame[:rows]


def slip(text: str, rng: random.Random) -> str:
    """Swap, drop or double one character."""
    at = rng.randrange(len(text))
    kind = rng.randrange(3)
    if kind == 0:
        return text[:at] + text[at + 1 : at + 2] + text[at : at + 1] + text[at + 2 :]
    return text[:at] + text[at + 1 :] if kind == 1 else text[:at] + text[at] + text[at:]
