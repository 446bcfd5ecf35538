"""A bot of several languages answers in each of them, and is judged in each."""

from __future__ import annotations

import pandas as pd

from ratchet.domain.gate.played import Answer
from ratchet.domain.gate.translated import rule
from tests.domain.gate.test_answers import bot, said
from tests.domain.judging import holdout, verdict

DE, EN = {"lang": "de"}, {"lang": "en"}


def messages(*pairs: tuple[str, str]) -> pd.DataFrame:
    """Messages of these intents and languages."""
    return pd.DataFrame(pairs, columns=["intent", "lang"], dtype="str")


def test_an_answer_in_the_same_words_in_two_languages_is_named() -> None:
    """The intent, its languages and the slot; an intent of one language, and one with both answers, are right."""
    heard = bot(
        greet=(said("Hello"), said("Hallo", context=DE)),
        bye=said("Bye"),
        hours=said("9 to 5"),
        quiet=Answer({}, (("?",),), unplayed=("action_x",)),
    )
    spoken = messages(
        *[(intent, lang) for intent in ("greet", "bye", "quiet") for lang in ("de", "en", "")],
        ("hours", "en"),
    )
    (found,) = rule(heard, spoken, "lang")
    assert (found.outcome, found.value) == ("warn", 1)
    assert "`bye` (de, en)" in found.sentence
    assert "slot `lang`" in found.sentence
    (right,) = rule(heard, spoken[spoken["intent"] == "greet"], "lang")
    assert right.outcome == "pass"


def test_a_bot_of_one_language_has_no_such_rule() -> None:
    """None is declared, or the messages are all of one."""
    spoken = messages(("bye", "de"), ("bye", ""))
    assert rule(bot(bye=said("Bye")), spoken, "lang") == []
    assert rule(bot(bye=said("Bye")), messages(("bye", "de"), ("bye", "en")), None) == []
    assert rule(bot(), messages(), "lang") == []


def test_a_candidate_that_is_worse_in_one_language_alone_is_rejected() -> None:
    """In all the loss is within the limit of accuracy; by language it is 30 points."""
    rows = holdout(["a", "b"] * 1000, lang=(["de"] * 40 + ["en"] * 1960))
    before, now = [True] * 2000, [False] * 12 + [True] * 1988
    found = verdict(rows, now, before, context=["lang"])
    assert found.decision == "reject"
    assert any("lang=de" in reason for reason in found.reasons)
