"""Cleaning: what is certainly an accident of writing or encoding is put right, and counted."""

from __future__ import annotations

import re
import unicodedata

import pandas as pd

from ratchet.domain.corpus.corpus import CorpusPolicy

INVISIBLE = re.compile("[\u00ad\u200b\u200e\u200f\u2060\ufeff]")
"""Soft hyphen, zero-width space, direction marks, word joiner, byte-order mark. Joiners (U+200C/D) carry meaning."""

SUSPECT = re.compile("[\u0080-\u00ff\u0152-\u0192\u02c6-\u02dc\u2013-\u2122]")
"""Characters that text in a wrong encoding is full of: only texts with one are given to ftfy."""


def clean(frame: pd.DataFrame, policy: CorpusPolicy) -> tuple[pd.DataFrame, dict[str, int]]:
    """Return the rows with their texts put right, without repeated rows, and how many each repair touched.

    Repairs: wrong encoding undone (ftfy), NFC, invisible characters off, white space to single spaces. Rows
    that then repeat a text, intent and context are left out; the first one stays.
    """
    columns = ["intent", *policy.context, "source"]
    texts = frame["text"].tolist()
    encoded = [mended(text) if SUSPECT.search(text) else text for text in texts]
    tidied = [tidy(text) for text in encoded]
    cleaned = frame.assign(text=pd.Series(tidied, index=frame.index, dtype="str"))
    for column in columns:
        cleaned[column] = frame[column].str.strip()
    repeated = cleaned.duplicated(["text", "intent", *policy.context])
    counts = {
        "texts in a wrong encoding mended": sum(a != b for a, b in zip(texts, encoded, strict=True)),
        "texts tidied": sum(a != b for a, b in zip(encoded, tidied, strict=True)),
        "repeated rows left out": int(repeated.sum()),
    }
    return cleaned[~repeated], {what: count for what, count in counts.items() if count}


def mended(text: str) -> str:
    """Undo a wrong encoding: `donâ€™t` is `don’t`."""
    import ftfy

    return ftfy.fix_encoding(text)


def tidy(text: str) -> str:
    """Return the text in NFC, without invisible characters, with single spaces."""
    if not text.isascii():
        text = INVISIBLE.sub("", unicodedata.normalize("NFC", text))
    return re.sub(r"\s+", " ", text).strip() if not text.isprintable() or "  " in text else text.strip()
