"""Planted label errors come up for review; clean labels do not."""

import pandas as pd

from ratchet.domain.corpus.corpus import CorpusPolicy
from ratchet.domain.corpus.review import to_review

ACTIONS = {"leave": "holiday vacation days off", "laptop": "computer screen keyboard mouse"}


def corpus() -> pd.DataFrame:
    """Two intents with words of their own."""
    made = [
        {"text": f"{opening} {word} or {other}", "intent": intent, "source": "", "place": f"f:{number}"}
        for intent, words in ACTIONS.items()
        for number, opening in enumerate(
            ("i need", "where is my", "please give me", "about the", "no more", "new")
        )
        for word in words.split()
        for other in words.split()
        if other != word
    ]
    return pd.DataFrame(made, dtype="str")


def test_a_planted_error_is_the_first_suspect() -> None:
    """One message under the wrong intent among 144."""
    frame = corpus()
    frame.loc[3, "intent"] = "laptop"
    found = to_review(frame, CorpusPolicy(), ratio=0.5)
    assert found.iloc[0]["text"] == frame.loc[3, "text"]
    assert found.iloc[0]["likely"] == "leave"


def test_clean_labels_give_no_suspects_and_one_intent_none_either() -> None:
    """Nothing to review is an empty list."""
    assert to_review(corpus(), CorpusPolicy(), ratio=0.1).empty
    assert to_review(corpus()[:60], CorpusPolicy(), ratio=0.5).empty
