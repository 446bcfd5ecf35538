"""Whether a corpus is in the language that its sentence encoder knows."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import replace

import pandas as pd

from ratchet.domain.corpus.findings import Finding, ValidationReport
from ratchet.domain.corpus.personal_data import mask
from ratchet.domain.wording import count, listed, percent

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
"""With fewer messages than this, no warning is given."""
SHOWN = 5
WORD = re.compile(r"\w+")


def english_share(texts: Iterable[str]) -> float:
    """Return the share of messages with at least one of the frequent English words; 1 of no messages."""
    hits = [bool(ENGLISH.intersection(WORD.findall(text.lower()))) for text in texts]
    return sum(hits) / len(hits) if hits else 1.0


def with_language(
    report: ValidationReport,
    corpus: pd.DataFrame,
    language: str,
    allowed: Sequence[str],
    field: str | None = None,
) -> ValidationReport:
    """Add a warning where the encoder's language is English (`en`) and the corpus (column text) is mostly not.

    `field` is the column with a message's language, None where there is none: the messages in others are then named.
    """
    if language != "en":
        return report
    texts, fact = said_to_be_others(corpus, field) if field else taken_for_others(corpus)
    if not texts:
        return report
    sentence = (
        f"{fact}, but bot/config.yml names an English sentence encoder. Write `encoder: multilingual` or "
        "`encoder: null`; `ratchet try encoder multilingual` shows what the first brings."
    )
    shown = tuple(mask(text, allowed) for text in texts[:SHOWN])
    finding = Finding(RULE, ("",) * len(shown), shown, len(texts), sentence)
    return replace(report, warnings=(*report.warnings, finding))


def said_to_be_others(corpus: pd.DataFrame, field: str) -> tuple[list[str], str]:
    """Return the messages whose language is given as another than English (`en`, `en-GB`, …), and the fact."""
    values = corpus[field].str.lower()
    rows = corpus[(values != "") & ~values.str.startswith("en")]
    counts = rows[field].value_counts(sort=False).sort_index()
    named = listed([f"{value} ({number:,})" for value, number in counts.items()])
    return rows["text"].tolist(), f"{count(len(rows), 'message')} in other languages than English: {named}"


def taken_for_others(corpus: pd.DataFrame) -> tuple[list[str], str]:
    """Return the messages without one of English's frequent words, where most are; none where the corpus is English."""
    share = english_share(corpus["text"])
    if len(corpus) < FEWEST or share >= LEAST:
        return [], ""
    others = [text for text in corpus["text"] if not ENGLISH.intersection(WORD.findall(text.lower()))]
    return others, (
        f"{percent(share)} of the messages have one of English's frequent words, at least {percent(LEAST, 0)} are "
        "expected: the corpus is mostly not English"
    )
