"""What was played with a model before anyone talks to it, as `ratchet_bot.tools.play` writes it down."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from ratchet.domain.record import Record

CANDIDATE, CHAMPION = "candidate", "champion"
"""The names of the two bots."""

Kind = Literal["conversation", "test story", "story", "rule"]
Edition = Literal["today", "earlier", "both"]
Content = tuple[tuple[str, str, str], ...]


@dataclass(frozen=True)
class Outcome(Record):
    """What differed from what is written, and the custom actions that were not run."""

    mismatches: tuple[str, ...] = ()
    unplayed: tuple[str, ...] = ()

    @property
    def passed(self) -> bool:
        """Whether all went as written."""
        return not self.mismatches

    @property
    def failed(self) -> bool:
        """Whether it certainly did not: a mismatch may come from an action that was not run."""
        return bool(self.mismatches) and not self.unplayed


@dataclass(frozen=True)
class Trial(Record):
    """A conversation, test story, story or rule that was played with its intents `given` and, with texts, in `full`.

    `content` holds triples of a kind, a name (of an intent or action) and a text. `edition` says whether a test is
    one of today's files, of those that the champion was released with (earlier), or of both. `actions` counts what a
    story expects.
    """

    kind: Kind
    file: str
    name: str
    content: Content
    given: Outcome
    full: Outcome | None = None
    edition: Edition = "today"
    actions: int = 0

    def named(self, names: Mapping[str, str]) -> Content:
        """Return its content with other names of intents, and of the responses that are named after them."""
        known = {**names, **{f"utter_{old}": f"utter_{new}" for old, new in names.items()}}
        return tuple((kind, known.get(name, name), text) for kind, name, text in self.content)


@dataclass(frozen=True)
class Answer(Record):
    """What an intent is answered with first, in a context: the variations of each message.

    `stand_in` says that no one wrote it, `failed` names custom actions that raised, `unplayed` those that were not run.
    """

    context: dict[str, str]
    said: tuple[tuple[str, ...], ...]
    stand_in: bool = False
    failed: tuple[str, ...] = ()
    unplayed: tuple[str, ...] = ()

    @property
    def text(self) -> str:
        """The messages as people read them, variations beside each other."""
        return "\n".join(" / ".join(variations) for variations in self.said)

    @property
    def written(self) -> bool:
        """Whether a person gets to read something that someone wrote."""
        return bool(self.said) and not self.stand_in


@dataclass(frozen=True)
class Heard(Record):
    """The first answers to an intent: the one without context, then those of the contexts that change it."""

    intent: str
    answers: tuple[Answer, ...]

    def at(self, context: Mapping[str, str]) -> Answer:
        """Return the answer in a context: that of the most special one that it is a case of."""
        fitting = [one for one in self.answers if one.context.items() <= context.items()]
        return max(fitting, key=lambda one: len(one.context))


@dataclass(frozen=True)
class Played(Record):
    """All that was played with one model and its code; `actions_problem` says why its custom actions did not start."""

    trials: tuple[Trial, ...]
    followed: tuple[Trial, ...]
    answers: tuple[Heard, ...]
    forms: dict[str, tuple[str, ...]]
    actions_problem: str = ""

    @property
    def unplayed(self) -> tuple[str, ...]:
        """The custom actions that were not run."""
        tried = [one.given.unplayed for one in self.trials] + [
            answer.unplayed for heard in self.answers for answer in heard.answers
        ]
        return tuple(sorted({name for names in tried for name in names}))
