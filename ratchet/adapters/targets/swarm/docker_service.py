"""Docker Swarm services as the engine reports them, turned into the values that `domain.release.rollout` judges."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import docker
from docker.errors import APIError, NotFound, NullResource

from ratchet.adapters.system import commands
from ratchet.domain.errors import RatchetError
from ratchet.domain.release.rollout import FAILED_STATES, ServiceState, Task, Update, Wanted

LOG_LINES = 15
NO_UPDATE_BEFORE = Update()
ENDED = FAILED_STATES | {"shutdown", "remove"}
"""States of tasks whose containers do not run, and never will."""


@dataclass(frozen=True)
class Swarm:
    """What this engine is in its swarm: its node's id, whether it manages, and the number of ready nodes."""

    node: str
    manager: bool
    nodes: int


def swarm(client: docker.DockerClient) -> Swarm | None:
    """Return the engine's place in its swarm, None when it is in none."""
    info = client.info()["Swarm"]
    if info.get("LocalNodeState") != "active":
        return None
    return Swarm(str(info["NodeID"]), bool(info["ControlAvailable"]), int(info.get("Nodes") or 0))


def need_manager(client: docker.DockerClient) -> Swarm:
    """Return the engine's place; raises `RatchetError` when it cannot be told to change services."""
    place = swarm(client)
    if place is None:
        raise RatchetError(
            "The Docker engine is not in a swarm.",
            "If it was until now, it is stopping or starting: see `docker info`, and run the same command again. "
            "Otherwise run `docker swarm init` on it, or write `RATCHET_TARGET=process` into .env.",
        )
    if not place.manager:
        raise RatchetError("The Docker engine is a worker of its swarm.", "Name a manager with DOCKER_HOST.")
    return place


def fleet(client: docker.DockerClient, name: str) -> ServiceState | None:
    """Read a service, its last update and every task that the engine remembers; None when there is none."""
    service = inspect(client, name)
    if service is None:
        return None
    nodes = {node["ID"]: node["Description"]["Hostname"] for node in client.api.nodes()}
    try:
        tasks = [task(entry, name, nodes) for entry in client.api.tasks(filters={"service": name})]
    except NotFound:
        return None  # removed a moment ago
    status = service.get("UpdateStatus") or {}
    update = Update(status.get("State", ""), status.get("StartedAt", ""), status.get("Message", ""))
    return ServiceState(replicas_of(service), update, tuple(tasks))


def inspect(client: docker.DockerClient, name: str) -> dict[str, Any] | None:
    """Read a service as the engine has it; None when there is none."""
    try:
        return dict(client.api.inspect_service(name))
    except NotFound:
        return None


def of_stack(client: docker.DockerClient, stack: str) -> list[dict[str, Any]]:
    """The services of a stack."""
    return list(client.api.services(filters=namespace(stack)))


def namespace(stack: str) -> dict[str, str]:
    """The filter for what belongs to a stack."""
    return {"label": f"com.docker.stack.namespace={stack}"}


def not_running(client: docker.DockerClient, stack: str) -> list[str]:
    """The services of a stack that have fewer replicas than declared; a global one has one at least."""
    services = client.api.services(filters=namespace(stack), status=True)
    missing = []
    for service in services:
        count, least = service["ServiceStatus"], int("Global" in service["Spec"]["Mode"])
        if count["RunningTasks"] < max(count["DesiredTasks"], least):
            missing.append(str(service["Spec"]["Name"]))
    return missing


def replicas_of(service: Mapping[str, Any]) -> int:
    """How many replicas a service declares."""
    return int(service["Spec"]["Mode"].get("Replicated", {}).get("Replicas", 0))


def wanted_by(spec: Mapping[str, Any]) -> Wanted:
    """What a service's specification tells its replicas to be."""
    container = spec["TaskTemplate"]["ContainerSpec"]
    return Wanted(str(container["Image"]), _environment(container).get("RATCHET_RELEASE", ""))


def task(entry: Mapping[str, Any], service: str, nodes: Mapping[str, str]) -> Task:
    """Turn the engine's description of a task into a value."""
    container = entry["Spec"]["ContainerSpec"]
    status = entry["Status"]
    slot = entry.get("Slot") or entry.get("NodeID", "")
    attached = entry.get("NetworksAttachments") or []
    return Task(
        id=str(entry["ID"]),
        name=f"{service}.{slot}",
        node=nodes.get(entry.get("NodeID", ""), ""),
        image=str(container["Image"]),
        release=_environment(container).get("RATCHET_RELEASE", ""),
        desired=str(entry["DesiredState"]),
        state=str(status["State"]),
        error=str(status.get("Err") or ""),
        since=str(status.get("Timestamp", "")),
        addresses=tuple(
            address.partition("/")[0] for network in attached for address in network.get("Addresses") or []
        ),
    )


def published_port(client: docker.DockerClient, task_id: str) -> int | None:
    """The port of its node on which a task's own port is published, None when there is none yet."""
    status = client.api.inspect_task(task_id)["Status"]
    ports = (status.get("PortStatus") or {}).get("Ports") or []
    return int(ports[0]["PublishedPort"]) if ports else None


def tail(task_id: str, environment: Mapping[str, str], lines: int = LOG_LINES) -> str:
    """The last lines that a task's replica wrote, wherever it ran; "" when the engine has none."""
    argv = ["docker", "service", "logs", "--raw", "--tail", str(lines), task_id]
    try:
        return commands.run(argv, env=environment, timeout=10, check=False).output.strip()
    except RatchetError:
        return ""  # a node that does not answer keeps its logs to itself


def last_checks(client: docker.DockerClient, task_id: str) -> tuple[list[str], bool | None]:
    """What the last health checks of a task's replica said, the oldest first, and whether the kernel ended it for its
    memory; nothing and None where the engine has it no longer, or it ran on another node.
    """
    try:
        status = client.api.inspect_task(task_id)["Status"].get("ContainerStatus") or {}
        state = client.api.inspect_container(status.get("ContainerID", ""))["State"]
    except (APIError, NullResource):
        return [], None
    checks = (state.get("Health") or {}).get("Log") or []
    return [str(check["Output"]).strip() for check in checks if check["Output"]], bool(state.get("OOMKilled"))


def order_rollback(name: str, environment: Mapping[str, str]) -> None:
    """Tell the engine to bring a service back to its previous specification."""
    commands.run(["docker", "service", "rollback", "--detach", name], env=environment, timeout=30)


def remove(client: docker.DockerClient, name: str) -> None:
    """Remove a service; one that is not there is fine."""
    try:
        client.api.remove_service(name)
    except APIError as error:
        if error.status_code != 404:
            raise


def environment_of(spec: Mapping[str, Any]) -> dict[str, str]:
    """The environment that a service's specification gives its replicas."""
    return _environment(spec["TaskTemplate"]["ContainerSpec"])


def labels_of(service: Mapping[str, Any]) -> dict[str, str]:
    """The labels of a service itself."""
    return dict(service["Spec"].get("Labels") or {})


def label(name: str, environment: Mapping[str, str], changes: Mapping[str, str | None]) -> None:
    """Set labels of a service, or take those away that are None; no replica is started again for them."""
    argv = ["docker", "service", "update", "--detach", "--quiet"]
    for key, value in changes.items():
        argv += ["--label-rm", key] if value is None else ["--label-add", f"{key}={value}"]
    commands.run([*argv, name], env=environment, timeout=30)


def _environment(container: Mapping[str, Any]) -> dict[str, str]:
    return dict(entry.partition("=")[::2] for entry in container.get("Env") or [])
