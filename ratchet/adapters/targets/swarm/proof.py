"""Waiting for a set of replicas that was told to start: until each answers as its release, or until it cannot."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor

import docker

from ratchet.adapters.bot import channel
from ratchet.adapters.settings import Settings
from ratchet.adapters.targets.swarm import docker_service, haproxy, reasons
from ratchet.adapters.targets.swarm.rollout import Rollout
from ratchet.adapters.targets.target import Say
from ratchet.domain.errors import RatchetError
from ratchet.domain.release.rollout import (
    FIRST_START_ATTEMPTS,
    ServiceState,
    Task,
    Wanted,
    failures,
    fetching,
    is_at,
)

POLL_SECONDS = 0.25
STORE_SECONDS = 30.0
"""How long replicas may be running but not ready, for a reason of their own, before the start counts as failed."""


def await_ready(
    client: docker.DockerClient,
    settings: Settings,
    service: str,
    wanted: Wanted,
    say: Say,
    attempts: int = FIRST_START_ATTEMPTS,
) -> list[Task]:
    """Wait until every declared replica of a service answers as the wanted release; returns them.

    Raises `RatchetError` with the reason when `attempts` of them failed, when they run and are not ready, or when the
    time for a start is over. It begins when every node has the image: `rollout.deploy_timeout_seconds` is for both.
    """
    rollout = Rollout(client, settings, service)
    limit, began = settings.params.rollout.start_timeout_seconds, time.monotonic()
    latest = began + max(limit, settings.params.rollout.deploy_timeout_seconds)
    deadline = began + limit
    seen, unready_since = -1, None
    while True:
        fleet = there(client, service)
        said = answers(settings, fleet.running())
        right = sum(one.get("ready") is True and one.get("release") == wanted.release for one in said)
        if right != seen:
            seen = right
            say(f"{right} of {fleet.replicas} replicas of {wanted.release} are ready")
        if is_at(fleet, wanted) and right == fleet.replicas:
            return fleet.running()
        whys = [str(one["why"]) for one in said if one.get("why")]
        unready_since = (unready_since or time.monotonic()) if whys else None
        hopeless = unready_since is not None and time.monotonic() - unready_since > min(STORE_SECONDS, limit)
        if fetching(fleet, wanted):
            deadline = min(time.monotonic() + limit, latest)
        late = time.monotonic() > deadline
        if hopeless or late or len(failures(fleet.tasks, wanted)) >= attempts:
            after = f" within {time.monotonic() - began:.0f} s" if late else ""
            raise unready(rollout, wanted, fleet, whys[0] if whys else "", after)
        time.sleep(POLL_SECONDS)


def there(client: docker.DockerClient, service: str) -> ServiceState:
    """Return what the engine says of a service; raises `RatchetError` when it was removed."""
    if found := docker_service.fleet(client, service):
        return found
    raise RatchetError(
        f"The service {service} is gone.", "It was removed from the swarm: run the same command again."
    )


def unready(rollout: Rollout, wanted: Wanted, fleet: ServiceState, why: str, late: str) -> RatchetError:
    """Return the error of a release whose replicas do not become ready."""
    if why and (found := reasons.of(checks=[why], service=rollout.declared())):
        return RatchetError(
            f"The replicas of release {wanted.release} run, but are not ready: {found.fact}",
            f"{found.remedy} No user was served by them.",
        )
    fact, remedy = rollout.explain(wanted, fleet, late)
    return RatchetError(fact, remedy)


def answers(settings: Settings, tasks: Sequence[Task]) -> list[dict[str, object]]:
    """Ask replicas for their readiness, through the proxy's operation port; {} for one that says nothing."""
    with ThreadPoolExecutor(max_workers=8) as pool:
        return list(pool.map(lambda task: said_by(settings, task), tasks))


def said_by(settings: Settings, task: Task) -> dict[str, object]:
    """Return what a replica says of itself, ready or not, with its `url`; {} where it says nothing."""
    for address in task.addresses if task.state == "running" else ():
        url = haproxy.replica(settings, address)
        if said := channel.readiness(url):
            return {**said, "url": url}
    return {}


def until(condition: Callable[[], bool], seconds: float, every: float = 0.05) -> bool:
    """Wait for a condition; returns whether it came true in time."""
    deadline = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > deadline:
            return False
        time.sleep(every)
    return True
