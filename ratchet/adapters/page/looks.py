"""What Home shows, of registry, target, events, monitor and Prefect; a silent source hides only its own part."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any
from zoneinfo import ZoneInfo

from ratchet.adapters import overview
from ratchet.adapters.bot import traffic
from ratchet.adapters.monitoring import monitor
from ratchet.adapters.monitoring.monitor import Sources
from ratchet.adapters.overview import Status
from ratchet.adapters.prefect import retrains
from ratchet.adapters.registry.mlflow import Registry
from ratchet.adapters.report.charts import HistoryChart, history_chart, history_points
from ratchet.adapters.settings import Settings
from ratchet.adapters.system.lock import holder
from ratchet.adapters.targets import desks
from ratchet.domain.gate import ramp
from ratchet.domain.operations.incidents import Incident
from ratchet.domain.operations.next_steps import NextStep, next_step
from ratchet.domain.operations.traffic import FALLBACK, HANDOFF
from ratchet.domain.release.manifest import Release, last_good
from ratchet.domain.release.model import Model

WIDE, NARROW = (880, 300), (380, 260)
MOST_POINTS = 30


@dataclass(frozen=True)
class Today:
    """The messages since midnight, counted."""

    messages: int
    fallbacks: int
    handed_off: int
    failed: int

    def share(self, count: int) -> float:
        """A count as a share of the messages, in [0, 1]."""
        return count / self.messages if self.messages else 0.0


@dataclass(frozen=True)
class Way:
    """The way back: the release that a rollback goes to, and how long the last rollback took, None where none was."""

    release: Release
    seconds: float | None


@dataclass(frozen=True)
class Look:
    """All of it at one time, in seconds since 1970; None where a source was silent, which `blind` says why.

    `running` is the run that changes the workspace now: `what`, `since` and `pid`. `waiting` counts what waits for a
    person on other pages: conversations that no one has taken, messages to label.
    """

    at: float
    status: Status | None
    charts: Mapping[str, HistoryChart]
    floor: float
    today: Today | None
    incidents: Sequence[tuple[Incident, NextStep]]
    asked: Model | None
    back: Way | None
    due: float | None
    running: Mapping[str, Any] | None
    waiting: Mapping[str, int]
    blind: Mapping[str, str] = field(default_factory=dict)


def look(settings: Settings) -> Look:
    """Ask every source."""
    sources = Sources()
    registry = Registry(settings)
    status = sources.ask("registry and bot", lambda: overview.look(settings))
    models = sources.ask("registry", registry.models) or []
    releases = sources.ask("registry", registry.releases) or []
    open_ones = sources.ask("monitor", lambda: monitor.recall(settings).incidents) or ()
    question = status.question if status else None
    policy = settings.params.ramp
    floor = ramp.floor(policy, ramp.first_target(policy, models[0].accuracy)) if models else 0.0
    return Look(
        at=time.time(),
        status=status,
        charts=charts(models, releases, floor),
        floor=floor,
        today=sources.ask("traffic", lambda: today(settings)),
        incidents=[(one, next_step(one.kind)) for one in open_ones if one.begun is not None],
        asked=next((one for one in models if question and one.version == question.version), None),
        back=way_back(releases, status.live if status else None),
        due=sources.ask("retrains", lambda: retrains.next_retrain(settings)),
        running=holder(settings.state / "run.lock"),
        waiting=waiting(settings, sources),
        blind=sources.blind,
    )


def charts(models: Sequence[Model], releases: Sequence[Release], floor: float) -> dict[str, HistoryChart]:
    """Return the plot of the newest models' accuracy, for a wide and a narrow window; {} without a model."""
    points = history_points(models[-MOST_POINTS:], releases)
    if not points:
        return {}
    return {
        "wide": history_chart(points, floor, *WIDE),
        "narrow": history_chart(points[-10:], floor, *NARROW),
    }


def way_back(releases: Sequence[Release], live: Release | None) -> Way | None:
    """Return where a rollback goes to, None where there is nothing before the live release."""
    before = last_good(releases, live.id) if live else None
    if before is None:
        return None
    took = [one.seconds for one in releases if one.reason.startswith("rollback") and one.seconds]
    return Way(before, took[-1] if took else None)


def today(settings: Settings) -> Today | None:
    """Count the messages since midnight in the team's time zone; None where no bot has written any yet."""
    if traffic.url(settings) is None:
        return None
    zone = ZoneInfo(settings.params.triggers.time_zone)
    midnight = datetime.now(zone).replace(hour=0, minute=0, second=0, microsecond=0)
    return Today(**traffic.counts(settings, midnight.astimezone(UTC).timestamp(), (FALLBACK, HANDOFF)))


def waiting(settings: Settings, sources: Sources) -> dict[str, int]:
    """Count what waits for a person; what is not set up waits for no one."""
    found: dict[str, int] = {}
    if settings.handoff_token or settings.client_tokens_file:
        rows = sources.ask("hand-offs", lambda: desks.for_person(settings).conversations())
        found["conversations"] = sum(1 for one in rows or () if not one.get("taken_by"))
    if (settings.state / "harvest").is_dir():
        found["labels"] = sources.ask("labels", lambda: to_label(settings)) or 0
    return found


def to_label(settings: Settings) -> int:
    """Count the messages of the newest sample that no one has labelled, and about which no one was unsure."""
    from ratchet.adapters.monitoring import harvest, labels
    from ratchet.domain.operations.labelling import open_ones

    samples = labels.newest_samples(settings, 1)
    return open_ones(harvest.read(samples[0])) if samples else 0
