"""What a merge of two corpora cannot decide by itself, and how a person answers."""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Literal

from ratchet.domain.errors import RatchetError
from ratchet.domain.record import Record
from ratchet.domain.wording import listed

Kind = Literal["label", "removed", "entities", "rename"]

SAID: dict[Kind, str] = {
    "label": "labelled differently by both",
    "removed": "removed by one, relabelled by the other",
    "entities": "its entities marked differently by both",
    "rename": "renamed differently by both",
}


class Choice(StrEnum):
    """Whose version of a message holds; `skip`: neither's, it stays as it was before both."""

    OURS = "ours"
    THEIRS = "theirs"
    SKIP = "skip"


@dataclass(frozen=True)
class Question(Record):
    """A message, or an intent with two new names, that both clones changed.

    `text` is the message (for `rename` the intent's old name), `context` its context values. `base`, `ours` and
    `theirs` are its intents, or for `entities` its marked texts: "" where the message is not there.
    """

    kind: Kind
    text: str
    context: tuple[str, ...]
    base: str
    ours: str
    theirs: str

    @property
    def id(self) -> str:
        """A name by which an answer finds its question, the same for everyone who merges."""
        parts = "\0".join((self.kind, self.text, *self.context))
        return hashlib.sha256(parts.encode()).hexdigest()[:12]

    @property
    def sentence(self) -> str:
        """Say what is to be decided, in one line."""
        where = f" ({', '.join(value for value in self.context if value)})" if any(self.context) else ""
        return f"{self.text}{where}: {self.ours or 'removed'} here, {self.theirs or 'removed'} there"


@dataclass(frozen=True)
class Answers:
    """What people decided: `each` by a question's id, a choice or (for labels) an intent; `rest` for all others."""

    each: Mapping[str, str]
    rest: Choice | None = None

    def of(self, question: Question) -> str | None:
        """Return the answer to a question: a choice or an intent; None where there is none."""
        return self.each.get(question.id) or self.rest


NONE = Answers({})


def check(answers: Answers, questions: Collection[Question], intents: Collection[str]) -> None:
    """Raise `RatchetError` where an answer is neither a choice nor an intent that one of the corpora has."""
    wrong = [
        answer
        for one in questions
        if (answer := answers.each.get(one.id))
        and answer not in list(Choice)
        and (one.kind in ("entities", "rename") or answer not in intents)
    ]
    if wrong:
        raise RatchetError(
            f"Answers that are neither ours, theirs or skip nor an intent of the corpus: {listed(sorted(set(wrong)))}.",
            "Correct them in the file, then run the same command again.",
        )
