"""The word of the fleet: which colour has the traffic, as the service `switch` says it to every proxy.

The word is in that service's declaration, so that the swarm keeps it and starts it on another node when one is lost. A
change of the declaration starts it again, which takes a second; the running one is told at once where it is on this
engine. docs/decisions/two-colours.md has why.
"""

from __future__ import annotations

import contextlib
import time
from collections.abc import Mapping
from typing import Any

import docker
from docker.errors import APIError

from ratchet.adapters.settings import Settings
from ratchet.adapters.system import commands
from ratchet.adapters.targets.swarm import derived, docker_service, stack
from ratchet.domain.release.colours import Colour

VARIABLE = "RATCHET_COLOUR"
SETTLE_SECONDS = 15.0
POLL_SECONDS = 0.1
TELL = "exec 3<>/dev/tcp/127.0.0.1/9999; printf 'set map /run/switch/word.map live %s\\n' \"$1\" >&3; cat <&3"
"""HAProxy's runtime API, which listens within that container alone."""


def service(settings: Settings) -> str:
    """Return the name of the service on the engine."""
    return f"{settings.stack}_{derived.SWITCH}"


def word(client: docker.DockerClient, settings: Settings) -> Colour | None:
    """Return the colour that has the traffic; None where no release had it yet."""
    found = docker_service.inspect(client, service(settings))
    said = docker_service.environment_of(found["Spec"]).get(VARIABLE, "") if found else ""
    return Colour(said) if said in set(Colour) else None


def tell(client: docker.DockerClient, settings: Settings, colour: Colour) -> None:
    """Give all traffic to a colour, on every proxy; the declaration first, which outlives all that may happen then.

    An earlier change that is not complete is waited for: a container of it would still say its word.
    """
    settle(client, settings)
    argv = ["docker", "service", "update", "--detach", "--quiet", "--env-add", f"{VARIABLE}={colour}"]
    environment: Mapping[str, str] = stack.docker_environment(settings)
    before = containers(client, settings)
    commands.run([*argv, service(settings)], env=environment, timeout=30)
    for container in before:
        # One that has ended needs no word: the one in its place has it from its declaration.
        with contextlib.suppress(APIError):
            container.exec_run(["bash", "-c", TELL, "tell", str(colour)])


def settle(client: docker.DockerClient, settings: Settings) -> None:
    """Wait until every container of the service has the declared word; for some time, as a node may be lost."""
    deadline = time.monotonic() + SETTLE_SECONDS
    while not settled(client, settings) and time.monotonic() < deadline:
        time.sleep(POLL_SECONDS)


def settled(client: docker.DockerClient, settings: Settings) -> bool:
    """Say whether one container runs, with the declared word, and no other one runs or starts."""
    declared = word(client, settings)
    fleet = client.api.tasks(filters={"service": service(settings)}) if declared else []
    up = [one for one in fleet if one["Status"]["State"] not in docker_service.ENDED]
    said = [docker_service.environment_of({"TaskTemplate": one["Spec"]}).get(VARIABLE) for one in up]
    return declared is None or (said == [declared] and up[0]["Status"]["State"] == "running")


def containers(client: docker.DockerClient, settings: Settings) -> list[Any]:
    """Return the running containers of the service on this engine: one, or none where it is on another node."""
    label = f"com.docker.swarm.service.name={service(settings)}"
    return list(client.containers.list(filters={"label": label}))
