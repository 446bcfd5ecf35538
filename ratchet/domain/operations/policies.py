"""The settings about operation: sections of `params.yaml`.

Apart from what they govern, so that reading them imports no library: every command reads the settings.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import date
from typing import Any, Literal

from pydantic import Field, field_validator

from ratchet.domain.policy import Policy


class DriftPolicy(Policy):
    """The section `monitor.drift` of `params.yaml`."""

    p: float = Field(0.01, gt=0, lt=1, description="a test fires below this chance of a false alarm")
    messages: int = Field(500, ge=50, description="messages in a window")
    windows: int = Field(4, ge=1, description="number of accepted windows that form the baseline")


class AlertPolicy(Policy):
    """The section `monitor.alerts` of `params.yaml`."""

    looks: int = Field(2, ge=1, description="looks in a row that begin an incident, and that end it")
    remind_hours: float = Field(24, gt=0, description="hours between reminders of an open incident")
    give_up_hours: float = Field(24, gt=0, description="an alert that cannot be delivered is given up then")


class MonitorPolicy(Policy):
    """The section `monitor` of `params.yaml`."""

    every_seconds: float = Field(60, ge=1, description="how often the monitor looks")
    window_minutes: float = Field(5, gt=0, description="minutes of traffic that each judgement covers")
    min_requests: int = Field(20, ge=1, description="fewer requests in the window say nothing")
    max_p95_ms: float = Field(1000, gt=0, description="95 of 100 replies take no longer")
    max_error_percent: float = Field(2, ge=0, le=100, description="no more of the requests fail")
    retention_days: float = Field(30, gt=0, description="conversation events are deleted after that")
    override_notice_hours: float = Field(24, ge=0, description="an override's end is announced so early")
    retrain_grace_hours: float | None = Field(
        12, ge=0, description="a retrain may be so late against the schedule; null: it is not watched"
    )
    drift: DriftPolicy = DriftPolicy()
    alerts: AlertPolicy = AlertPolicy()


Day = Literal["mon", "tue", "wed", "thu", "fri", "sat", "sun"]
SPAN = re.compile(r"(\d\d):([0-5]\d)-(\d\d):([0-5]\d)")


class DeskPolicy(Policy):
    """The section `desk` of `params.yaml`."""

    hours: dict[Day, list[str]] = Field({}, description="when people answer, by weekday; {}: always")
    time_zone: str = Field("UTC", description="on the clocks of this time zone")
    holidays: list[date] = Field([], description="days on which no one answers")
    say_closed: str = Field("", description="said outside the hours; {opens} is when they begin")
    say_waiting: str = Field("", description="said once to who writes while no one has the conversation")
    alert_minutes: float | None = Field(
        10, gt=0, description="an alert when someone waits for so long within the hours; null: never"
    )

    @field_validator("hours")
    @classmethod
    def _spans(cls, hours: dict[str, list[str]]) -> dict[str, list[str]]:
        for day, spans in hours.items():
            for span in spans:
                if not is_span(span):
                    raise ValueError(f"{day} has {span!r}, which is no span such as 09:00-17:00")
        return hours

    def for_bot(self) -> Mapping[str, Any]:
        """Return what the bot has to know of it."""
        return self.model_dump(mode="json", exclude={"alert_minutes"})


def is_span(span: str) -> bool:
    """Say whether a text is a part of a day, as 09:00-17:00 is; a day ends at 24:00."""
    matched = SPAN.fullmatch(span)
    if matched is None:
        return False
    first, first_minutes, last, last_minutes = map(int, matched.groups())
    return 60 * first + first_minutes < 60 * last + last_minutes <= 24 * 60


STRATA = 5


class HarvestPolicy(Policy):
    """The section `harvest` of `params.yaml`."""

    days: float = Field(7, gt=0, description="age limit of the messages, in days")
    messages: int = Field(200, ge=STRATA, description="messages to label")
