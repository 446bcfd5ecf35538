"""What all releases share: proxy, switch, conversations, networks; and the way there from one set of replicas."""

from __future__ import annotations

import hashlib
import json
import time
from collections.abc import Mapping
from typing import Any

import docker

from ratchet.adapters.settings import Settings
from ratchet.adapters.targets.swarm import derived, docker_service, fleet_owner, proxies, stack, switch
from ratchet.adapters.targets.swarm.rollout import POLL_SECONDS
from ratchet.adapters.targets.target import Say
from ratchet.domain.errors import RatchetError
from ratchet.domain.release.colours import Colour

PASSING = ("RATCHET_COLOUR", "RATCHET_IMAGE", "RATCHET_RELEASE", "RATCHET_MODEL_VERSION")
"""What changes with each release, and is no part of the base."""
CONTENT = "ratchet.base"
"""Label of `switch`: a digest of the stack that it was started with."""


def prepare(
    client: docker.DockerClient,
    settings: Settings,
    document: Mapping[str, Any],
    values: dict[str, str],
    say: Say,
) -> None:
    """Bring the base to what stack.yml says, where it is not there; what is the same is left alone.

    Raises `RatchetError` where HAProxy does not take its configuration, or where services do not start.
    """
    proxies.require(client, settings, document)
    if is_before_colours(client, settings):
        return  # its proxy knows no colours: it is changed when there is one to send people to
    made, content = derived.base(document), digest(document, values)
    services = {str(one["Spec"]["Name"]): one for one in docker_service.of_stack(client, settings.stack)}
    now = services.get(switch.service(settings))
    names = {f"{settings.stack}_{name}" for name in made["services"]}
    if now is None or docker_service.labels_of(now).get(CONTENT) != content or not names <= set(services):
        say(
            "preparing networks, proxy and conversation store"
            if now is None
            else "bringing stack.yml's changes out"
        )
        bring(client, settings, document, values)
    await_services(client, settings, needed=switch.word(client, settings) is None)


def bring(
    client: docker.DockerClient, settings: Settings, document: Mapping[str, Any], values: dict[str, str]
) -> None:
    """Tell the engine of the base, and note which stack it was told."""
    hand_over(client, settings, derived.base(document), values)
    content = {CONTENT: digest(document, values)}
    docker_service.label(switch.service(settings), stack.docker_environment(settings), content)


def as_declared(
    client: docker.DockerClient, settings: Settings, document: Mapping[str, Any], values: Mapping[str, str]
) -> bool:
    """Say whether the base was brought to what stack.yml says today."""
    found = docker_service.inspect(client, switch.service(settings))
    return bool(found) and docker_service.labels_of(found or {}).get(CONTENT) == digest(document, values)


def digest(document: Mapping[str, Any], values: Mapping[str, str]) -> str:
    """Return the digest of the base's stack with its values; the word and the release are not part of it."""
    text = json.dumps(derived.base(document), sort_keys=True)
    fixed = {key: value for key, value in values.items() if key not in PASSING}
    return hashlib.sha256(derived.filled(text, fixed).encode()).hexdigest()[:16]


def hand_over(
    client: docker.DockerClient, settings: Settings, made: dict[str, Any], values: Mapping[str, str]
) -> None:
    """Tell the engine of the base, and make the networks that only the bot uses, which `docker stack` leaves out."""
    stack.deploy(settings, settings.stack, made, values, fleet_owner.overlay(settings, made))
    used = {key for service in made["services"].values() for key in derived.networks_of(service)}
    for key, options in (made.get("networks") or {}).items():
        name = derived.named(made, "networks", key, settings.stack)
        if key not in used and not (options or {}).get("external") and not client.networks.list(names=[name]):
            client.networks.create(
                name,
                driver="overlay",
                internal=bool((options or {}).get("internal")),
                labels={"com.docker.stack.namespace": settings.stack},
            )


def before_colours(settings: Settings) -> str:
    """Return the name of the service of replicas in a fleet from before there were colours."""
    return f"{settings.stack}_{derived.BOT}"


def is_before_colours(client: docker.DockerClient, settings: Settings) -> bool:
    """Say whether the fleet is one from before there were colours."""
    return docker_service.inspect(client, before_colours(settings)) is not None


def move(client: docker.DockerClient, settings: Settings, colour: Colour, say: Say) -> None:
    """Let the proxy of a fleet from before there were colours send people to one.

    Its port has one owner, so the old proxy stops before the new one starts: one to two seconds, once.
    """
    say("bringing the proxy to the form with two colours: it starts again once")
    document = stack.read(settings)
    values = stack.variables(settings, colour=colour)
    hand_over(client, settings, derived.base(document), values)
    await_services(client, settings, needed=True)
    await_update(client, settings)
    docker_service.label(
        switch.service(settings), stack.docker_environment(settings), {CONTENT: digest(document, values)}
    )


def await_update(client: docker.DockerClient, settings: Settings) -> None:
    """Wait until the proxy was started again on every node; raises `RatchetError` where the engine gave that up."""
    name = f"{settings.stack}_{derived.PROXY}"
    nodes = docker_service.need_manager(client).nodes
    deadline = time.monotonic() + settings.params.rollout.deploy_timeout_seconds + 30 * nodes
    while True:
        state = str(
            ((docker_service.inspect(client, name) or {}).get("UpdateStatus") or {}).get("State") or ""
        )
        if state in ("", "completed"):
            return
        if state != "updating" or time.monotonic() > deadline:
            raise RatchetError(
                f"The proxy did not start again on every node ({state}).",
                f"The previous replicas keep serving. See `docker service ps {name}`, then run the command again.",
            )
        time.sleep(POLL_SECONDS)


def finish(client: docker.DockerClient, settings: Settings, say: Say) -> None:
    """Remove the replicas of a fleet from before there were colours."""
    if is_before_colours(client, settings):
        docker_service.remove(client, before_colours(settings))
        say("removed the replicas from before there were two colours")


def await_services(client: docker.DockerClient, settings: Settings, needed: bool) -> None:
    """Wait until everything that the bot needs runs: images may have to be fetched, or the engine came back just now.

    When that takes longer than a start may, raises `RatchetError` with the reason where it is `needed`. It is not where
    a release serves: the new one may repair what does not run.
    """
    limit = settings.params.rollout.start_timeout_seconds
    deadline = time.monotonic() + limit
    bot = before_colours(settings)
    while missing := [name for name in docker_service.not_running(client, settings.stack) if name != bot]:
        if time.monotonic() > deadline:
            if not needed:
                return
            fleet = docker_service.fleet(client, missing[0])
            why = next((task.error for task in fleet.tasks if task.error), "") if fleet else ""
            raise RatchetError(
                f"{', '.join(missing)} did not start within {limit:g} s: {why or 'no reason was given'}.",
                f"See `docker service ps {missing[0]}`; often its image cannot be fetched. No user was served yet.",
            )
        time.sleep(POLL_SECONDS)
