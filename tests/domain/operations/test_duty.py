"""Who is on duty, and opening hours in words."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest

from ratchet.domain.operations.duty import LASTS_SECONDS, Duty, Turn, hours_in_words
from ratchet.domain.operations.policies import DeskPolicy

TODAY = date(2026, 11, 27)
WEEK: dict[str, Any] = {day: ["13:00-17:00", "09:00-12:00"] for day in ("mon", "tue", "wed", "thu")}


def test_a_person_goes_on_duty_and_off_it() -> None:
    """In the order in which they came; who says so again begins again."""
    duty = Duty().changed("Ana", True, 1.0).changed("Ben", True, 2.0)
    assert duty.turns == (Turn("Ana", 1.0), Turn("Ben", 2.0))
    assert duty.changed("Ana", True, 3.0).turns == (Turn("Ben", 2.0), Turn("Ana", 3.0))
    assert duty.changed("Ana", False, 3.0).turns == (Turn("Ben", 2.0),)
    assert Duty().changed("Ana", False, 3.0) == Duty()


def test_duty_ends_by_itself() -> None:
    """After twelve hours, with the person, and at once if the clock was put back; what ended is not kept."""
    duty = Duty((Turn("Ana", 100.0), Turn("Ben", 200.0)))
    assert [one.name for one in duty.now(200.0, {"Ana", "Ben"})] == ["Ana", "Ben"]
    assert [one.name for one in duty.now(200.0, {"Ben"})] == ["Ben"]
    assert [one.name for one in duty.now(100.0 + LASTS_SECONDS, {"Ana", "Ben"})] == ["Ben"]
    assert duty.now(50.0, {"Ana", "Ben"}) == ()
    assert duty.changed("Carl", True, 100.0 + LASTS_SECONDS).turns[0].name == "Ben"


@pytest.mark.parametrize(
    ("policy", "said"),
    [
        ({}, "People answer at any time."),
        (
            {"hours": {**WEEK, "fri": ["09:00-24:00"]}, "time_zone": "Europe/Berlin"},
            "People answer Mon to Thu 09:00-12:00 and 13:00-17:00; Fri 09:00-24:00 (Europe/Berlin).",
        ),
        (
            {"hours": {"mon": ["09:00-12:00"], "wed": ["09:00-12:00"]}},
            "People answer Mon 09:00-12:00; Wed 09:00-12:00 (UTC).",
        ),
        ({"hours": {"sun": []}}, "People answer at no time (UTC)."),
        (
            {"hours": {"mon": ["09:00-12:00"]}, "holidays": ["2026-12-28", "2026-01-01", "2027-12-25"]},
            "People answer Mon 09:00-12:00 (UTC); not on 28 Dec.",
        ),
    ],
)
def test_hours_are_said_in_words(policy: dict[str, Any], said: str) -> None:
    """Days with the same hours together, and the days off that are near."""
    assert hours_in_words(DeskPolicy.model_validate(policy), TODAY) == said
