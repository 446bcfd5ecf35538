"""The corpus: the labelled messages, and what makes two of them the same.

A corpus frame has the columns `text`, `intent`, the context fields that `params.yaml` declares, and `source`;
all are strings, and "" means unknown. A text may carry Rasa's entity markup.
"""

from __future__ import annotations

import hashlib
import hmac
import re
import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass
from itertools import takewhile
from pathlib import Path

import pandas as pd

from ratchet.domain.corpus.findings import Finding
from ratchet.domain.corpus.policies import RESERVED as RESERVED
from ratchet.domain.corpus.policies import CorpusPolicy as CorpusPolicy

SINGLE = re.compile(r"\[(?P<words>[^\[\]]+)\](?:\([^()]*\)|\{[^{}]*\})")
"""Rasa's entity markup of one entity: `[laptop](device)` and `[laptop]{"entity": "device", …}`."""
ENTITY = re.compile(SINGLE.pattern.removesuffix(")") + r"|\[\s*\{[^{}]*\}(?:\s*,\s*\{[^{}]*\})*\s*\])")
"""That, and the form in which the same words are several entities: `[Rome][{"entity": "city"}, {"entity": "to"}]`."""

NOT_WORDS = re.compile(r"[\W_]+")
ASCII_PUNCTUATION = {point: " " for point in range(128) if not chr(point).isalnum()}
KEY_HEX_DIGITS = 32
NEWEST_FORM = 2
"""The newest version of the normal form; a ledger keeps the one that its keys are made of."""

FIRST_WITHOUT_MEANING = "\u180b"
WITHOUT_MEANING = re.compile("[\u180b-\u180d\u180f\ufe00-\ufe0f\U000e0100-\U000e01ef\U0001f3fb-\U0001f3ff]")
"""Variation selectors, which choose how a character looks, and the skin tones of emoji."""


@dataclass(frozen=True)
class Corpus:
    """One revision of the data: the messages, their ledger, and the files beside them.

    `revision` is the hash in `data.dvc`; `git_revision` the Git commit that it was read at, "" for the
    working tree; `folder` holds the files, `extras` in it the synonyms, lookup tables and regular
    expressions, as Rasa NLU YAML. `warnings` are those of its validation, none before.
    """

    frame: pd.DataFrame
    ledger: pd.DataFrame
    revision: str
    git_revision: str
    folder: Path
    warnings: tuple[Finding, ...] = ()

    @property
    def extras(self) -> Path:
        """The folder of synonyms, lookup tables and regular expressions; it may be absent."""
        return self.folder / "extras"


def plain(text: str, markup: re.Pattern[str] = ENTITY) -> str:
    """Return a text without its entity markup: `a [laptop](device)` is `a laptop`."""
    return markup.sub(lambda match: match["words"], text) if "[" in text else text


def normalise(text: str, form: int = NEWEST_FORM) -> str:
    """Return the form in which two writings of one message are the same.

    Entity markup off, NFKC, case folded, everything but letters, digits and their combining marks to one space.
    A text without letters and digits (punctuation, emoji) stays as it is written, so that `👍` and `👎` remain two
    messages. Variation selectors (such as U+FE0F) and skin tones do not distinguish messages.

    `form` is the version, which belongs to the ledger whose keys are made or compared (`domain.corpus.ledger.form_of`).
    In version 1 a text's marks were kept wherever they stood, the variation selector too, while the emoji before
    it was not: `❤️` and `☠️` were one message; and markup of several entities of the same words stayed in the text.
    """
    text = plain(text, SINGLE if form == 1 else ENTITY)
    if text.isascii():  # the same as below, in both versions, and four times as fast
        folded = text.lower()
        spaced = folded.translate(ASCII_PUNCTUATION)
    else:
        folded = unicodedata.normalize("NFKC", text).casefold()
        if form == 1:
            spaced = NOT_WORDS.sub(keep_marks, folded)
        else:
            if max(folded) >= FIRST_WITHOUT_MEANING:  # no letter of most alphabets is
                folded = WITHOUT_MEANING.sub("", folded) or folded
            spaced = NOT_WORDS.sub(keep_marks_of_words, folded)
    return " ".join(spaced.split()) or " ".join(folded.split())


def keep_marks(match: re.Match[str]) -> str:
    """Keep the combining marks of a stretch of other characters (version 1)."""
    marks = "".join(char if unicodedata.category(char)[0] == "M" else " " for char in match[0])
    return marks if marks.strip() else " "


def keep_marks_of_words(match: re.Match[str]) -> str:
    """Keep the combining marks that follow a letter or digit at once: Hindi and Thai words contain them."""
    between = match[0]
    if between.isascii() or match.start() == 0:
        return " "
    marks = "".join(takewhile(lambda char: unicodedata.category(char)[0] == "M", between))
    return marks if len(marks) == len(between) else f"{marks} "


def key(text: str, salt: str, form: int = NEWEST_FORM) -> str:
    """Return the ledger's key of a text: a keyed hash of its normal form, never of its label.

    Keyed (HMAC-SHA-256, 128 bits as hexadecimal digits), so that the ledger alone does not tell who wrote
    what.
    """
    return hmac.digest(salt.encode(), normalise(text, form).encode(), hashlib.sha256).hex()[:KEY_HEX_DIGITS]


def normalised(texts: Iterable[str], form: int = NEWEST_FORM) -> list[str]:
    """Return the normal form of each text."""
    return [normalise(text, form) for text in as_list(texts)]


def as_list(texts: Iterable[str]) -> list[str]:
    """Return texts as a list: going through a pandas column itself is ten times as slow."""
    return texts.tolist() if isinstance(texts, pd.Series) else list(texts)


def keys(normal_forms: Iterable[str], salt: str) -> list[str]:
    """Return the ledger's key of each text that is in normal form already."""
    secret = salt.encode()
    return [
        hmac.digest(secret, text.encode(), "sha256").hex()[:KEY_HEX_DIGITS] for text in as_list(normal_forms)
    ]


def empty(policy: CorpusPolicy) -> pd.DataFrame:
    """Return a corpus without rows."""
    return pd.DataFrame({column: pd.Series(dtype="str") for column in policy.columns})


def context_values(holdout: pd.DataFrame, field: str) -> pd.Series[str]:
    """The context column as text, '' where the value is not known."""
    return holdout[field].fillna("").astype(str)
