"""Tests of the rule about the corpus's language."""

from __future__ import annotations

import pandas as pd
import pytest

from ratchet.domain.corpus.findings import ValidationReport
from ratchet.domain.corpus.language import english_share, with_language

CLEAN = ValidationReport(100, 2, (), ())
ENGLISH = ["how do I reset my password", "the printer is broken", "book a room", "holidays"]
OTHERS = {
    "German": ["wie setze ich mein Passwort zurück", "der Drucker ist kaputt", "ich was an", "Urlaub bitte"],
    "Spanish": [
        "cómo cambio mi contraseña",
        "la impresora no funciona",
        "quiero vacaciones",
        "reservar sala",
    ],
    "Polish": ["jak mam to zrobić", "i do kiedy", "drukarka nie działa", "urlop"],
    "Italian": ["ho bisogno di aiuto", "i miei giorni", "la stampante è rotta", "ferie"],
    "Dutch": ["mijn printer is kapot", "hoe kan ik dit of dat doen", "ik wil verlof", "wachtwoord"],
    "Japanese": ["パスワードを忘れました", "会議室を予約", "休暇", "プリンター"],
}


def rows(texts: list[str], times: int = 25) -> pd.DataFrame:
    return pd.DataFrame({"text": texts * times, "intent": "a"})


@pytest.mark.parametrize("texts", OTHERS.values(), ids=OTHERS)
def test_a_corpus_in_another_language_is_noticed(texts: list[str]) -> None:
    """Under an English encoder, with what helps; under another encoder, or none, nothing is said."""
    report = with_language(CLEAN, rows(texts), "en", [])
    assert [one.rule for one in report.warnings] == ["language"]
    assert "encoder: null" in report.warnings[0].sentence
    assert report.warnings[0].count > 50
    for language in ("", "multilingual", "de"):
        assert with_language(CLEAN, rows(texts), language, []) == CLEAN


def test_english_is_no_finding_and_few_messages_are_none() -> None:
    """Half of the messages need no frequent word; ten messages say nothing."""
    assert english_share(ENGLISH) == 0.5
    assert with_language(CLEAN, rows(ENGLISH), "en", []) == CLEAN
    assert with_language(CLEAN, rows(OTHERS["German"], 2), "en", []) == CLEAN
    assert with_language(CLEAN, rows([], 0), "en", []) == CLEAN


def test_the_messages_shown_are_masked() -> None:
    """A finding travels to pages and logs."""
    report = with_language(CLEAN, rows(["schreib an anna@example.org"], 60), "en", [])
    assert "anna@example.org" not in str(report.warnings)


def test_messages_whose_language_is_given_are_taken_at_their_word() -> None:
    """However few they are, and however English they look; without one given nothing is said of them."""
    spoken = pd.DataFrame(
        {"text": ["the way", "der Weg", "la via", "hm"], "lang": ["en-GB", "de", "it", ""], "intent": "a"}
    )
    (warned,) = with_language(CLEAN, spoken, "en", [], "lang").warnings
    assert (warned.rule, warned.count, warned.texts) == ("language", 2, ("der Weg", "la via"))
    assert "2 messages in other languages than English: de (1), it (1)" in warned.sentence
    assert with_language(CLEAN, spoken.assign(lang="en"), "en", [], "lang") == CLEAN
    assert with_language(CLEAN, spoken, "multilingual", [], "lang") == CLEAN
