"""How a release is brought to its target, with which limits, and what became of it."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Literal

from pydantic import Field

from ratchet.domain.policy import Policy
from ratchet.domain.record import Record
from ratchet.domain.release.load_test import LoadFigures, LoadTestPolicy

RolloutState = Literal["in progress", "done", "rolled back", "failed"]
# `complete` is how the engine calls a server that was stopped because its health check failed: no server of a fleet
# ends by itself.
FAILED_STATES = {"failed", "rejected", "orphaned", "complete"}
WAITING_STATES = {"new", "pending", "assigned", "accepted", "preparing", "ready", "starting"}
FIRST_START_ATTEMPTS = 3


class RolloutPolicy(Policy):
    """The section `rollout` of `params.yaml`."""

    start_timeout_seconds: float = Field(
        120, gt=0, description="a replica that is not ready by then has failed"
    )
    drain_seconds: float = Field(10, ge=0, description="time for the requests in flight when a replica stops")
    keep_releases: int = Field(
        5, ge=2, description="releases that were live kept on this machine for a rollback"
    )
    deploy_timeout_seconds: float = Field(
        300, gt=0, description="a rollout that is not done by then goes back"
    )
    order: Literal["two-colours", "rolling"] = Field(
        "two-colours",
        description="start the whole release beside the live one and switch, or replace its replicas",
    )
    keep_warm_minutes: float = Field(
        15, ge=0, description="the release before stays ready for so long, so that a rollback is a switch"
    )
    rehearse: bool = Field(False, description="after each release, go back and forth once under light load")
    load_test: LoadTestPolicy = LoadTestPolicy()


def kept(bundles: Sequence[str], went_live: Sequence[str], most: int) -> set[str]:
    """Return which bundles stay on this machine: the last `most` that went live, and the newest that did not.

    `bundles` are those that are there, newest first; `went_live` is oldest first, a bundle as often as it did. A failed
    attempt does not displace a good release, and the last failed one stays for inspection.
    """
    live = list(dict.fromkeys(reversed(went_live)))
    attempts = [bundle for bundle in bundles if bundle not in live]
    return {*live[:most], *attempts[:1]}


@dataclass(frozen=True)
class Wanted:
    """What every replica is to run: the image by digest and the release that it is told to be."""

    image: str
    release: str


@dataclass(frozen=True)
class Task:
    """One try of the engine to run a replica.

    `desired` and `state` are the engine's words; `error` is its reason for a failure or for waiting;
    `addresses` are those in the fleet's networks.
    """

    id: str
    name: str
    node: str
    image: str
    release: str
    desired: str
    state: str
    error: str = ""
    since: str = ""
    addresses: tuple[str, ...] = ()

    @property
    def wanted_to_run(self) -> bool:
        """Whether the engine wants it up; `ready` is a successor that waits for its turn to start."""
        return self.desired in ("running", "ready")


@dataclass(frozen=True)
class Update:
    """The engine's report on a service's last change; `state` is "" if there was no update."""

    state: str = ""
    started: str = ""
    message: str = ""


@dataclass(frozen=True)
class ServiceState:
    """What the engine says of the replicas: how many are declared, the last change, every task it remembers."""

    replicas: int
    update: Update
    tasks: tuple[Task, ...]

    def running(self) -> list[Task]:
        """The tasks that serve, by name."""
        up = [task for task in self.tasks if task.desired == "running" and task.state == "running"]
        return sorted(up, key=lambda task: task.name)


def is_at(fleet: ServiceState, wanted: Wanted) -> bool:
    """Say whether exactly the declared number of replicas run, and all of them what is wanted."""
    up = [task for task in fleet.tasks if task.wanted_to_run]
    right = [
        task
        for task in up
        if task.state == "running" and (task.image, task.release) == (wanted.image, wanted.release)
    ]
    return len(up) == len(right) == fleet.replicas > 0


def fetching(fleet: ServiceState, wanted: Wanted) -> bool:
    """Say whether a node is still fetching the wanted image: how long that takes says nothing about the release."""
    return any(
        task.wanted_to_run
        and task.state == "preparing"
        and (task.image, task.release) == (wanted.image, wanted.release)
        for task in fleet.tasks
    )


def outcome(
    fleet: ServiceState, wanted: Wanted, before: Update, going_back: bool = False, again: bool = False
) -> RolloutState:
    """Judge a change that was ordered when the service's last change was `before`.

    `going_back` says that the engine's own rollback was ordered; for it `rollback_completed` is success. A first
    start, for which the engine reports no change, has failed when a replica failed `FIRST_START_ATTEMPTS` times.
    `again` says that the replicas served the wanted release before, with other secrets: only the engine's word that it
    has changed them tells that they have today's.
    """
    update = fleet.update if fleet.update.started != before.started else Update()
    if update.state == "rollback_completed" and not going_back:
        return "rolled back"
    if update.state in ("paused", "rollback_paused"):
        return "failed"
    quiet = () if again else ("",)
    if is_at(fleet, wanted) and update.state in (*quiet, "completed", "rollback_completed"):
        return "done"
    if not update.state and len(failures(fleet.tasks, wanted)) >= FIRST_START_ATTEMPTS:
        return "failed"
    return "in progress"


def failures(tasks: Iterable[Task], wanted: Wanted) -> list[Task]:
    """The tasks of the wanted release that failed, newest first."""
    bad = [task for task in tasks if task.release == wanted.release and task.state in FAILED_STATES]
    return sorted(bad, key=lambda task: task.since, reverse=True)


def reason(tasks: Iterable[Task], wanted: Wanted) -> str:
    """Say in the engine's words why replicas of the wanted release do not run; "" when it gave no reason."""
    tasks = list(tasks)
    failed = failures(tasks, wanted)
    waiting = [task for task in tasks if task.release == wanted.release and task.state in WAITING_STATES]
    for task in failed + waiting:
        if task.error:
            return f"{task.name} is {task.state}: {task.error}"
    if failed:
        return f"{failed[0].name} was stopped, because its health check did not succeed or its server ended"
    for task in waiting:
        return f"{task.name} is still {task.state}; its health check has not succeeded"
    return ""


@dataclass(frozen=True)
class Rehearsal(Record):
    """A way back and forth again after a release: the seconds of each, and what users would have noticed."""

    back_seconds: float
    forth_seconds: float
    load: LoadFigures
