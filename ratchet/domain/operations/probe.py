"""The monitor's own message to the bot, sent as people send theirs, and whether its answer is right."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from enum import StrEnum

from ratchet.domain.operations.traffic import FALLBACK, HANDOFF
from ratchet.domain.record import Record

Serving = tuple[str, str]
"""What may answer: the ids of a release and of its model."""


class Fault(StrEnum):
    """What is wrong with an answer."""

    NO_ANSWER = "no answer"
    WRONG_ANSWER = "wrong answer"
    WRONG_RELEASE = "wrong release"


@dataclass(frozen=True)
class Question(Record):
    """A message that a release has answered. `intent` is its right answer; "" where any answer will do."""

    release: str
    text: str
    context: dict[str, str]
    intent: str


@dataclass(frozen=True)
class Reply:
    """What came back after some seconds; `why` says why there is no answer, "" for one.

    `asked` tells in a few words what was sent where. `intent` is None for what is no answer to a message.
    """

    asked: str
    seconds: float
    why: str = ""
    release: str = ""
    model_id: str = ""
    intent: str | None = None


@dataclass(frozen=True)
class Probe(Record):
    """How the probe of a look went; `said` tells it in a clause, without capital and full stop."""

    seconds: float
    fault: Fault | None
    said: str

    @property
    def passed(self) -> bool:
        """Whether the right release gave the right answer."""
        return self.fault is None

    @property
    def failed(self) -> bool:
        """Whether people get no answer, or a wrong one. Another release than the recorded one may answer well."""
        return self.fault in (Fault.NO_ANSWER, Fault.WRONG_ANSWER)


def judge(reply: Reply, serving: Collection[Serving], question: Question | None) -> Probe:
    """Say whether an answer is right.

    `serving` has the recorded release first, and while a rollout is in progress the one that it brings. The answer of
    that one is not known yet: another model may rightly answer something else.
    """
    what = reply.asked
    if reply.why:
        return Probe(reply.seconds, Fault.NO_ANSWER, f"{what} got no answer: {reply.why}")
    if (reply.release, reply.model_id) not in serving:
        recorded = " or ".join(f"{release} with model {model[:12]}" for release, model in serving)
        other = f"{reply.release or 'an unnamed release'} with model {reply.model_id[:12] or 'unknown'}"
        said = f"{what} was answered by {other}; the recorded release is {recorded}"
        return Probe(reply.seconds, Fault.WRONG_RELEASE, said)
    known = question.intent if question and question.release == reply.release else ""
    if known and reply.intent != known:
        said = f"{what} got a wrong answer: {reply.intent or 'no intent'} in place of {known}"
        return Probe(reply.seconds, Fault.WRONG_ANSWER, said)
    got = "got the right answer" if known else "was answered"
    return Probe(reply.seconds, None, f"the probe {got} in {1000 * reply.seconds:,.0f} ms")


def fits(label: str, intent: str | None) -> bool:
    """Say whether an answered intent is the one of the corpus; of a retrieval intent, `faq/ask_x`, the group is."""
    return bool(intent) and (label == intent or label.startswith(f"{intent}/"))


def understood(intent: str | None) -> bool:
    """Say whether an answer is one, not a question back or a hand-off."""
    return intent not in (None, "", FALLBACK, HANDOFF)
