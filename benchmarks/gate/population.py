"""Messages with entities, and models that are right on them by chance: what a build is worth is then known exactly.

A message has a margin, each of its entities another. A model is right where margin, skill and its own noise together
are above zero. Shares, growth and noise are those of BANKING77 as the replay grows it (`benchmarks.gate.replay`): from
83% to 91% in ten weeks, and neighbouring builds differ on one to four of a hundred messages. Everything is seeded.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from math import sqrt
from statistics import NormalDist

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from ratchet.domain.corpus.annotations import Span, parse

INTENTS = 20
LABELS = (("city", "from"), ("city", "to"), ("city", ""), ("dish", ""), ("day", ""), ("amount", ""))
WITH_ENTITIES = 0.6
"""The share of messages that have one or two entities."""
CONVERSATIONS, TURNS = 50, 3
OTHER = {"from": "to", "to": "from"}
RIGHT, ENTITY_RIGHT = 0.83, 0.90
NOISE = 0.12
"""Standard deviation of a model's own noise, where margins have 1: two equal builds then differ on 2% of messages."""


@dataclass(frozen=True)
class Messages:
    """Messages (key, text with markup, intent) with their margins, and their entities in columns of their own.

    `spans` are the entities as they are annotated, `message` the row of each, `entity_margins` their margins.
    """

    frame: pd.DataFrame
    margins: NDArray[np.float64]
    spans: tuple[Span, ...]
    message: NDArray[np.int64]
    entity_margins: NDArray[np.float64]


@dataclass(frozen=True)
class Skill:
    """How much better than the standard a model is, in units of the margins.

    `missing` is the share of each label's entities that the model misses besides; `confused` the share of the roles
    that it takes for each other; `bare` tells that it knows no synonyms.
    """

    intents: float = 0.0
    entities: float = 0.0
    missing: dict[str, float] = field(default_factory=dict)
    confused: float = 0.0
    bare: bool = False


@dataclass(frozen=True)
class Answers:
    """What a model answers: whether each message's intent is right, and each entity's place, role and value."""

    intents: NDArray[np.bool_]
    found: NDArray[np.bool_]
    role: NDArray[np.bool_]
    value: NDArray[np.bool_]

    @property
    def entities(self) -> NDArray[np.bool_]:
        """Whether each entity is right."""
        return self.found & self.role & self.value


def draw(rows: int, random: np.random.Generator) -> Messages:
    """Draw messages, each with its intent and with no, one or two entities."""
    texts = [text(number, random) for number in range(rows)]
    intents = [f"intent_{number}" for number in random.integers(INTENTS, size=rows)]
    frame = pd.DataFrame({"key": [str(n) for n in range(rows)], "text": texts, "intent": intents})
    found = [(number, span) for number, one in enumerate(texts) for span in parse(one).spans]
    message = np.array([number for number, _ in found], dtype=np.int64)
    margins = random.normal(size=len(found))
    return Messages(frame, random.normal(size=rows), tuple(span for _, span in found), message, margins)


def text(number: int, random: np.random.Generator) -> str:
    """Write a message whose entities are between other words; a tenth of them are synonyms."""
    parts = [f"please {number}"]
    for place in range(int(random.integers(1, 3)) if random.random() < WITH_ENTITIES else 0):
        entity, role = LABELS[random.integers(len(LABELS))]
        value = f', "value": "value {number} {place}"' if random.random() < 0.1 else ""
        parts.append(f'[word{number}x{place}]{{"entity": "{entity}", "role": "{role}"{value}}}')
    return " and ".join(parts)


def ask(messages: Messages, skill: Skill, random: np.random.Generator) -> Answers:
    """Let a model of this skill answer."""
    spans = messages.spans
    missed = np.array([skill.missing.get(span.label, 0.0) for span in spans])
    roles, synonyms = (
        np.array([bool(one) for one in ones]) for ones in ([s.role for s in spans], [s.value for s in spans])
    )
    found = above(messages.entity_margins, ENTITY_RIGHT, skill.entities, random)
    return Answers(
        intents=above(messages.margins, RIGHT, skill.intents, random),
        found=found & (random.random(len(spans)) >= missed),
        role=~roles | (random.random(len(spans)) >= skill.confused),
        value=~synonyms | (not skill.bare),
    )


def talks(random: np.random.Generator) -> NDArray[np.float64]:
    """Draw the margins of what people say in a team's test conversations (conversations × turns).

    A team writes down what its bot understands, so each message is one that a model of skill 0 is right on.
    """
    margins = random.normal(size=CONVERSATIONS * TURNS * 4)
    return margins[above(margins, RIGHT, 0, random)][: CONVERSATIONS * TURNS].reshape(CONVERSATIONS, TURNS)


def understood(turns: NDArray[np.float64], skill: Skill, random: np.random.Generator) -> NDArray[np.bool_]:
    """Whether a model understands every turn of each conversation, so that it goes as written in full."""
    return above(turns.ravel(), RIGHT, skill.intents, random).reshape(turns.shape).all(axis=1)


def above(
    margins: NDArray[np.float64], share: float, skill: float, random: np.random.Generator
) -> NDArray[np.bool_]:
    """Whether a model is right; one of skill 0 is in this share of cases."""
    middle = NormalDist().inv_cdf(share) * sqrt(1 + NOISE**2)
    return np.asarray(margins + middle + skill + random.normal(scale=NOISE, size=len(margins)) > 0)


def predictions(messages: Messages, answers: Answers) -> pd.DataFrame:
    """The answers as the bot's evaluation writes them."""
    truth = messages.frame["intent"].to_numpy(dtype=object)
    intents = np.where(answers.intents, truth, "something_else")
    found: list[list[dict[str, object]]] = [[] for _ in truth]
    for number, (message, span) in enumerate(zip(messages.message.tolist(), messages.spans, strict=True)):
        if answers.found[number]:
            role = span.role if answers.role[number] else OTHER.get(span.role, span.role)
            value = span.value if answers.value[number] else ""
            placed = {"entity": span.entity, "start": span.start, "end": span.end}
            found[message].append({**placed, "role": role, "value": value or None})
    ranking = [[[intent, 0.9]] for intent in intents]
    return pd.DataFrame({"intent": intents, "confidence": 0.9, "ranking": ranking, "entities": found})


def worth(messages: Messages, answers: Answers) -> tuple[float, float]:
    """What a model is worth: the accuracy, and the share of the messages with entities in which all are right."""
    wrong = np.zeros(len(messages.frame), dtype=bool)
    wrong[messages.message[~answers.entities]] = True
    have = np.unique(messages.message)
    return float(answers.intents.mean()), float(1 - wrong[have].mean())
