"""Cleaning puts right what is certainly an accident, and nothing else."""

import pandas as pd
import pytest

from ratchet.domain.corpus.cleaning import clean
from ratchet.domain.corpus.corpus import CorpusPolicy

POLICY = CorpusPolicy(context={"role": None})


def rows(*texts: str, intent: str = "greet", role: str = "") -> pd.DataFrame:
    """A frame of texts."""
    return pd.DataFrame({"text": texts, "intent": intent, "role": role, "source": "x"}, dtype="str")


@pytest.mark.parametrize(
    ("written", "cleaned"),
    [
        ("I donâ€™t know", "I don’t know"),
        ("Ã¼ber die BrÃ¼cke", "über die Brücke"),
        ("  two   spaces\tand\na break ", "two spaces and a break"),
        ("zero\u200bwidth\ufeff", "zerowidth"),
        ("e\u0301t\u00e9", "\u00e9t\u00e9"),
        ("non\u00a0breaking", "non breaking"),
    ],
)
def test_accidents_are_put_right(written: str, cleaned: str) -> None:
    """Wrong encodings, stray white space, invisible characters and decomposed letters."""
    frame, _ = clean(rows(written), POLICY)
    assert frame["text"].tolist() == [cleaned]


@pytest.mark.parametrize(
    "text", ["naïve café – “quoted” €5", "नमस्ते", "a👨‍👩‍👧b", "HELLO!!", "[laptop](device)"]
)
def test_what_is_meant_stays(text: str) -> None:
    """Accents, quotes, joined emoji, case, punctuation and entity markup are left alone."""
    frame, repairs = clean(rows(text), POLICY)
    assert frame["text"].tolist() == [text]
    assert repairs == ()


def test_repeated_rows_are_left_out_and_counted() -> None:
    """The same text, intent and context once; in another context it is another row."""
    frame, repairs = clean(pd.concat([rows("hi", "hi "), rows("hi", role="manager")]), POLICY)
    assert frame[["text", "role"]].to_numpy().tolist() == [["hi", ""], ["hi", "manager"]]
    assert {one.rule: one.count for one in repairs} == {"texts tidied": 1, "repeated rows left out": 1}
