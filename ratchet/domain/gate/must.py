"""Messages that must never go wrong: one miss rejects, whatever the statistics say."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass, field

import pandas as pd

from ratchet.domain.corpus.annotations import Span, found_spans, parse
from ratchet.domain.gate.evaluation import FALLBACK
from ratchet.domain.gate.rules import Rule, shortened
from ratchet.domain.record import Record
from ratchet.domain.wording import count, listed

FILE = "bot/tests/must.yml"
SHOWN = 5


@dataclass(frozen=True)
class Must(Record):
    """A message and what has to come of it.

    Each of `entities` has to be found: type, value, and role and group where they are given; their places do not
    count. None: entities are not looked at; none: the message must have no entity.
    """

    message: str
    intent: str
    context: dict[str, str] = field(default_factory=dict)
    entities: tuple[Span, ...] | None = None


@dataclass(frozen=True)
class Miss(Record):
    """A message that went wrong, and what a model answered; `champion_too` tells that the champion errs as well."""

    must: Must
    answered: str
    found: tuple[str, ...]
    missing: tuple[str, ...]
    champion_too: bool = False

    @property
    def sentence(self) -> str:
        """Say what was expected, and what came."""
        said = (
            [] if self.answered == self.must.intent else [f"`{self.must.intent}`, answered `{self.answered}`"]
        )
        if self.missing:
            said.append(f"without {listed(f'`{one}`' for one in self.missing)}")
        elif self.must.entities == () and self.found:
            said.append(f"with {listed(f'`{one}`' for one in self.found)}")
        who = ", ".join(f"{name} {value}" for name, value in self.must.context.items())
        return f"“{shortened(self.must.message)}”{f' ({who})' if who else ''}: {', '.join(said)}"


@dataclass(frozen=True)
class Musts(Record):
    """How many messages there are, and those that the candidate got wrong."""

    messages: int
    misses: tuple[Miss, ...]


def sheet(musts: Sequence[Must], context: Sequence[str]) -> pd.DataFrame:
    """Return the messages as models are asked them: columns key, text, intent and the context fields."""
    rows = [
        {
            "key": str(number),
            "text": one.message,
            "intent": one.intent,
            **{name: one.context.get(name, "") for name in context},
        }
        for number, one in enumerate(musts)
    ]
    return pd.DataFrame(rows, columns=["key", "text", "intent", *context], dtype="str")


def look(
    musts: Sequence[Must],
    candidate: pd.DataFrame,
    champion: pd.DataFrame | None,
    out_of_scope: str,
) -> Musts:
    """Compare what was answered with what must come; frames as in `evaluate`, a row for each message."""
    ours = rows(candidate)
    theirs = rows(champion) if champion is not None else []
    found = []
    for number, one in enumerate(musts):
        miss = missed(one, *ours[number], out_of_scope)
        if miss:
            too = bool(theirs) and missed(one, *theirs[number], out_of_scope) is not None
            found.append(Miss(one, miss.answered, miss.found, miss.missing, too))
    return Musts(len(musts), tuple(found))


def rows(predictions: pd.DataFrame) -> list[tuple[str, object]]:
    """Return intent and entities of each message."""
    entities = predictions["entities"] if "entities" in predictions else [None] * len(predictions)
    return list(zip(predictions["intent"].tolist(), entities, strict=True))


def missed(must: Must, answered: str, entities: object, out_of_scope: str) -> Miss | None:
    """Return what is wrong with an answer, None where nothing is.

    Handing over to a person is the right answer to what is out of scope, as in the holdout.
    """
    right = {must.intent, *([FALLBACK] if must.intent == out_of_scope else [])}
    text = parse(must.message).text
    spans = found_spans(entities, text)
    missing = [one for one in must.entities or () if not any(meets(span, one, text) for span in spans)]
    unwanted = must.entities == () and bool(spans)
    if answered in right and not missing and not unwanted:
        return None
    return Miss(must, answered, tuple(map(named, spans)), tuple(map(named, missing)))


def meets(span: Span, wanted: Span, text: str) -> bool:
    """Tell whether an entity that was found is the one that is wanted."""
    value = span.value or text[span.start : span.end]
    return (
        span.entity == wanted.entity
        and value.lower() == wanted.value.lower()
        and (not wanted.role or wanted.role == span.role)
        and (not wanted.group or wanted.group == span.group)
    )


def named(span: Span) -> str:
    """Name an entity with its value."""
    return f"{span.label}={span.value}" if span.value else span.label


def rule(found: Musts) -> list[Rule]:
    """One miss rejects; without such messages there is nothing to say."""
    if not found.messages:
        return []
    if not found.misses:
        which = "The message" if found.messages == 1 else f"All {count(found.messages, 'message')}"
        said = f"{which} that must never go wrong went right."
        return [Rule("must never go wrong", "pass", 0, 0, said, unit="count")]
    wrong = listed([one.sentence for one in found.misses], SHOWN)
    both = sum(one.champion_too for one in found.misses)
    too = f" (the champion errs on {both:,} of them, too)" if both else ""
    said = (
        f"{len(found.misses):,} of {count(found.messages, 'message')} that must never go wrong went wrong{too}: "
        f"{wrong}. Ingest messages like these under the right intent, or correct {FILE}."
    )
    return [Rule("must never go wrong", "reject", len(found.misses), 0, said, unit="count")]


def digest(musts: Sequence[Must]) -> str:
    """Return a digest that names these messages, "" without any: a model is judged again when they change."""
    if not musts:
        return ""
    said = json.dumps([one.as_dict() for one in musts], sort_keys=True)
    return hashlib.sha256(said.encode()).hexdigest()
