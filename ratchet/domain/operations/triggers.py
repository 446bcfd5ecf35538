"""Triggers: what a change in Git asks for, and the events that say so."""

from __future__ import annotations

import uuid
from collections.abc import Collection, Sequence
from dataclasses import dataclass, field, replace
from fnmatch import fnmatch

from pydantic import Field

from ratchet.domain.policy import Policy
from ratchet.domain.record import Record

DATA_CHANGED, CODE_CHANGED = "ratchet.data.changed", "ratchet.code.changed"
FILE_DROPPED = "ratchet.file.dropped"
EVENTS = uuid.uuid5(uuid.NAMESPACE_URL, "https://ratchet.invalid/events")
"""The namespace of event ids."""
REMEMBERED = 200

DATA = ("data.dvc",)
SERVED = ("bot/*", "ratchet_bot/src/*", "deployments/*", "directory.csv")
"""What the fleet runs on; `*` matches folders too."""
NOT_SERVED = ("bot/tests/*", "*.md", "deployments/prefect.yaml", "deployments/automations.yaml")


class TriggersPolicy(Policy):
    """The section `triggers` of `params.yaml`."""

    schedule: str = Field("0 6 * * 1", description="when to retrain in any case, in cron's form")
    time_zone: str = Field("UTC", description="the time zone of the schedule, which follows its summer time")
    branch: str | None = Field(
        None, description="the branch to follow; by default the one that is checked out"
    )
    poll_seconds: float = Field(10, ge=1, description="how often Git and the inbox are looked at")
    data_gap_seconds: float = Field(60, ge=0, description="at most one data change is announced in that time")


@dataclass(frozen=True)
class Change(Record):
    """What a step from one commit to another touches.

    `data` is the newest commit that changed the data, `code` the newest that changed what is served; "" where
    none did. `shaping` says that the model itself would come out differently, `paths` lists what changed.
    """

    data: str = ""
    code: str = ""
    shaping: bool = False
    paths: tuple[str, ...] = ()

    def as_of(self, commit: str) -> Change:
        """Return the same change as if one commit had made it, so that its events count as new ones."""
        return replace(self, data=commit if self.data else "", code=commit if self.code else "")


@dataclass(frozen=True)
class Event(Record):
    """Something that starts work. The same occurrence has the same `id`, whatever announces it."""

    name: str
    subject: str
    payload: dict[str, str] = field(default_factory=dict)

    @property
    def id(self) -> str:
        """A UUID made of the name and the subject: a commit, or a file with its version."""
        return str(uuid.uuid5(EVENTS, f"{self.name}\n{self.subject}"))


def is_data(path: str) -> bool:
    """Say whether this file names the data."""
    return path in DATA


def is_served(path: str) -> bool:
    """Say whether this file reaches the fleet."""
    return matches(path, SERVED) and not matches(path, NOT_SERVED)


def matches(path: str, patterns: Collection[str]) -> bool:
    """Say whether a path, relative to the workspace, fits one of the patterns."""
    return any(fnmatch(path, pattern) for pattern in patterns)


def events(change: Change) -> list[Event]:
    """Say what a change asks for.

    New data: a retrain. Code that shapes the model: a retrain on the champion's data. Other code: the
    champion with the new code. Data with shaping code: one retrain on both, which no one can tell apart then.
    Data together with other code is two events, each of which is right whichever comes first.
    """
    found = []
    if change.data:
        found.append(data_changed(change.data, with_code=change.shaping))
    if change.shaping and not change.data:
        found.append(code_changed(change.code, retrain=True))
    if change.code and not change.shaping:
        found.append(code_changed(change.code, retrain=False))
    return found


def data_changed(commit: str, with_code: bool = False) -> Event:
    """Announce that a commit changed the data; `with_code` when it changed what shapes the model too."""
    return Event(DATA_CHANGED, commit, {"commit": commit, "code": yes_or_no(with_code)})


def code_changed(commit: str, retrain: bool) -> Event:
    """Announce that a commit changed the code; `retrain` when it shapes the model."""
    return Event(CODE_CHANGED, commit, {"commit": commit, "retrain": yes_or_no(retrain)})


def file_dropped(address: str, version: str) -> Event:
    """Announce a file in the inbox; `version` tells it from an earlier one of the same name."""
    return Event(FILE_DROPPED, f"{address}\n{version}", {"file": address, "version": version})


def yes_or_no(value: bool) -> str:
    """Write a truth value for a payload: a trigger matches strings only."""
    return "yes" if value else "no"


@dataclass(frozen=True)
class Cursor(Record):
    """How far a repository was looked at.

    Everything up to `commit` was announced; `announced` holds the ids of the latest events, `data_at` the
    time of the last data change that was announced, in seconds since 1970.
    """

    commit: str = ""
    announced: tuple[str, ...] = ()
    data_at: float = 0.0

    def after(self, sent: Sequence[Event], commit: str, now: float) -> Cursor:
        """Return the cursor once these events were sent."""
        ids = (*self.announced, *(event.id for event in sent))
        data_at = now if any(event.name == DATA_CHANGED for event in sent) else self.data_at
        return Cursor(commit, ids[-REMEMBERED:], data_at)


def to_send(found: Sequence[Event], cursor: Cursor, now: float, gap: float) -> tuple[list[Event], bool]:
    """Choose what to announce at the time `now`, and say whether something has to wait.

    A data change goes out at once, and those that follow within `gap` seconds go out together after it: what
    waits is not lost, because the cursor stays and the next look finds the newest.
    """
    fresh = [event for event in found if event.id not in cursor.announced]
    early = now - cursor.data_at < gap
    ready = [event for event in fresh if not (early and event.name == DATA_CHANGED)]
    return ready, len(ready) < len(fresh)
