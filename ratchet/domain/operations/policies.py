"""The settings about operation: sections of `params.yaml`.

Apart from what they govern, so that reading them imports no library: every command reads the settings.
"""

from __future__ import annotations

from pydantic import Field

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


STRATA = 5


class HarvestPolicy(Policy):
    """The section `harvest` of `params.yaml`."""

    days: float = Field(7, gt=0, description="age limit of the messages, in days")
    messages: int = Field(200, ge=STRATA, description="messages to label")
