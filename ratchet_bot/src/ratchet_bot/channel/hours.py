"""When people answer in the bot's place, and what its users are told while no one does. Pure.

The policy is the section `desk` of `params.yaml`, as JSON in RATCHET_HANDOFF_HOURS.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta, tzinfo

import pytz

from ratchet_bot.tools._errors import ToolError

DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
SPAN = re.compile(r"(\d\d):([0-5]\d)-(\d\d):([0-5]\d)")
AHEAD = 400
"""How many days ahead an opening is looked for."""
BACK = 8
"""How many days back the begin of hours without a gap is looked for."""


@dataclass(frozen=True)
class Hours:
    """Opening hours: spans of minutes by weekday (0 is Monday), on the clocks of `zone`, except on `holidays`.

    Without `days` it is always open. `say_closed` is said outside them (`{opens}` is when they begin), `say_waiting`
    once to who writes while no one has the conversation; "" says nothing.
    """

    days: Mapping[int, tuple[tuple[int, int], ...]]
    zone: tzinfo = pytz.utc
    holidays: frozenset[date] = frozenset()
    say_closed: str = ""
    say_waiting: str = ""

    def since(self, now: float) -> float | None:
        """Return when the current opening hours began, 0.0 where it is always open; None outside them."""
        if not self.days:
            return 0.0
        begun: float | None = None
        today = datetime.fromtimestamp(now, self.zone).date()
        spans = [span for back in range(BACK, -1, -1) for span in self._spans(today - timedelta(days=back))]
        end = 0.0
        for first, last in spans:
            if first > now:
                break
            begun = begun if begun is not None and first <= end else first
            end = last
        return begun if begun is not None and now < end else None

    def opens(self, now: float) -> float | None:
        """Return when it opens next, in seconds since 1970; None where it never does, or is always open."""
        if not self.days:
            return None
        today = datetime.fromtimestamp(now, self.zone).date()
        ahead = (first for day in range(AHEAD) for first, _ in self._spans(today + timedelta(days=day)))
        return next((first for first in ahead if first > now), None)

    def closed(self, now: float) -> str:
        """Return what is said outside the hours, "" within them."""
        if self.since(now) is not None:
            return ""
        opens = self.opens(now)
        when = f"{datetime.fromtimestamp(opens, self.zone):%A, %Y-%m-%d %H:%M}" if opens else "later"
        return self.say_closed.replace("{opens}", when)

    def waiting(self, now: float) -> str:
        """Return what is said to who writes while no one has their conversation."""
        return self.say_waiting if self.since(now) is not None else self.closed(now)

    def _spans(self, day: date) -> Iterator[tuple[float, float]]:
        if day in self.holidays:
            return
        midnight = datetime(day.year, day.month, day.day)
        for first, last in self.days.get(day.weekday(), ()):
            yield self._at(midnight, first), self._at(midnight, last)

    def _at(self, midnight: datetime, minutes: int) -> float:
        wall = midnight + timedelta(minutes=minutes)
        return float(self.zone.localize(wall).timestamp())  # type: ignore[attr-defined]


ALWAYS = Hours({})


def read(said: str | None) -> Hours:
    """Return the hours of RATCHET_HANDOFF_HOURS. Raises ToolError if they are not valid."""
    if not said or not said.strip():
        return ALWAYS
    try:
        policy = json.loads(said)
        days = {DAYS.index(day): _read_spans(spans) for day, spans in (policy.get("hours") or {}).items()}
        zone = pytz.timezone(policy.get("time_zone") or "UTC")
        holidays = frozenset(date.fromisoformat(day) for day in policy.get("holidays") or ())
        says = {name: str(policy.get(name) or "") for name in ("say_closed", "say_waiting")}
    except (
        ValueError,
        TypeError,
        AttributeError,
        LookupError,
    ) as error:  # pytz: UnknownTimeZoneError is a KeyError
        raise ToolError(
            f"RATCHET_HANDOFF_HOURS is no policy of opening hours: {error!r}.",
            "Correct the section desk of params.yaml.",
        ) from error
    return Hours(days, zone, holidays, **says)


def _read_spans(spans: list[str]) -> tuple[tuple[int, int], ...]:
    found = []
    for span in spans:
        matched = SPAN.fullmatch(span)
        if matched is None:
            raise ValueError(span)
        first, first_minutes, last, last_minutes = map(int, matched.groups())
        found.append((60 * first + first_minutes, 60 * last + last_minutes))
    if any(first >= last or last > 1440 for first, last in found):
        raise ValueError(spans)
    return tuple(sorted(found))
