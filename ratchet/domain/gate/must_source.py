"""Where a message that must never go wrong comes from: the corpus, production, or a person's own words."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import replace

import pandas as pd

from ratchet.domain.corpus.annotations import Annotated, Span, parse
from ratchet.domain.corpus.corpus import context_values, normalise
from ratchet.domain.corpus.personal_data import find
from ratchet.domain.errors import RatchetError, UsageError
from ratchet.domain.gate.evaluation import FALLBACK
from ratchet.domain.gate.must import FILE, Must
from ratchet.domain.operations.traffic import HANDOFF
from ratchet.domain.wording import listed

CORPUS, PRODUCTION, OWN = "the corpus", "production", "your own words"


def without_place(span: Span, message: Annotated) -> Span:
    """Return an annotated entity as one that has to be found somewhere: with its value, or the words for it."""
    return replace(span, start=0, end=0, value=span.value or message.words(span))


def from_corpus(
    text: str, corpus: pd.DataFrame, context: Sequence[str], chosen: Mapping[str, str], form: int
) -> Must | None:
    """Return the corpus's message of this text, with its intent, context and entities; None where it has none.

    `chosen` are context values that it must have. Raises `UsageError` where its intent depends on the context and none
    was chosen.
    """
    wanted = normalise(text, form)
    rows = corpus[[normalise(one, form) == wanted for one in corpus["text"]]]
    for name, value in chosen.items():
        rows = rows[context_values(rows, name).to_numpy() == value]
    if rows.empty:
        return None
    intents = sorted(set(rows["intent"]))
    contexts = [{name: str(row[name]) for name in context if row[name]} for row in rows.to_dict("records")]
    if len(intents) > 1:
        examples = listed(
            [
                f"`{intent}` with {', '.join(f'{name}={value}' for name, value in known.items()) or 'no context'}"
                for intent, known in zip(rows["intent"], contexts, strict=True)
            ],
            4,
        )
        raise UsageError(
            f"The intent of “{text}” depends on the context: {examples}.",
            "Say which is meant, for instance with --context role=manager; repeat the option for a second field.",
        )
    parsed = parse(str(rows["text"].iloc[0]))
    entities = tuple(without_place(span, parsed) for span in parsed.spans) or None
    return Must(parsed.text, intents[0], contexts[0] if len(contexts) == 1 else dict(chosen), entities)


def from_production(text: str, events: pd.DataFrame, chosen: Mapping[str, str], form: int) -> Must | None:
    """Return the newest message of this text that people wrote, with what was answered; None where there is none.

    The intent is "" where the bot did not understand it.
    """
    wanted = normalise(text, form)
    for row in reversed(events.to_dict("records")):
        known = {str(name): str(value) for name, value in json.loads(row["context"]).items() if value}
        if normalise(row["text"], form) == wanted and chosen.items() <= known.items():
            answered = str(row["intent"])
            return Must(str(row["text"]).strip(), "" if answered in (FALLBACK, HANDOFF) else answered, known)
    return None


def checked(must: Must, intents: Sequence[str], allowed: Sequence[str]) -> Must:
    """Return a message that may be written to the file.

    Raises `UsageError` where it has no intent or one that the corpus lacks, and `RatchetError` for personal data,
    which would get into Git. `allowed` are pieces that are no personal data.
    """
    if not must.intent:
        raise UsageError(
            f"Neither the corpus nor production says which intent “{must.message}” has.",
            "Name it with --intent NAME.",
        )
    if must.intent not in {*intents, FALLBACK}:
        raise UsageError(
            f"The corpus has no intent {must.intent}.",
            f"Name one of it with --intent: {listed(sorted(intents), 12)}.",
        )
    if kinds := sorted({one.kind for one in find(must.message, allowed)}):
        raise RatchetError(
            f"The message holds personal data ({', '.join(kinds)}), and {FILE} is kept in Git.",
            "Write the same message with something invented in its place, and name its intent with --intent.",
        )
    return must
