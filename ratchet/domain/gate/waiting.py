"""A model that may be released and is not live: its release failed, or was never finished."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from datetime import datetime

from ratchet.domain.errors import RatchetError
from ratchet.domain.gate import override
from ratchet.domain.gate.decision import Decision
from ratchet.domain.gate.override import Override
from ratchet.domain.record import Record
from ratchet.domain.release.model import Model

UNFINISHED = "its release was not finished"
REMEDY = "`ratchet release` tries again"


@dataclass(frozen=True)
class Waiting(Record):
    """Such a model's version; `by` approved it, "" where the gate promoted it; `why` it is not live, "" if unknown.

    `busy` says that a run is in progress, which may well be bringing it out.
    """

    version: str
    by: str = ""
    why: str = ""
    busy: bool = False

    @property
    def sentence(self) -> str:
        """What is the case, and what to do."""
        let_through = f"approved by {self.by}" if self.by else "promoted"
        if self.busy:
            return f"version {self.version}: {let_through}, not live yet: a run is in progress"
        return (
            f"version {self.version}: {let_through}, not live: {self.why.rstrip('.') or UNFINISHED}; {REMEDY}"
        )


@dataclass(frozen=True)
class Question(Record):
    """A model's version on which the gate asks a person, who has not answered; `why` is the gate's first reason."""

    version: str
    why: str

    @property
    def sentence(self) -> str:
        """What is the case, and what to do."""
        answer = f"`ratchet approve {self.version} --by NAME --reason TEXT`, or `ratchet reject` likewise"
        return f"version {self.version}: may it go live? {self.why.rstrip('.')}; {answer}"


def asked(
    models: Sequence[Model], champion: Model | None, said: Mapping[str, Override], now: datetime
) -> Question | None:
    """Return the question that the newest model raises; None where it raises none, or someone answered it.

    `models` are all that are registered, `said` the people's decisions by version: an approval that expired answers
    nothing any more. A newer model takes the place of an older one that was asked about.
    """
    last = max(models, key=lambda one: int(one.version), default=None)
    if last is None or last.decision != Decision.ASK:
        return None
    if champion and int(last.version) <= int(champion.version):
        return None
    answer = said.get(last.version)
    if answer and (answer.decision == Decision.REJECT or now < answer.expires):
        return None
    return Question(last.version, last.reasons[0] if last.reasons else "")


def newest(
    models: Sequence[Model],
    champion: Model | None,
    released: AbstractSet[str],
    said: Mapping[str, Override],
    now: datetime,
) -> Waiting | None:
    """Return the newest model that gate or person let through and that was never live; None where there is none.

    `models` are all that are registered, `released` the versions that were live at some time, `said` the people's
    decisions by version. Models older than the champion are history. A promotion is by comparison with a champion:
    once there is another, only a retrain can tell whether the model may still replace it.
    """
    after = int(champion.version) if champion else 0
    for model in sorted(models, key=lambda one: int(one.version), reverse=True):
        if int(model.version) <= after:
            return None
        decision = said.get(model.version)
        if model.version in released or not allowed(model, decision, now):
            continue
        approved = decision is not None and now < decision.expires
        if approved or model.champion == (champion.version if champion else ""):
            return Waiting(model.version, decision.by if decision and approved else "")
    return None


def allowed(model: Model, decision: Override | None, now: datetime) -> bool:
    """Say whether gate or person lets a model through."""
    try:
        override.authorise(Decision(model.decision), decision, model.sha256, now)
    except RatchetError:
        return False
    return True
