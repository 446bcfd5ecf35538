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

    `busy` says that a run is going on, which may well be bringing it out.
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
    once there is another, only a retrain can tell whether the model still may replace it.
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
