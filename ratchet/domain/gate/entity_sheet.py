"""A holdout as a sheet for entities: what is annotated and what models found, row by row.

An entity is right when its characters, type, role and group are, and its value after synonyms. What a message's
annotation does not say of the value, the synonyms say: today's, and the champion's where today's know none, so that an
emptied list of synonyms is a loss and a corrected one is not.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from ratchet.domain.corpus.annotations import Span, found_spans, named_entities, parse
from ratchet.domain.gate.paired import Pair

ENTITIES = "entities"
"""The column of predictions."""


@dataclass(frozen=True)
class Sheet:
    """One holdout, row by row: what is annotated, and what a model found of the types that someone annotates."""

    texts: tuple[str, ...]
    gold: tuple[tuple[Span, ...], ...]
    candidate: tuple[tuple[Span, ...], ...]
    champion: tuple[tuple[Span, ...], ...] | None
    kept: NDArray[np.bool_]
    """Rows whose annotation is the one that the champion's data had: on them the two are compared."""
    stable: tuple[frozenset[Span], ...]
    """Of each row the annotated spans that the champion's data had as well."""
    taught: frozenset[str] | None = None
    """Types that the champion's data annotates: messages are compared by these alone. None: by all."""

    def right(self, found: Sequence[Sequence[Span]]) -> NDArray[np.bool_]:
        """For each row, whether a model found exactly what is annotated, of the types that the champion was taught."""

        def counted(spans: Sequence[Span]) -> set[Span]:
            return {span for span in spans if self.taught is None or span.entity in self.taught}

        return np.array([counted(a) == counted(b) for a, b in zip(found, self.gold, strict=True)], dtype=bool)

    @property
    def with_entities(self) -> NDArray[np.bool_]:
        """Rows in which an entity is annotated or found."""
        champion = self.champion or ((),) * len(self.texts)
        rows = zip(self.gold, self.candidate, champion, strict=True)
        return np.array([bool(a or b or c) for a, b, c in rows], dtype=bool)


def sheet(
    holdout: pd.DataFrame,
    candidate: pd.DataFrame,
    champion: pd.DataFrame | None,
    *,
    known: Mapping[str, str],
    annotated: Iterable[str] = (),
    taught: frozenset[str] | None = None,
    before: Sequence[tuple[Span, ...] | None] | None = None,
) -> Sheet:
    """Line up annotations and predictions (column `entities`) of each row of the holdout.

    `known` are the synonyms, words in lower case to value. `annotated` are the types that the corpus annotates,
    `taught` those that the champion's did: a new type makes no message wrong that no one annotated with it yet.
    `before` has for each row its spans in the champion's data, None for a new message; None: nothing changed.
    """
    parsed = [parse(text) for text in holdout["text"]]
    gold = [tuple(valued(span, one.words(span), known) for span in one.spans) for one in parsed]
    types = {span.entity for spans in gold for span in spans} | set(annotated)
    old = before if before is not None else [one.spans for one in parsed]
    texts = [one.text for one in parsed]
    return Sheet(
        texts=tuple(texts),
        gold=tuple(gold),
        candidate=judged(candidate, texts, types),
        champion=None if champion is None else judged(champion, texts, types),
        kept=np.array(
            [was is None or was == one.spans for was, one in zip(old, parsed, strict=True)], dtype=bool
        ),
        stable=tuple(
            frozenset(new for new, raw in zip(spans, one.spans, strict=True) if was is None or raw in was)
            for was, spans, one in zip(old, gold, parsed, strict=True)
        ),
        taught=taught,
    )


def judged(
    predictions: pd.DataFrame, texts: Sequence[str], types: Collection[str]
) -> tuple[tuple[Span, ...], ...]:
    """Return what a model found in each text of the types that someone annotates."""

    def spans(entities: object, text: str) -> set[Span]:
        found = (span for span in found_spans(entities, text) if span.entity in types)
        return {plain_value(span, text[span.start : span.end]) for span in found}

    return tuple(
        tuple(sorted(spans(found, text))) for found, text in zip(predictions[ENTITIES], texts, strict=True)
    )


def valued(span: Span, words: str, known: Mapping[str, str]) -> Span:
    """Return an annotated span with the value that it should get."""
    return plain_value(replace(span, value=span.value or known.get(words.lower(), "")), words)


def plain_value(span: Span, words: str) -> Span:
    """Return a span whose value tells no upper case from lower case, as categorical slots do not."""
    value = span.value.lower()
    return replace(span, value="" if value == words.lower() else value)


def messages(found: Sheet) -> Pair:
    """Both models on the messages with entities: whether all of them are right."""
    assert found.champion is not None
    rows = found.with_entities & found.kept
    return Pair(found.right(found.candidate)[rows], found.right(found.champion)[rows])


def labels(found: Sheet) -> dict[str, Pair]:
    """Both models on the annotated entities of each type, and of each role and group: whether each was found."""
    assert found.champion is not None
    by: dict[str, list[tuple[bool, bool]]] = {}
    for stable, new, old in zip(found.stable, found.candidate, found.champion, strict=True):
        for span in stable:
            for name in {span.entity, span.label}:
                by.setdefault(name, []).append((span in new, span in old))
    return {
        name: Pair(np.array([new for new, _ in pairs]), np.array([old for _, old in pairs]))
        for name, pairs in sorted(by.items())
    }


def unannotated(predictions: pd.DataFrame, annotated: Iterable[str]) -> dict[str, int]:
    """Count what was found of types that no one annotates, as ready-made extractors find times and numbers."""
    known = set(annotated)
    names = (one["entity"] for found in predictions[ENTITIES] for one in named_entities(found))
    return dict(Counter(name for name in names if name not in known))
