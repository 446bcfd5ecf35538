"""Whose fleet a stack on a Docker Swarm is: two workspaces with one stack name would change each other's bots."""

from __future__ import annotations

import hashlib
import shlex
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import docker
import yaml

from ratchet.adapters.settings import Settings
from ratchet.adapters.system.files import write_text
from ratchet.adapters.targets.swarm import derived, docker_service, images
from ratchet.adapters.workspace import identity
from ratchet.domain.errors import RatchetError

OWNER, HOME = "ratchet.workspace", "ratchet.workspace.home"
"""Labels of the fleet's services: who changes them, and from which folder."""
TARGETS = {"port": derived.PROXY_PORT, "operation_port": derived.OPERATION_PORT}


class ForeignFleet(RatchetError):
    """The stack of this name belongs to another workspace."""


def key(settings: Settings) -> str:
    """Return what identifies the owner: the registry that clones share, else the workspace itself."""
    if settings.tracking_uri is None:
        return identity.claim(settings.workspace).id
    shared = settings.tracking_uri.rpartition("@")[2]
    return hashlib.sha256(shared.encode()).hexdigest()[:12]


def overlay(settings: Settings, document: Mapping[str, Any]) -> Path:
    """Write the labels of the owner as a stack file that is laid over a stack's own; returns its path.

    They are labels of services, not of containers: no replica is started again because of them.
    """
    labels = {OWNER: key(settings), HOME: str(settings.workspace)}
    services = {name: {"deploy": {"labels": labels}} for name in document["services"]}
    path = settings.state / "swarm" / "owner.yml"
    write_text(
        path,
        yaml.safe_dump(
            {"version": str(document.get("version", "3.8")), "services": services}, sort_keys=False
        ),
    )
    return path


def require(client: docker.DockerClient, settings: Settings) -> None:
    """Raise `ForeignFleet`, naming the owner, where the stack of this name is another workspace's."""
    for name in (derived.BOT, derived.PROXY):
        service = docker_service.inspect(client, f"{settings.stack}_{name}")
        labels = (service or {}).get("Spec", {}).get("Labels") or {}
        owner, home = labels.get(OWNER), labels.get(HOME)
        if owner is None or owner in owned_by(settings) or home == str(settings.workspace):
            continue
        own = identity.claim(settings.workspace).id
        raise ForeignFleet(
            f"The fleet `{settings.stack}` on this swarm belongs to the workspace {home}.",
            f"Give this workspace's fleet a name of its own: `echo RATCHET_STACK=ratchet-{own} >> "
            f"{shlex.quote(str(settings.workspace / '.env'))}`.",
        )


def owned_by(settings: Settings) -> set[str]:
    """Return all that may identify this workspace: a fleet from before it shared its registry is its own, too."""
    return {key(settings), identity.claim(settings.workspace).id}


def published(settings: Settings, name: str) -> int | None:
    """Return the port that the fleet's proxy opens for a setting; None where no fleet or no engine is."""
    try:
        client = images.connect(timeout=5)
        service = docker_service.inspect(client, f"{settings.stack}_{derived.PROXY}")
    except RatchetError:
        return None
    found = ((service or {}).get("Spec", {}).get("EndpointSpec") or {}).get("Ports") or []
    return next((int(one["PublishedPort"]) for one in found if one.get("TargetPort") == TARGETS[name]), None)
