"""The report's parts about the bot besides its intents: rows of tables, and entities within their message."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from ratchet.domain.corpus.annotations import Span
from ratchet.domain.gate.cost import Cost
from ratchet.domain.gate.entities import Entities, EntityScore
from ratchet.domain.gate.scores import CANDIDATE, CHAMPION
from ratchet.domain.wording import size

if TYPE_CHECKING:
    from markupsafe import Markup


@dataclass(frozen=True)
class EntityRow:
    """One line of the table of entities; `change` is the recall's, None where the champion has none."""

    score: EntityScore
    change: float | None


@dataclass(frozen=True)
class CostRow:
    """One line of the table of costs; `champion` is "" where there is none."""

    name: str
    candidate: str
    champion: str


def entity_rows(found: Entities | None) -> list[EntityRow]:
    """All entities together, then each label, those that lost most first."""
    if found is None:
        return []
    before = {row.label: row.recall for row in found.champion if row.support}
    rows = [
        EntityRow(row, row.recall - before[row.label] if row.label in before and row.support else None)
        for row in found.candidate
    ]
    old, new = found.champion_total, found.total
    whole = EntityRow(new, new.recall - old.recall if old is not None else None)
    return [whole, *sorted(rows, key=lambda row: (row.change or 0.0, row.score.recall, row.score.label))]


def cost_rows(costs: Mapping[str, Cost]) -> list[CostRow]:
    """Time, size and memory of both models."""
    if CANDIDATE not in costs:
        return []

    def row(name: str, words: Sequence[str]) -> CostRow:
        return CostRow(name, words[0], words[1] if len(words) > 1 else "")

    known = [costs[name] for name in (CANDIDATE, CHAMPION) if name in costs]
    return [
        row("one message, median", [f"{one.p50_ms:.1f} ms" for one in known]),
        row("95 of 100 messages within", [f"{one.p95_ms:.1f} ms" for one in known]),
        row("archive", [size(one.archive) for one in known]),
        row("memory", ["not measured" if one.memory is None else size(one.memory) for one in known]),
    ]


def spans(text: str, found: Sequence[Span]) -> Markup:
    """A message as HTML with its entities marked; of two that overlap the first is marked, and both are named."""
    from markupsafe import Markup, escape

    parts, end = [], 0
    for span in sorted(found, key=lambda span: (span.start, -span.end)):
        name = f"{span.label}={span.value}" if span.value else span.label
        if span.start < end:
            parts.append(Markup(" <small>{}</small>").format(name))
            continue
        marked = Markup("<mark>{} <small>{}</small></mark>").format(text[span.start : span.end], name)
        parts += [escape(text[end : span.start]), marked]
        end = span.end
    return Markup("").join([*parts, escape(text[end:])])
