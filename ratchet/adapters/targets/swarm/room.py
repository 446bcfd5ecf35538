"""Whether the nodes of a swarm have room for a set of replicas, as the engine counts it: by reservations."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping
from typing import Any

import docker

from ratchet.adapters.bot import encoders
from ratchet.adapters.targets.swarm import derived, docker_service
from ratchet.domain.errors import RatchetError
from ratchet.domain.release import room
from ratchet.domain.release.room import Need, Node

UNITS = {"": 1, "b": 1, "k": 1024, "m": 1024**2, "g": 1024**3, "t": 1024**4}
NANO = 1_000_000_000


def require(
    client: docker.DockerClient,
    service: Mapping[str, Any],
    values: Mapping[str, str],
    what: str,
    leaves: Collection[str] = (),
    actions: Mapping[str, Any] | None = None,
) -> None:
    """Raise `RatchetError` where the replicas of a service of stack.yml have no room beside all that runs.

    `values` are Ratchet's variables; `leaves` are the names of services that give their room back before; `actions` is
    the service of the release's custom actions, where it has some.
    """
    needs = [need_of(one, values) for one in (service, actions) if one is not None]
    free = nodes(client, leaves)
    if why := room.shortage_of_both(free, *needs) if actions is not None else room.shortage(free, *needs):
        raise RatchetError(
            f"{what} does not fit beside the live release: {why}. Nothing was changed.",
            "Lower deploy.resources.reservations of `bot` or `actions` in deployments/stack.yml or add a node; where "
            "there is no memory for both releases, set `rollout.order: rolling` in params.yaml.",
        )


def too_little(service: Mapping[str, Any], values: Mapping[str, str], encoder: str) -> str:
    """Say that a stack.yml of the team's own reserves too little for a replica with this encoder, else ""."""
    reserved, needed = need_of(service, values).memory, encoders.reserved_mib(encoder)
    if not encoder or not 0 < reserved < needed * room.MEBI:
        return ""
    return (
        f"deployments/stack.yml reserves {reserved / room.MEBI:,.0f} MiB for a replica, and one with a sentence "
        f'encoder needs {needed}: write "${{RATCHET_REPLICA_MEMORY}}" there'
    )


def need_of(service: Mapping[str, Any], values: Mapping[str, str]) -> Need:
    """Return what a service of stack.yml asks of the nodes, with Ratchet's variables filled in."""
    deploy = service.get("deploy") or {}
    reserved = (deploy.get("resources") or {}).get("reservations") or {}
    placement = deploy.get("placement") or {}
    return Need(
        replicas=int(known(deploy.get("replicas"), values) or 1),
        memory=size(known(reserved.get("memory"), values) or 0),
        cpus=float(known(reserved.get("cpus"), values) or 0),
        constraints=tuple(str(one) for one in placement.get("constraints") or ()),
        most_per_node=int(known(placement.get("max_replicas_per_node"), values) or 0),
    )


def known(value: Any, values: Mapping[str, str]) -> Any:
    """Return a value of stack.yml; None for one with a variable of the team's own, which the engine judges."""
    filled = derived.filled(value, values) if isinstance(value, str) else value
    return None if "$" in str(filled) else filled


def size(written: Any) -> int:
    """Read a size as Compose writes it: `256M`, `1gb`, or bytes; raises `RatchetError` for any other text."""
    found = re.fullmatch(r"\s*(\d+(?:\.\d+)?)\s*([kmgt]?)i?b?\s*", str(written).lower())
    if not found:
        raise RatchetError(
            f"{written!r} is not a memory size.", "Correct deploy.resources in deployments/stack.yml: `256M`."
        )
    return int(float(found[1]) * UNITS[found[2]])


def nodes(client: docker.DockerClient, leaves: Collection[str] = ()) -> list[Node]:
    """Return the nodes that take replicas now, with what no task has reserved but those of services that `leaves`."""
    found = []
    gone = {(docker_service.inspect(client, name) or {}).get("ID") for name in leaves} - {None}
    tasks = [task for task in client.api.tasks() if task.get("ServiceID") not in gone]
    for node in client.api.nodes():
        spec, description = node["Spec"], node["Description"]
        if node["Status"]["State"] != "ready" or spec.get("Availability") != "active":
            continue
        here = [
            task
            for task in tasks
            if task.get("NodeID") == node["ID"]
            and task["Status"]["State"] not in docker_service.ENDED
            and task["DesiredState"] in ("running", "ready")
        ]
        reserved = [((task["Spec"].get("Resources") or {}).get("Reservations") or {}) for task in here]
        have = description["Resources"]
        found.append(
            Node(
                name=description["Hostname"],
                memory=int(have.get("MemoryBytes", 0))
                - sum(int(one.get("MemoryBytes", 0)) for one in reserved),
                cpus=(int(have.get("NanoCPUs", 0)) - sum(int(one.get("NanoCPUs", 0)) for one in reserved))
                / NANO,
                attributes={
                    "node.id": node["ID"],
                    "node.hostname": description["Hostname"],
                    "node.role": spec["Role"],
                    **{f"node.labels.{name}": value for name, value in (spec.get("Labels") or {}).items()},
                },
            )
        )
    return found
