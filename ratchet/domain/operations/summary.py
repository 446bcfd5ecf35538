"""The result of a run, for people and for machines."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum

from ratchet.domain.record import Record


class Outcome(StrEnum):
    """How a retrain ended, or a release: that one is `released` or, where exactly it is live already, `unchanged`."""

    RELEASED = "released"
    UNCHANGED = "unchanged"
    REJECTED = "rejected"
    ASKS = "asks"
    TRIED = "tried"

    @property
    def state(self) -> str:
        """The name of a run's last state, the same in its name, on its page and in the terminal."""
        return "Nothing new" if self is Outcome.UNCHANGED else self.value.capitalize()


@dataclass(frozen=True)
class Summary(Record):
    """One retrain; shares in [0, 1], "" and None where there is none.

    `release` and `url` are those that serve after the run, whatever its outcome. A trial has no model version.
    `unjudged` are the intents without a holdout message, with their shares of the corpus.
    """

    outcome: Outcome
    run: str
    trigger: str
    data_revision: str
    messages: int
    training_rows: int
    holdout_rows: int
    model_version: str
    model_id: str
    model_sha256: str
    accuracy: float
    interval: tuple[float, float]
    champion: str
    champion_accuracy: float | None
    verdict: str
    reasons: tuple[str, ...]
    release: str
    target: str
    url: str
    report: str
    seconds: float
    unjudged: dict[str, float] = field(default_factory=dict)
