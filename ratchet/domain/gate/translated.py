"""Whether a bot of several languages answers in each of them."""

from __future__ import annotations

import pandas as pd

from ratchet.domain.gate.played import Heard, Played
from ratchet.domain.gate.rules import Rule
from ratchet.domain.wording import count, listed

UNTRANSLATED = "languages"


def rule(candidate: Played, messages: pd.DataFrame, field: str | None) -> list[Rule]:
    """Warn of intents that have messages in several languages and are answered in the same words in two of them.

    `field` is the column with the language of `messages`; without one, or where all is of one language, there is no
    rule. This never rejects: the words may be right in both.
    """
    if field is None or field not in messages:
        return []
    spoken = messages[messages[field] != ""].groupby("intent")[field].unique()
    if spoken.empty or spoken.map(len).max() < 2:
        return []
    same = {
        heard.intent: alike
        for heard in candidate.answers
        if heard.intent in spoken and (alike := in_the_same_words(heard, sorted(spoken[heard.intent]), field))
    }
    if not same:
        said = f"Each intent with messages in several languages is answered in each of them ({field})."
        return [Rule(UNTRANSLATED, "pass", 0, 0, said, unit="count")]
    said = (
        f"{count(len(same), 'intent')} answered in the same words in several languages: "
        f"{listed([f'`{intent}` ({listed(alike)})' for intent, alike in same.items()])}. Write a variation of the "
        f"response with a `condition` on the slot `{field}` for each (docs/corpus.md)."
    )
    return [Rule(UNTRANSLATED, "warn", len(same), 0, said, unit="count")]


def in_the_same_words(heard: Heard, languages: list[str], field: str) -> list[str]:
    """Return the languages whose answer is also another one's; what was not played is not compared."""
    by_words: dict[tuple[tuple[str, ...], ...], list[str]] = {}
    for language in languages:
        answer = heard.at({field: language})
        if answer.said and not answer.unplayed:
            by_words.setdefault(answer.said, []).append(language)
    return sorted(one for some in by_words.values() if len(some) > 1 for one in some)
