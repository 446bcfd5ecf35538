"""The settings about the gate: sections of `params.yaml`.

Apart from what they govern, so that reading them imports no library: every command reads the settings.
"""

from __future__ import annotations

from typing import Literal

from pydantic import Field, field_validator

from ratchet.domain.corpus.policies import WARNINGS, RetirePolicy, WearPolicy
from ratchet.domain.policy import Policy


class RecentPolicy(Policy):
    """The part `gate.recent` of params.yaml; see the comments there."""

    messages: int = Field(
        500, ge=0, description="number of the newest real messages that both models answer; 0 compares none"
    )
    days: float = Field(7.0, gt=0, description="age limit of those messages, in days")
    min_messages: int = Field(100, ge=1, description="fewer say nothing")
    max_changed_percent: float = Field(25.0, ge=0, le=100, description="more changed answers ask")
    max_unexpected_percent: float = Field(10.0, ge=0, le=100, description="more unexpected ones ask")
    max_fallback_points: float = Field(10.0, ge=0, le=100, description="a larger change of fallbacks asks")
    examples: int = Field(20, ge=0, description="shown in the report, personal data masked")


class RobustnessPolicy(Policy):
    """The part `gate.robustness` of params.yaml; see the comments there."""

    rows: int = Field(1000, ge=0, description="holdout rows that are asked again; 0 asks none")
    max_drop_points: float = Field(3.0, ge=0, le=100, description="a larger fall asks")


class CostPolicy(Policy):
    """The part `gate.cost` of params.yaml; see the comments there."""

    max_ratio: float = Field(
        2.0,
        ge=1,
        description="a person decides if the candidate's cost exceeds this multiple of the champion's",
    )
    slack_ms: float = Field(50.0, ge=0, description="differences of time up to this do not count")
    slack_mb: float = Field(100.0, ge=0, description="differences of size and memory up to this do not count")


class GatePolicy(Policy):
    """The section `gate` of params.yaml; a group is the holdout rows of one intent or context value."""

    max_drop_points: float = Field(1.0, ge=0, le=100, description="loss of accuracy that is tolerated")
    drop_p: float = Field(
        0.10, gt=0, le=1, description="a larger loss must be less likely than this by chance"
    )
    group_rows: int = Field(5, ge=1, description="smaller groups are not judged by themselves")
    max_group_drop_points: float = Field(20.0, ge=0, le=100, description="a group may lose less than this")
    group_p: float = Field(0.02, gt=0, le=1, description="like drop_p, for one group")
    max_training_loss_percent: float = Field(
        10.0, ge=0, le=100, description="tolerated loss of training rows"
    )
    max_intent_loss_percent: float = Field(25.0, ge=0, le=100, description="the same for a single intent")
    small_holdout_rows: int = Field(300, ge=0, description="with fewer rows a loss asks instead of rejecting")
    ask_on_warnings: tuple[str, ...] = Field((), description="data warnings on which a person decides")
    unjudged: Literal["warn", "ask"] = Field("warn", description="what intents without holdout rows do")
    min_fallback_percent: float = Field(
        25.0, ge=0, le=100, description="nonsense that stays handed over, of what the champion hands over"
    )
    recent: RecentPolicy = Field(RecentPolicy(), description="the newest real messages, answered by both")
    robustness: RobustnessPolicy = Field(RobustnessPolicy(), description="typing errors, lower case")
    cost: CostPolicy = Field(CostPolicy(), description="time, size and memory against the champion")
    answers_changed: Literal["report", "ask"] = Field(
        "report", description="what other answers to intents do"
    )
    play_actions: bool = Field(
        False, description="run the bot's custom actions when conversations are played"
    )
    wear: WearPolicy = Field(WearPolicy(), description="when the holdout has decided too often")
    retire: RetirePolicy = Field(RetirePolicy(), description="how much of the holdout may go to training")

    @field_validator("ask_on_warnings")
    @classmethod
    def known_warnings(cls, names: tuple[str, ...]) -> tuple[str, ...]:
        """Refuse a name that no warning of a retrain has: it would never ask."""
        if unknown := [name for name in names if name not in WARNINGS]:
            raise ValueError(f"{', '.join(unknown)} is no warning; there are {', '.join(WARNINGS)}")
        return names


class RampPolicy(Policy):
    """The section `ramp` of params.yaml; see the comments there."""

    start_percent: float | Literal["champion"] = Field(80.0, description="target of the first week")
    step_points: float = Field(1.0, ge=0, le=100, description="rise for each week in which the data grew")
    weeks: int = Field(10, ge=0, description="how many steps the target rises")
    compare: Literal["interval", "point"] = Field("interval", description="what must reach the target")
    on_miss: Literal["warn", "reject"] = Field("warn", description="what a miss does to the verdict")
    ask_after_misses: int = Field(
        3, ge=1, description="after this many missed weeks in a row a person decides, and again after as many"
    )
    floor_margin_points: float = Field(3.0, ge=0, le=100, description="the floor's distance below the start")
