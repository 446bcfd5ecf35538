"""Cleaning: clear accidents of writing or encoding are corrected, and counted with samples."""

from __future__ import annotations

import html
import re
import unicodedata
from collections.abc import Sequence

import pandas as pd

from ratchet.domain.corpus.corpus import CorpusPolicy, as_list
from ratchet.domain.corpus.findings import Finding, shown
from ratchet.domain.wording import count

INVISIBLE = re.compile("[\u00ad\u200b\u200e\u200f\u2060\ufeff]")
"""Soft hyphen, zero-width space, direction marks, word joiner, byte-order mark. Joiners (U+200C/D) carry meaning."""

SUSPECT = re.compile("[\u0080-\u00ff\u0152-\u0192\u02c6-\u02dc\u2013-\u2122]")
"""Characters that text in a wrong encoding is full of: only texts with one are given to ftfy."""

BLOCKS = "p|br|div|li|ul|ol|tr|td|th|table|h[1-6]|hr|pre"
BLOCK = re.compile(rf"</?(?:{BLOCKS})\b[^<>]*>", re.IGNORECASE)
TAG = re.compile(
    rf"</?(?:{BLOCKS}|b|i|u|em|strong|span|a|font|code|img|sup|sub|small)\b[^<>]*>", re.IGNORECASE
)
REFERENCE = re.compile(r"&(?:#\d{1,7}|#[xX][0-9a-fA-F]{1,6}|(?P<name>[A-Za-z][A-Za-z0-9]{1,30}));")

ENCODING, TIDIED, REPEATED = (
    "texts in a wrong encoding mended",
    "texts tidied",
    "repeated rows left out",
)
HTML, NAMES = "HTML undone", "names tidied"


def clean(
    frame: pd.DataFrame, policy: CorpusPolicy, unescape: bool = False
) -> tuple[pd.DataFrame, tuple[Finding, ...]]:
    """Return the rows with their texts put right, without repeated rows, and an account of what was done to them.

    Repairs: wrong encoding undone (ftfy), NFC, invisible characters off, white space to single spaces, the last three
    also in names; with `unescape` also HTML's tags and character references. Rows that then repeat a text, intent and
    context are left out; the first one stays. `frame` has the corpus columns and may have `place`.
    """
    columns = ["intent", *policy.context, "source"]
    placed = frame if "place" in frame else frame.assign(place="")
    texts = frame["text"].tolist()
    plain = [unescaped(text) for text in texts] if unescape else texts
    encoded = [mended(text) if SUSPECT.search(text) else text for text in plain]
    tidied = [tidy(text) for text in encoded]
    cleaned = frame.assign(text=pd.Series(tidied, index=frame.index, dtype="str"))
    for column in columns:
        tidy_names = [tidy(name) for name in as_list(frame[column])]
        cleaned[column] = pd.Series(tidy_names, index=frame.index, dtype="str")
    repeated = cleaned.duplicated(["text", "intent", *policy.context])
    names = ["intent", *policy.context]
    found = [
        changed(HTML, placed, texts, plain, "with HTML, now plain text"),
        changed(ENCODING, placed, plain, encoded, "in a wrong encoding mended"),
        changed(
            TIDIED, placed, encoded, tidied, "tidied: white space, invisible characters, decomposed letters"
        ),
        *(
            changed(
                NAMES,
                placed,
                frame[name].tolist(),
                cleaned[name].tolist(),
                f"whose {name} is tidied: white space, invisible characters, decomposed letters",
            )
            for name in names
        ),
        left_out(placed[repeated.to_numpy()], cleaned[repeated]),
    ]
    return cleaned[~repeated], tuple(one for one in found if one)


def changed(
    rule: str, frame: pd.DataFrame, before: Sequence[str], after: Sequence[str], phrase: str
) -> Finding | None:
    """Say which texts a repair touched, as they were and as they are now; None where it touched none."""
    if before is after:
        return None
    rows = [row for row, (a, b) in enumerate(zip(before, after, strict=True)) if a != b]
    texts = [f"{before[row]!r} → {after[row]!r}" for row in rows[:100]]
    return shown(rule, frame.iloc[rows], texts, f"{count(len(rows), 'text')} {phrase}.") if rows else None


def left_out(rows: pd.DataFrame, cleaned: pd.DataFrame) -> Finding | None:
    """Say which rows repeat an earlier one; None where none does."""
    if rows.empty:
        return None
    said = f"{count(len(rows), 'row')} that repeat another row's text, intent and context left out."
    return shown(REPEATED, rows, cleaned["text"].head(100).tolist(), said)


def has_html(text: str) -> bool:
    """Tell whether a text holds tags or character references of HTML."""
    if "<" in text and TAG.search(text):
        return True
    return "&" in text and any(reference(match) for match in REFERENCE.finditer(text))


def reference(match: re.Match[str]) -> bool:
    """Tell whether what looks like a character reference is one: `&co;` is not."""
    from html.entities import html5

    return match["name"] is None or f"{match['name']};" in html5


def unescaped(text: str) -> str:
    """Return a text without HTML's tags, its character references as characters."""
    if not has_html(text):
        return text
    return html.unescape(TAG.sub("", BLOCK.sub(" ", text)))


def mended(text: str) -> str:
    """Undo a wrong encoding: `donâ€™t` is `don’t`."""
    import ftfy

    return ftfy.fix_encoding(text)


def tidy(text: str) -> str:
    """Return the text in NFC, without invisible characters, with single spaces."""
    if not text.isascii():
        text = INVISIBLE.sub("", unicodedata.normalize("NFC", text))
    return re.sub(r"\s+", " ", text).strip() if not text.isprintable() or "  " in text else text.strip()
