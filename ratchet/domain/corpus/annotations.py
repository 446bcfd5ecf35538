"""Entities in a message, as people annotate them and as models find them."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from ratchet.domain.corpus.markup import pieces
from ratchet.domain.record import Record

MARKUP = re.compile(
    r"\[(?P<words>[^\]]+?)\](?:\((?P<entity>[^:)]+?)(?::(?P<value>[^)]+))?\)|\{(?P<one>[^}]+?)\}|\[(?P<many>.*?)\])"
)
"""The expression by which Rasa 3.6 reads annotations (rasa/shared/nlu/training_data/entities_parser.py)."""
INNER = re.compile(r"\{([^}]+?)\}")


@dataclass(frozen=True, order=True)
class Span(Record):
    """One entity: the characters from `start` to before `end` of the plain text, its type, and what is known of it.

    `role` and `group` are "" where there is none; `value` is what a slot gets, "" where that is the words themselves.
    """

    start: int
    end: int
    entity: str
    role: str = ""
    group: str = ""
    value: str = ""

    @property
    def label(self) -> str:
        """The type, with role and group where there are any: `city`, `city (from)`, `city (from, 2)`."""
        return label(self.entity, self.role, self.group)

    @property
    def place(self) -> tuple[int, int, str, str, str]:
        """All but the value: what has to agree before the value is looked at."""
        return self.start, self.end, self.entity, self.role, self.group

    def overlaps(self, other: Span) -> bool:
        """Tell whether the two share a character."""
        return self.start < other.end and other.start < self.end


@dataclass(frozen=True)
class Annotated:
    """A message without its markup, and the entities in it from left to right."""

    text: str
    spans: tuple[Span, ...] = ()

    def words(self, span: Span) -> str:
        """Return the words of a span."""
        return self.text[span.start : span.end]


def label(entity: str, role: str = "", group: str = "") -> str:
    """Name a type of entity, with its role and group where there are any."""
    beside = ", ".join(part for part in (role, group) if part)
    return f"{entity} ({beside})" if beside else entity


def parse(text: str) -> Annotated:
    """Read a message's annotations as Rasa does; markup whose JSON is broken stays a part of the text."""
    if "[" not in text:
        return Annotated(text)
    plain, spans, length, end = [], [], 0, 0
    for match in pieces(MARKUP, text):
        found = list(attributes(match))
        if not found:
            continue
        words = match["words"]
        plain += [text[end : match.start()], words]
        length += match.start() - end
        for one in found:
            spans.append(span_of({**one, "start": length, "end": length + len(words)}, words))
        length, end = length + len(words), match.end()
    return Annotated("".join([*plain, text[end:]]), tuple(sorted(spans)))


def attributes(match: re.Match[str]) -> Iterator[dict[str, Any]]:
    """Return what one piece of markup says of its words; nothing where it cannot be read."""
    if match["entity"]:
        yield {"entity": match["entity"], "value": match["value"] or ""}
        return
    for inner in [match["one"]] if match["one"] else INNER.findall(match["many"] or ""):
        try:
            said = json.loads(f"{{{inner}}}")
        except (ValueError, RecursionError):
            continue
        if isinstance(said.get("entity"), str):
            yield said


def span_of(found: Mapping[str, Any], words: str) -> Span:
    """Return an entity of Rasa's form (start, end, entity, role, group, value); `words` are those of the span."""
    value = "" if found.get("value") is None else str(found["value"])
    return Span(
        start=int(found["start"]),
        end=int(found["end"]),
        entity=str(found["entity"]),
        role=str(found.get("role") or ""),
        group=str(found.get("group") or ""),
        value="" if value == words else value,
    )


def found_spans(entities: object, text: str) -> tuple[Span, ...]:
    """Return the entities that a model found in a plain text, as its predictions hold them.

    One without a type, or whose place is outside the text, does not count: custom extractors may return anything.
    """
    placed = [one for one in named_entities(entities) if lies_in(one.get("start"), one.get("end"), text)]
    return tuple(sorted({span_of(one, text[int(one["start"]) : int(one["end"])]) for one in placed}))


def named_entities(entities: object) -> list[dict[str, Any]]:
    """Return the entities of one message's prediction that have a type, wherever they are."""
    found = entities if isinstance(entities, list) else []
    return [one for one in found if isinstance(one, dict) and isinstance(one.get("entity"), str)]


def lies_in(start: object, end: object, text: str) -> bool:
    """Tell whether two values are the borders of some characters of a text."""
    whole = all(isinstance(one, int | float) and one == one // 1 for one in (start, end))
    return whole and 0 <= start < end <= len(text)  # type: ignore[operator]
