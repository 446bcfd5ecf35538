"""How well two models find entities on one holdout: by type, role and group, and message by message."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ratchet.domain.corpus.annotations import Span
from ratchet.domain.gate.entity_sheet import Sheet
from ratchet.domain.record import Record

NOTHING = ""
"""The label of an annotated span that was not found, and of a found span that is not annotated."""


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
    right. `unjudged` are types that models find and no one annotates, with how often the candidate does: they count
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
