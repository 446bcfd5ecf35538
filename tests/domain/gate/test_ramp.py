"""The ramp rises with the data, compares fairly, and counts misses by the week."""

from __future__ import annotations

from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from ratchet.domain.gate.evaluation import Evaluation, evaluate
from ratchet.domain.gate.ramp import RampPoint, RampPolicy, RampStatus, status
from tests.domain.judging import holdout, right_on

BEGIN = date(2026, 1, 5)


def reaching(percent: int, rows: int = 100) -> Evaluation:
    """An evaluation with this accuracy."""
    truth = holdout(["a"] * rows)
    return evaluate(
        truth, right_on(truth, [number < percent * rows / 100 for number in range(rows)]), context=[]
    )


def point(
    week: int, *, miss: bool = False, grew: bool = True, accuracy: float = 0.85, day: int = 0
) -> RampPoint:
    return RampPoint(BEGIN + timedelta(weeks=week, days=day), accuracy, 0.8, miss, grew)


def at(
    week: int, history: list[RampPoint], *, percent: int = 85, grew: bool = True, **policy: object
) -> RampStatus:
    today = BEGIN + timedelta(weeks=week)
    return status(RampPolicy(**policy), history, today, reaching(percent), grew)  # type: ignore[arg-type]


def test_the_first_run_is_week_zero_at_the_start() -> None:
    """Without history the target is the start and the floor lies three points below."""
    found = at(0, [])
    assert (found.week, found.target, found.floor) == (0, 0.80, pytest.approx(0.77))


def test_the_target_rises_a_point_for_each_week_with_new_data() -> None:
    """After three weeks of growth it is 83%."""
    assert at(3, [point(0), point(1), point(2)]).target == pytest.approx(0.83)


def test_no_growth_in_data_no_step() -> None:
    """Weeks without new examples leave the target where it was, this week's included."""
    history = [point(0), point(1, grew=False), point(2)]
    assert at(3, history, grew=False).target == pytest.approx(0.81)
    assert at(3, history, grew=True).target == pytest.approx(0.82)


def test_several_runs_in_a_week_are_one_step() -> None:
    """Retraining daily does not raise the target daily."""
    history = [point(0), *(point(1, day=day) for day in range(5))]
    assert at(1, history).target == pytest.approx(0.81)


def test_the_target_stops_after_its_weeks() -> None:
    """Ten steps and no more."""
    assert at(20, [point(week) for week in range(20)]).target == pytest.approx(0.90)


def test_a_ramp_may_start_at_the_first_models_accuracy() -> None:
    """`start_percent: champion` takes the first point, or this run where it is the first."""
    assert at(1, [point(0, accuracy=0.88)], start_percent="champion").target == pytest.approx(0.89)
    assert at(0, [], percent=91, start_percent="champion").target == pytest.approx(0.91)


def test_a_miss_is_judged_by_the_upper_end_of_the_interval() -> None:
    """75 of 100 may be 82%, which is no miss at 80%; the strict policy looks at the 75."""
    assert not at(0, [], percent=75).miss
    assert at(0, [], percent=75, compare="point").miss
    assert not at(0, [], percent=80, compare="point").miss


def test_a_person_is_asked_in_every_third_week_of_misses() -> None:
    """Weeks 3 and 6 of an unbroken series ask, those between do not; a success starts anew."""
    missing = [point(week, miss=True) for week in range(6)]
    assert [at(week, missing[:week], percent=50).asks for week in range(6)] == [False, False, True] * 2
    assert at(5, missing[:5], percent=99).misses_in_a_row == 0
    assert at(3, [*missing[:2], point(2)], percent=50).misses_in_a_row == 1


def test_the_last_run_of_a_week_decides_whether_it_missed() -> None:
    """A miss that was put right in the same week is none."""
    assert at(1, [point(0, miss=True), point(0, day=2)], percent=50).misses_in_a_row == 1


@given(st.lists(st.tuples(st.integers(0, 30), st.booleans(), st.booleans())), st.booleans())
def test_the_target_never_falls_and_stays_within_the_ramp(
    weeks: list[tuple[int, bool, bool]], grew: bool
) -> None:
    """Whatever the history, the target lies between start and end, and more history never lowers it."""
    history = [point(week, miss=miss, grew=more) for week, miss, more in sorted(weeks)]
    history = [point(0), *history]
    today, reached = BEGIN + timedelta(weeks=31), reaching(85)
    targets = [
        status(RampPolicy(), history[: count + 1], today, reached, grew).target
        for count in range(len(history))
    ]
    assert targets == sorted(targets)
    assert all(0.80 <= target <= 0.90 + 1e-9 for target in targets)


@pytest.mark.parametrize("wrong", [{"start": 80}, {"on_miss": "block"}, {"start_percent": "previous"}])
def test_an_unknown_key_or_value_is_refused(wrong: dict[str, object]) -> None:
    """The policy's typos do not pass silently."""
    with pytest.raises(ValidationError):
        RampPolicy(**wrong)  # type: ignore[arg-type]
