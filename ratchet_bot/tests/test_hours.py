"""When people answer, and what users are told while nobody does."""

from __future__ import annotations

import json
from datetime import UTC, datetime

import pytest

from ratchet_bot.channel import hours
from ratchet_bot.tools._errors import ToolError

BERLIN = {
    "hours": {"mon": ["09:00-12:00", "13:00-17:00"], "fri": ["09:00-24:00"], "sat": ["00:00-02:00"]},
    "time_zone": "Europe/Berlin",
    "holidays": ["2026-03-30"],
    "say_closed": "We are back on {opens}.",
    "say_waiting": "Somebody comes.",
}
HOURS = hours.read(json.dumps(BERLIN))


def at(said: str) -> float:
    """A time of UTC."""
    return datetime.fromisoformat(said).replace(tzinfo=UTC).timestamp()


@pytest.mark.parametrize(
    ("now", "since"),
    [
        ("2026-03-23 07:59", None),
        ("2026-03-23 08:00", "2026-03-23 08:00"),
        ("2026-03-23 11:00", None),
        ("2026-03-23 12:30", "2026-03-23 12:00"),
        ("2026-03-23 16:00", None),
        ("2026-03-24 12:00", None),
        ("2026-03-28 00:30", "2026-03-27 08:00"),  # over midnight
        ("2026-03-28 01:00", None),
        ("2026-03-30 08:30", None),  # a holiday
        ("2026-04-06 07:00", "2026-04-06 07:00"),  # summer time
    ],
)
def test_it_is_open_by_the_clocks_of_its_time_zone(now: str, since: str | None) -> None:
    """Summer time, a break, a night and a holiday included."""
    assert HOURS.since(at(now)) == (at(since) if since else None)


def test_users_are_told_when_it_opens() -> None:
    """Outside the hours; within them, what is said to who waits."""
    assert HOURS.closed(at("2026-03-28 12:00")) == "We are back on Friday, 2026-04-03 09:00."
    assert HOURS.waiting(at("2026-03-28 12:00")) == "We are back on Friday, 2026-04-03 09:00."
    assert (HOURS.closed(at("2026-03-23 09:00")), HOURS.waiting(at("2026-03-23 09:00"))) == (
        "",
        "Somebody comes.",
    )
    never = hours.read(json.dumps({**BERLIN, "hours": {"mon": []}}))
    assert never.closed(at("2026-03-23 09:00")) == "We are back on later."


def test_without_a_policy_it_is_always_open() -> None:
    """And nothing is said."""
    for said in (None, "", "{}", '{"hours": {}}'):
        always = hours.read(said)
        assert (always.since(5.0), always.opens(5.0), always.closed(5.0), always.waiting(5.0)) == (
            0.0,
            None,
            "",
            "",
        )


@pytest.mark.parametrize(
    "wrong",
    [
        "[",
        "[]",
        '{"hours": {"monday": []}}',
        '{"hours": {"mon": ["9-17"]}}',
        '{"hours": {"mon": ["17:00-09:00"]}}',
        '{"hours": {"mon": ["17:00-24:30"]}}',
        '{"time_zone": "Mars/Olympus"}',
        '{"holidays": ["tomorrow"]}',
    ],
)
def test_what_is_no_policy_is_refused(wrong: str) -> None:
    """In a sentence that names where to correct it."""
    with pytest.raises(ToolError, match="RATCHET_HANDOFF_HOURS"):
        hours.read(wrong)
