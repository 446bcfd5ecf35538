"""Who is on duty to answer people, and when people answer, in words."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import date, timedelta
from typing import get_args

from ratchet.domain.operations.policies import Day, DeskPolicy
from ratchet.domain.record import Record
from ratchet.domain.wording import listed

LASTS_SECONDS = 12 * 3600.0
"""Someone who forgets to go off duty is off it after this time, as their session ends."""
AHEAD = timedelta(days=60)


@dataclass(frozen=True)
class Turn(Record):
    """Someone who is on duty, and since when, in seconds since 1970."""

    name: str
    since: float


@dataclass(frozen=True)
class Duty(Record):
    """Everybody who said that they are on duty, who came first first."""

    turns: tuple[Turn, ...] = ()

    def now(self, now: float, people: Collection[str]) -> tuple[Turn, ...]:
        """Return who is on duty; `people` are those who may still answer."""
        return tuple(one for one in self.turns if one.name in people and 0 <= now - one.since < LASTS_SECONDS)

    def changed(self, name: str, on: bool, now: float) -> Duty:
        """Return the duty with one person on it, or off it; who is on it already begins again."""
        others = tuple(one for one in self.turns if one.name != name and 0 <= now - one.since < LASTS_SECONDS)
        return Duty((*others, Turn(name, now)) if on else others)


def hours_in_words(policy: DeskPolicy, today: date) -> str:
    """Say when people answer: days with the same hours together, and the days off of the next weeks."""
    if not policy.hours:
        return "People answer at any time."
    days: list[Day] = list(get_args(Day))
    groups: list[tuple[list[str], tuple[str, ...]]] = []
    for day in days:
        spans = tuple(sorted(policy.hours.get(day, ())))
        if groups and groups[-1][1] == spans:
            groups[-1][0].append(day)
        else:
            groups.append(([day], spans))
    said = [f"{named(names)} {' and '.join(spans)}" for names, spans in groups if spans]
    off = [one for one in sorted(policy.holidays) if today <= one <= today + AHEAD]
    closed = f"; not on {listed([f'{one:%d %b}' for one in off])}" if off else ""
    return f"People answer {'; '.join(said) or 'at no time'} ({policy.time_zone}){closed}."


def named(days: list[str]) -> str:
    """Return weekdays in a row: Mon, or Mon to Fri."""
    first, last = days[0].title(), days[-1].title()
    return first if len(days) == 1 else f"{first} to {last}"
