"""Whether a corpus is in the language that its sentence encoder knows."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import replace

import pandas as pd

from ratchet.domain.corpus.findings import Finding, ValidationReport
from ratchet.domain.corpus.personal_data import mask
from ratchet.domain.wording import percent

RULE = "language"
ENGLISH = frozenset(
    (
        *(
            "the",
            "my",
            "how",
            "what",
            "you",
            "with",
            "this",
            "have",
            "when",
            "where",
            "please",
            "your",
            "need",
            "want",
        ),
        *("get", "would", "there", "from", "that", "they", "and"),
    )
)
"""Frequent English words that are rare in other languages' messages: no `is`, `i`, `do` or `to`."""
LEAST = 0.3
"""Of all messages. BANKING77 has 94%, CLINC150 91%, the example, whose messages are short, 61%."""
FEWEST = 50
"""Messages without which nothing is said."""
SHOWN = 5
WORD = re.compile(r"\w+")


def english_share(texts: Iterable[str]) -> float:
    """Return the share of messages with at least one of the frequent English words; 1 of no messages."""
    hits = [bool(ENGLISH.intersection(WORD.findall(text.lower()))) for text in texts]
    return sum(hits) / len(hits) if hits else 1.0


def with_language(
    report: ValidationReport, corpus: pd.DataFrame, language: str, allowed: Sequence[str]
) -> ValidationReport:
    """Add a warning where the encoder's language is English (`en`) and the corpus (column text) is mostly not."""
    share = english_share(corpus["text"])
    if language != "en" or len(corpus) < FEWEST or share >= LEAST:
        return report
    others = [text for text in corpus["text"] if not ENGLISH.intersection(WORD.findall(text.lower()))]
    sentence = (
        f"{percent(share)} of the messages have one of English's frequent words, at least {percent(LEAST, 0)} are "
        "expected: the corpus is mostly not English, but bot/config.yml names an English sentence encoder. Bring one "
        "for your language (docs/encoder.md), or write `encoder: null`; `ratchet try encoder` shows what each brings."
    )
    shown = tuple(mask(text, allowed) for text in others[:SHOWN])
    finding = Finding(RULE, ("",) * len(shown), shown, len(others), sentence)
    return replace(report, warnings=(*report.warnings, finding))
