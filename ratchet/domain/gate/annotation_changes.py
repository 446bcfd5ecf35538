"""What became of the entity annotations and synonyms of the champion's data."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import pandas as pd

from ratchet.domain.corpus.annotations import Span, parse
from ratchet.domain.corpus.corpus import NEWEST_FORM, context_values, normalise
from ratchet.domain.record import Record

Spans = tuple[Span, ...]


@dataclass(frozen=True)
class LabelChange(Record):
    """Annotations of one label: how many there were and are, and how many of messages still here are no more."""

    label: str
    before: int
    after: int
    changed: int

    @property
    def lost(self) -> int:
        """How many are missing: taken from messages that stayed, or gone with messages that did not."""
        return max(self.changed, self.before - self.after)


@dataclass(frozen=True)
class AnnotationChanges(Record):
    """Each label that the champion's data annotates, and the types that each of the two corpora annotates."""

    labels: tuple[LabelChange, ...]
    types_before: frozenset[str]
    types: frozenset[str]

    @property
    def every(self) -> frozenset[str]:
        """The types that either of them annotates."""
        return self.types | self.types_before


def changes(
    before: pd.DataFrame | None, now: pd.DataFrame, context: Sequence[str] = (), form: int = NEWEST_FORM
) -> AnnotationChanges:
    """Compare the annotations of two corpora (columns text and the context fields), message by message.

    An annotation whose borders moved, and which still overlaps the old one, is the same. None for `before`: nothing
    changed.
    """
    new = spans_by_message(now, context, form)
    old = new if before is None else spans_by_message(before, context, form)
    counted, today = counts(old), counts(new)
    gone: Counter[str] = Counter()
    for message, spans in old.items():
        if (kept := new.get(message)) is not None and kept != spans:
            gone.update(
                span.label
                for span in spans
                if not any(span.overlaps(one) and span.label == one.label for one in kept)
            )
    labels = tuple(LabelChange(name, counted[name], today[name], gone[name]) for name in sorted(counted))
    return AnnotationChanges(labels, types(old), types(new))


def of_rows(
    before: pd.DataFrame | None, rows: pd.DataFrame, context: Sequence[str] = (), form: int = NEWEST_FORM
) -> list[Spans | None] | None:
    """Return for each of `rows` its spans in the corpus `before`, None for a message that it lacks."""
    if before is None:
        return None
    old = spans_by_message(before, context, form)
    return [old.get(message) for message in messages(rows, context, form)]


def spans_by_message(frame: pd.DataFrame, context: Sequence[str], form: int) -> dict[tuple[str, ...], Spans]:
    """Return the annotations of each message of a corpus, by text in normal form and context; the first counts."""
    found: dict[tuple[str, ...], Spans] = {}
    for message, text in zip(messages(frame, context, form), frame["text"], strict=True):
        found.setdefault(message, parse(text).spans)
    return found


def messages(frame: pd.DataFrame, context: Sequence[str], form: int) -> list[tuple[str, ...]]:
    """Return what makes two rows the same message."""
    texts = [normalise(parse(text).text, form) for text in frame["text"]]
    return list(zip(texts, *(context_values(frame, field) for field in context), strict=True))


def counts(found: Mapping[tuple[str, ...], Spans]) -> Counter[str]:
    """Count the annotations of each type, and of each role and group of one."""
    return Counter(name for spans in found.values() for span in spans for name in {span.entity, span.label})


def types(found: Mapping[tuple[str, ...], Spans]) -> frozenset[str]:
    """Return the annotated types."""
    return frozenset(span.entity for spans in found.values() for span in spans)


@dataclass(frozen=True)
class SynonymLoss(Record):
    """The champion's synonyms that are no more, as (words, value), and how many annotated entities they stand for.

    `entries` is how many the champion has, words that differ from their value in upper and lower case alone aside.
    """

    entries: int
    lost: tuple[tuple[str, str], ...]
    used: int


def meant(synonyms: Mapping[str, str]) -> dict[str, str]:
    """Return the synonyms that someone wrote.

    Rasa adds each annotated entity as a synonym of itself: an emptied list would still have `muc` for `muc`.
    """
    return {words.lower(): value for words, value in synonyms.items() if words.lower() != value.lower()}


def synonym_loss(
    champion: Mapping[str, str], candidate: Mapping[str, str], corpus: pd.DataFrame
) -> SynonymLoss:
    """Return the synonyms that only the champion has; `corpus` are today's messages."""
    old, new = meant(champion), meant(candidate)
    lost = {words: value for words, value in old.items() if words not in new}
    used = 0
    if lost:
        parsed = (parse(text) for text in corpus["text"])
        used = sum(one.words(span).lower() in lost for one in parsed for span in one.spans)
    return SynonymLoss(len(old), tuple(sorted(lost.items())), used)
