"""The messages of a sample as people label them on the page: each once, similar ones together, shared out.

A sample is that of `adapters.monitoring.harvest`, with the columns of `labelling.MARKS`.
"""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum

import numpy as np
import numpy.typing as npt
import pandas as pd

from ratchet.domain.corpus.corpus import normalise
from ratchet.domain.operations.labelling import (
    BY,
    TAKEN,
    UNSURE,
    Mark,
    complete,
    context_of,
    keys_of,
    offers,
)

SIMILAR = 0.45
"""The cosine from which messages with the same guess are shown together."""
LEASE_SECONDS = 300.0


class State(StrEnum):
    """What has become of a message."""

    OPEN = "open"
    UNSURE = "not sure"
    LABELLED = "labelled"
    TAKEN = "in the corpus"


@dataclass(frozen=True)
class Message:
    """A message of production; `key` tells it from others, `confidence` is that of the guess, in [0, 1].

    `offers` are the intents to choose from, the bot's guess first. `nearest` are training messages with their intent.
    """

    key: str
    text: str
    context: Mapping[str, str]
    guess: str
    candidate: str
    offers: tuple[str, ...]
    confidence: float
    nearest: tuple[str, ...] = ()
    rated: str = ""
    mark: Mark = field(default_factory=Mark)
    taken: bool = False

    @property
    def state(self) -> State:
        """What has become of it."""
        if self.mark.intent:
            return State.TAKEN if self.taken else State.LABELLED
        return State.UNSURE if self.mark.unsure else State.OPEN

    @property
    def seen(self) -> str:
        """Changes with what people said about it."""
        said = "\0".join([self.mark.intent, self.mark.by, self.mark.unsure])
        return hashlib.sha256(said.encode("utf-8", "surrogatepass")).hexdigest()[:8]

    @property
    def said_context(self) -> str:
        """Its context in words."""
        return ", ".join(f"{name} {value}" for name, value in self.context.items() if value)


Group = tuple[Message, ...]


@dataclass(frozen=True)
class Lease:
    """Who works on a message, and until when, in seconds since 1970."""

    who: str
    until: float


@dataclass(frozen=True)
class Offered:
    """The groups that a person gets; `others` counts, by name, the messages that other people are working on."""

    groups: tuple[Group, ...]
    others: Mapping[str, int]


def messages(sample: pd.DataFrame, out_of_scope: str) -> list[Message]:
    """Return the messages of a sample that the corpus did not know, in its order, each once."""
    sample = complete(sample)
    names, found = context_of(sample), {}
    for key, row in zip(keys_of(sample), sample.astype(str).to_dict("records"), strict=True):
        if row["known"] or key in found:
            continue
        found[key] = Message(
            key,
            row["text"],
            {name: row[name] for name in names},
            row["guess"],
            row["candidate"],
            tuple(offers(row, out_of_scope)),
            as_share(row["confidence"]),
            tuple(filter(None, row.get("nearest", "").split(" | "))),
            row.get("rated", ""),
            Mark(row["intent"], row[BY], row[UNSURE]),
            bool(row[TAKEN]),
        )
    return list(found.values())


def as_share(text: str) -> float:
    """Return a confidence that is written in a sample; 0 where a person wrote something else."""
    try:
        return min(max(float(text), 0.0), 1.0)
    except ValueError:
        return 0.0


def counts(found: Iterable[Message]) -> dict[State, int]:
    """Count the messages by what has become of them."""
    counted = Counter(one.state for one in found)
    return {state: counted[state] for state in State}


def groups(found: Sequence[Message], similar: float = SIMILAR) -> list[Group]:
    """Put messages together that say about the same and have the same guess, in the order of each group's first.

    Each message that is in no group yet takes those after it which are similar to it; so every member is similar to the
    first one, and a chain of small differences makes no group.
    """
    if len(found) < 2:
        return [(one,) for one in found]
    near = likenesses([normalise(one.text) for one in found]) >= similar
    made: list[Group] = []
    used: set[int] = set()
    for place, first in enumerate(found):
        if place in used:
            continue
        own = [place] + [
            other
            for other in range(place + 1, len(found))
            if other not in used and near[place, other] and found[other].guess == first.guess
        ]
        used.update(own)
        made.append(tuple(found[one] for one in own))
    return made


def after(made: Sequence[Group], found: Sequence[Message], key: str) -> list[Group]:
    """Return the groups with those first that begin after a message, so that skipped ones come again last."""
    order = {one.key: place for place, one in enumerate(found)}
    return sorted(made, key=lambda group: order[group[0].key] <= order.get(key, -1))


def likenesses(forms: Sequence[str]) -> npt.NDArray[np.float64]:
    """Return how similar texts are to each other, as a square of cosines of their words and parts of words."""
    from sklearn.feature_extraction.text import TfidfVectorizer
    from sklearn.pipeline import make_union

    weighed = make_union(
        TfidfVectorizer(analyzer=str.split, sublinear_tf=True),
        TfidfVectorizer(analyzer="char_wb", ngram_range=(2, 4), sublinear_tf=True),
    ).fit_transform([form or "-" for form in forms])
    return np.asarray((weighed @ weighed.T).toarray() / 2, dtype=np.float64)


def offered(
    waiting: Sequence[Group], leases: Mapping[str, Lease], who: str, now: float, most: int
) -> Offered:
    """Return the first groups that no one else is working on, `most` of them."""
    busy = {key: lease.who for key, lease in leases.items() if lease.who != who and lease.until > now}
    free = [group for group in waiting if not any(one.key in busy for one in group)]
    others = Counter(busy[one.key] for group in waiting for one in group if one.key in busy)
    return Offered(tuple(free[:most]), dict(others))


def leased(leases: Mapping[str, Lease], taken_up: Sequence[Group], who: str, now: float) -> dict[str, Lease]:
    """Return the leases with those of a person as of now: on these groups, and on no others."""
    kept = {key: lease for key, lease in leases.items() if lease.who != who and lease.until > now}
    own = Lease(who, now + LEASE_SECONDS)
    return {**{one.key: own for group in taken_up for one in group}, **kept}


def held_back(labels: Iterable[str], known: Mapping[str, int], least: int) -> dict[str, int]:
    """Return the intents that have too few messages for the corpus, with how many there would be.

    `known` counts the corpus's messages by intent; an intent needs `least` of them.
    """
    there = Counter(labels)
    sums = {intent: number + known.get(intent, 0) for intent, number in there.items()}
    return {intent: number for intent, number in sums.items() if number < least}
