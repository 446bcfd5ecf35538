"""The replicas of a fleet as they are: what each says of itself, and what it wrote."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import docker

from ratchet.adapters.settings import Settings
from ratchet.adapters.targets.swarm import companions, docker_service, proof, reasons, stack
from ratchet.adapters.targets.target import ReplicaStatus
from ratchet.domain.release.rollout import FAILED_STATES, ServiceState, Task


def ask(client: docker.DockerClient, settings: Settings, service: str) -> list[ReplicaStatus]:
    """Ask each replica of a service itself, through the proxy's operation port; one that is missing is not ready."""
    fleet = docker_service.fleet(client, service)
    if fleet is None:
        return []
    up = sorted(
        (task for task in fleet.tasks if task.wanted_to_run), key=lambda task: (task.name, task.since)
    )
    missing = [Task("", f"{service}.?", "", "", "", "running", "missing")] * (fleet.replicas - len(up))
    with ThreadPoolExecutor(max_workers=8) as pool:
        return list(pool.map(lambda task: status(settings, task, fleet), up + missing))


def status(settings: Settings, task: Task, fleet: ServiceState) -> ReplicaStatus:
    """Ask one replica."""
    said = proof.said_by(settings, task)
    return ReplicaStatus(
        name=task.name,
        node=task.node,
        url=str(said.get("url", "")),
        ready=said.get("ready") is True,
        release=str(said.get("release", "")),
        model_id=str(said.get("model_id", "")),
        restarts=sum(other.name == task.name and other.state in FAILED_STATES for other in fleet.tasks),
        since=task.since,
        why="" if said.get("ready") is True else why(task, fleet, str(said.get("why") or "")),
    )


def why(task: Task, fleet: ServiceState, said: str) -> str:
    """Say why a replica is not ready, in its own words or the engine's; "" where neither says it."""
    errors = [task.error, *(one.error for one in fleet.tasks if one.name == task.name)]
    found = reasons.of([error for error in errors if error], checks=[said] if said else [])
    return found.fact if found else ""


def logs(client: docker.DockerClient, settings: Settings, service: str, lines: int) -> str:
    """Return the last lines of each replica and its custom actions, with the name, from whichever node it runs on."""
    found = docker_service.inspect(client, service)
    told = docker_service.environment_of(found["Spec"]) if found else {}
    names = filter(None, (service, companions.beside(service, told)))
    fleets = [docker_service.fleet(client, name) for name in names]
    environment = stack.docker_environment(settings)
    parts = [
        f"{task.name} on {task.node}\n{docker_service.tail(task.id, environment, lines)}"
        for fleet in fleets
        for task in (fleet.running() if fleet else [])
    ]
    return "\n\n".join(parts)
