"""How well two models find entities on one holdout: by type, role and group, and message by message.

An entity is right when its characters, type, role and group are, and its value after synonyms. What a message's
annotation does not say of the value, the synonyms say: today's, and the champion's where today's know none, so that an
emptied list of synonyms is a loss and a corrected one is none.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from ratchet.domain.corpus.annotations import Span, found_spans, parse
from ratchet.domain.gate.paired import Pair
from ratchet.domain.record import Record

NOTHING = ""
"""What a span is taken for that is not found, and what is found where nothing is annotated."""
ENTITIES = "entities"


@dataclass(frozen=True)
class EntityScore(Record):
    """One label (type, role, group): `support` are annotated, `found` were extracted, `correct` of them are right."""

    label: str
    support: int
    found: int
    correct: int

    @property
    def recall(self) -> float:
        """The share of what is annotated that was found; 0 without any."""
        return self.correct / self.support if self.support else 0.0

    @property
    def precision(self) -> float:
        """The share of what was found that is right; 0 without any."""
        return self.correct / self.found if self.found else 0.0

    @property
    def f1(self) -> float:
        """The harmonic mean of both."""
        return 2 * self.correct / (self.support + self.found) if self.support + self.found else 0.0


@dataclass(frozen=True)
class EntityConfusion(Record):
    """`count` entities annotated as `given` were taken for `predicted`; "" is no entity."""

    given: str
    predicted: str
    count: int


@dataclass(frozen=True)
class EntityExample(Record):
    """A message in which exactly one of the two models found all entities, with what each found."""

    text: str
    annotated: tuple[Span, ...]
    champion: tuple[Span, ...]
    candidate: tuple[Span, ...]


@dataclass(frozen=True)
class Entities(Record):
    """Entities of candidate and champion; `champion` is empty, and so are gained and lost, where there is none.

    `messages` are those with an entity, annotated or found; `right` and `champion_right` of them have all entities
    right. `unjudged` are types that models find and nobody annotates, with how often the candidate does: they count
    neither way. `reannotated` messages of the holdout have another annotation than when the champion was trained.
    """

    messages: int
    right: int
    champion_right: int | None
    candidate: tuple[EntityScore, ...]
    champion: tuple[EntityScore, ...]
    confusions: tuple[EntityConfusion, ...]
    gained: tuple[EntityExample, ...]
    lost: tuple[EntityExample, ...]
    unjudged: tuple[tuple[str, int], ...]
    reannotated: int = 0

    @property
    def total(self) -> EntityScore:
        """The candidate's entities of all labels."""
        return summed(self.candidate)

    @property
    def champion_total(self) -> EntityScore | None:
        """The champion's; None where there is none."""
        return summed(self.champion) if self.champion else None

    @property
    def metrics(self) -> dict[str, float]:
        """The figures by name, as a registry keeps them."""
        total = self.total
        return {
            "entity_precision": total.precision,
            "entity_recall": total.recall,
            "entity_f1": total.f1,
            "entity_messages_right": self.right / self.messages if self.messages else 1.0,
        }


@dataclass(frozen=True)
class Sheet:
    """One holdout, row by row: what is annotated, and what a model found of the types that somebody annotates."""

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

    `known` are the synonyms, words in lower case to value. `annotated` are the types that the corpus annotates, `taught`
    those that the champion's did: a new type makes no message wrong that nobody annotated with it yet.
    `before` has for each row its spans in the champion's data, None for a new message; None: nothing changed.
    """
    parsed = [parse(text) for text in holdout["text"]]
    gold = [tuple(valued(span, one.words(span), known) for span in one.spans) for one in parsed]
    types = {span.entity for spans in gold for span in spans} | set(annotated)
    old = before if before is not None else [one.spans for one in parsed]
    texts = [one.text for one in parsed]

    def of(predictions: pd.DataFrame) -> tuple[tuple[Span, ...], ...]:
        return tuple(
            tuple(
                sorted(
                    {
                        plain_value(span, text[span.start : span.end])
                        for span in found_spans(entities, text)
                        if span.entity in types
                    }
                )
            )
            for entities, text in zip(predictions[ENTITIES], texts, strict=True)
        )

    return Sheet(
        texts=tuple(texts),
        gold=tuple(gold),
        candidate=of(candidate),
        champion=None if champion is None else of(champion),
        kept=np.array([was is None or was == one.spans for was, one in zip(old, parsed, strict=True)], dtype=bool),
        stable=tuple(
            frozenset(new for new, raw in zip(spans, one.spans, strict=True) if was is None or raw in was)
            for was, spans, one in zip(old, gold, parsed, strict=True)
        ),
        taught=taught,
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


def scores(gold: Sequence[Sequence[Span]], found: Sequence[Sequence[Span]]) -> tuple[EntityScore, ...]:
    """Count what is annotated, found and right of each label."""
    support = Counter(span.label for spans in gold for span in spans)
    claimed = Counter(span.label for spans in found for span in spans)
    right = Counter(span.label for a, b in zip(gold, found, strict=True) for span in set(a) & set(b))
    return tuple(
        EntityScore(name, support[name], claimed[name], right[name]) for name in sorted(support | claimed)
    )


def summed(rows: Iterable[EntityScore]) -> EntityScore:
    """Add the labels up."""
    rows = list(rows)
    return EntityScore(
        "all",
        sum(row.support for row in rows),
        sum(row.found for row in rows),
        sum(row.correct for row in rows),
    )


def confusions(found: Sheet) -> tuple[EntityConfusion, ...]:
    """Count what annotated spans were taken for, and what was found where nothing is, the most frequent first."""
    pairs: Counter[tuple[str, str]] = Counter()
    for gold, given in zip(found.gold, found.candidate, strict=True):
        wrong = [span for span in given if span not in gold]
        for span in gold:
            if span not in given:
                taken = [other for other in wrong if other.overlaps(span)]
                pairs[span.label, taken[0].label if taken else NOTHING] += 1
        pairs.update((NOTHING, span.label) for span in wrong if not any(span.overlaps(one) for one in gold))
    ordered = sorted(pairs.items(), key=lambda item: (-item[1], item[0]))
    return tuple(EntityConfusion(given, taken, number) for (given, taken), number in ordered)


def summarise(found: Sheet, unjudged: Mapping[str, int]) -> Entities:
    """Return all that the report shows."""
    rows, champion = found.with_entities, found.champion
    new = found.right(found.candidate)
    old = found.right(champion) if champion is not None else None

    def examples(chosen: NDArray[np.bool_]) -> tuple[EntityExample, ...]:
        assert champion is not None
        return tuple(
            EntityExample(found.texts[row], found.gold[row], champion[row], found.candidate[row])
            for row in np.flatnonzero(chosen & found.kept).tolist()
        )

    return Entities(
        messages=int(rows.sum()),
        right=int(new[rows].sum()),
        champion_right=None if old is None else int(old[rows].sum()),
        candidate=scores(found.gold, found.candidate),
        champion=scores(found.gold, champion) if champion is not None else (),
        confusions=confusions(found),
        gained=examples(new & ~old) if old is not None else (),
        lost=examples(old & ~new) if old is not None else (),
        unjudged=tuple(sorted(unjudged.items())),
        reannotated=int((~found.kept).sum()),
    )


def unannotated(predictions: pd.DataFrame, annotated: Iterable[str]) -> dict[str, int]:
    """Count what was found of types that nobody annotates: times and numbers of a ready-made extractor, for instance."""
    known = set(annotated)
    names = (str(one["entity"]) for found in predictions[ENTITIES] for one in found or () if "entity" in one)
    return dict(Counter(name for name in names if name not in known))
