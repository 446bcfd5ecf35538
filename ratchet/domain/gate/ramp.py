"""The ramp: a target for accuracy that rises with the data, a stretch target."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Literal

from ratchet.domain.gate.evaluation import Evaluation
from ratchet.domain.gate.policies import RampPolicy as RampPolicy
from ratchet.domain.record import Record


@dataclass(frozen=True)
class RampPoint(Record):
    """One earlier gated run: when it was, what it reached, whether it missed its target then."""

    day: date
    accuracy: float
    target: float
    miss: bool
    data_grew: bool


@dataclass(frozen=True)
class RampStatus(Record):
    """Where a run is on the ramp; shares in [0, 1].

    `week` counts from 0, the week of the first point. `reached` is the number compared with `target`:
    the upper end of the accuracy's interval, or the accuracy itself where the policy says `point`.
    `misses_in_a_row` counts weeks, this one included; `asks` tells whether that many let a person decide.
    `floor` is what no model may fall below.
    """

    week: int
    target: float
    reached: float
    miss: bool
    misses_in_a_row: int
    asks: bool
    floor: float
    compare: Literal["interval", "point"]
    on_miss: Literal["warn", "reject"]


def status(
    policy: RampPolicy,
    history: Sequence[RampPoint],
    today: date,
    evaluation: Evaluation,
    data_grew: bool,
) -> RampStatus:
    """Compare this run with the ramp that `history` (earlier gated runs, oldest first) has begun.

    The target rises by one step for each week in which the data grew: without new examples a higher
    target only measures luck. A week counts once however many runs it has, the last one decides.
    """
    begin = history[0].day if history else today
    week = _week(begin, today)
    start = first_target(policy, history[0].accuracy if history else evaluation.accuracy)
    grown = {_week(begin, point.day) for point in history if point.data_grew}
    if data_grew:
        grown.add(week)
    steps = min(len(grown - {0}), policy.weeks)
    target = min(start + steps * policy.step_points / 100, 1.0)
    reached = evaluation.interval[1] if policy.compare == "interval" else evaluation.accuracy
    # Accuracies are ratios of integers, targets sums of decimals: a difference of 1e-12 is no miss.
    miss = reached < target - 1e-9
    missed = {_week(begin, point.day): point.miss for point in history} | {week: miss}
    in_a_row = _trailing(missed)
    return RampStatus(
        week=week,
        target=target,
        reached=reached,
        miss=miss,
        misses_in_a_row=in_a_row,
        # A person asked in the third week need not be asked in the fourth, but again in the sixth.
        asks=miss and in_a_row % policy.ask_after_misses == 0,
        floor=floor(policy, start),
        compare=policy.compare,
        on_miss=policy.on_miss,
    )


def first_target(policy: RampPolicy, first: float) -> float:
    """Return the target of the first week, in [0, 1]; `first` is the accuracy of the first model of all."""
    return first if policy.start_percent == "champion" else policy.start_percent / 100


def floor(policy: RampPolicy, start: float) -> float:
    """Return what no model may fall below, in [0, 1]; `start` is the target of the first week."""
    return max(start - policy.floor_margin_points / 100, 0.0)


def _week(begin: date, day: date) -> int:
    return max((day - begin).days // 7, 0)


def _trailing(missed: dict[int, bool]) -> int:
    """How many of the last weeks with a run missed, without a success between them."""
    count = 0
    for week in sorted(missed, reverse=True):
        if not missed[week]:
            break
        count += 1
    return count
