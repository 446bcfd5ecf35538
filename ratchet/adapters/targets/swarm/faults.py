"""What may be wrong with a fleet besides that the live release does not serve, and how it is put right."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import docker
from docker.errors import APIError

from ratchet.adapters.bot import channel
from ratchet.adapters.settings import Settings
from ratchet.adapters.system import commands
from ratchet.adapters.system.files import write_text
from ratchet.adapters.targets import secret_files
from ratchet.adapters.targets.swarm import (
    base,
    derived,
    docker_service,
    haproxy,
    proof,
    proxies,
    room,
    stack,
    switch,
)
from ratchet.adapters.targets.swarm.colours import Colours, key, wanted
from ratchet.adapters.targets.swarm.exchange import Exchange
from ratchet.adapters.targets.target import Say
from ratchet.domain.errors import RatchetError
from ratchet.domain.operations import fleet_faults
from ratchet.domain.operations.doctor import MEND, Fault
from ratchet.domain.operations.fleet_faults import Name, Seen, Service
from ratchet.domain.release import colours as decisions
from ratchet.domain.release.colours import Colour, Present

PROXY_SECONDS = 3.0
AGAIN_SECONDS = 30.0
TOKENS = {"client-tokens.yml": "ratchet_client_tokens", "staging-token": "ratchet_staging_token"}
"""The files of the tokens that Ratchet makes, and the secrets as which a replica has them."""


def faults(client: docker.DockerClient, settings: Settings) -> list[Fault]:
    """Return them; reads only, and makes no file that is missing."""
    found = list(secret_files.exposed(settings))
    if base.is_before_colours(client, settings):
        return found  # its next release brings it to the form that is judged here
    return (
        found + of_tokens(client, settings) + fleet_faults.faults(look(client, settings), datetime.now(UTC))
    )


def look(client: docker.DockerClient, settings: Settings) -> Seen:
    """Return the fleet as the engine has it."""
    colours, document = Colours(client, settings), stack.read(settings)
    live, present = colours.live(), tuple(colours.all())
    services = tuple(declared(client, settings, document, live if colours.present(live) else None))
    whole = not any(one.told is None or one.scaled for one in services)
    serving = next((one for one in present if one.colour is live), None)
    same = colours.todays_secrets() == serving.secrets if serving and not missing(settings) else None
    return Seen(
        services=services,
        present=present,
        live=live,
        proxied=proxied(client, settings, serving) if serving and serving.whole and whole else None,
        same_secrets=same,
    )


def declared(
    client: docker.DockerClient, settings: Settings, document: Mapping[str, Any], live: Colour | None
) -> Iterator[Service]:
    """Give each service that the fleet needs, and the bot in the live colour."""
    for name, service in derived.base(document)["services"].items():
        yield counted(client, f"{settings.stack}_{name}", service)
    if live:
        yield counted(client, f"{settings.stack}-{live}_{key(live)}", document["services"][derived.BOT])


def counted(client: docker.DockerClient, name: str, service: Mapping[str, Any]) -> Service:
    """Return how many replicas stack.yml declares for a service, and how many the engine is told."""
    deploy = service.get("deploy") or {}
    found = docker_service.inspect(client, name)
    replicated = deploy.get("mode", "replicated") == "replicated"
    number = room.known(deploy.get("replicas", 1), {}) if replicated else None
    return Service(
        name,
        int(number) if number is not None else None,
        docker_service.replicas_of(found) if found else None,
    )


def proxied(client: docker.DockerClient, settings: Settings, serving: Present) -> bool | None:
    """Say whether the proxy answers as the release that has the traffic; None where its replicas are not ready."""
    url = haproxy.entry(settings)
    if proof.until(lambda: channel.serves(url, serving.release), PROXY_SECONDS):
        return True
    fleet = docker_service.fleet(client, Colours(client, settings).service(serving.colour))
    said = proof.answers(settings, fleet.running() if fleet else [])
    return None if any(one and one.get("ready") is not True for one in said) else False


def missing(settings: Settings) -> list[Path]:
    """Return the files of tokens that are not there; making new ones would lock every client out."""
    folder = settings.state / "secrets"
    own = [name for name in TOKENS if name == "staging-token" or settings.client_tokens_file is None]
    return [folder / name for name in own if not (folder / name).is_file()]


def of_tokens(client: docker.DockerClient, settings: Settings) -> list[Fault]:
    """Return which tokens the fleet uses and no file holds; they can be had where a replica runs on this engine."""
    found = []
    for path in missing(settings) if Colours(client, settings).all() else []:
        here = from_replica(client, settings, TOKENS[path.name]) is not None
        fact = f"{path} is missing; the next release would make another, and every client of today would be refused."
        other = (
            "No replica runs on this engine to take it from: run the command where one does (DOCKER_HOST), or put the "
            "file back from a backup."
        )
        found.append(Fault(Name.SECRETS, fact, MEND if here else other, here, path.name))
    return found


def from_replica(client: docker.DockerClient, settings: Settings, secret: str) -> str | None:
    """Return what a secret holds, as a replica on this engine has it; None where none does."""
    colours = Colours(client, settings)
    live = colours.live()
    for colour in [live] if live else list(Colour):
        label = f"com.docker.swarm.service.name={colours.service(colour)}"
        for container in client.containers.list(filters={"label": label}):
            try:
                code, said = container.exec_run(["cat", f"/run/secrets/{secret}"])
            except APIError:
                continue
            if code == 0 and said:
                return str(said.decode())
    return None


def mend(client: docker.DockerClient, settings: Settings, fault: Fault, say: Say) -> None:
    """Put one right; raises `RatchetError` where it cannot.

    A stray colour is left to the start of the live release, which comes after this: it knows which one is recorded.
    """
    if fault.name == Name.SECRETS:
        take_back(client, settings, say)
        secret_files.close(settings)
    elif fault.name in (Name.SERVICES, Name.REPLICAS):
        settle(client, settings, last_word(client, settings), say, bot=True)
    elif fault.name == Name.PROXY:
        send(client, settings, say)
    elif fault.name == Name.WARM:
        Exchange(client, settings).cool(say)


def take_back(client: docker.DockerClient, settings: Settings, say: Say) -> None:
    """Write the files of tokens that are missing and that a replica on this engine has."""
    for path in missing(settings):
        text = from_replica(client, settings, TOKENS[path.name])
        if text is not None:
            write_text(path, text)
            path.chmod(0o600)
            say(f"{path.name} is taken from a replica that runs")


def put_back(client: docker.DockerClient, settings: Settings, recorded: str, say: Say) -> Colour | None:
    """Restore what a fleet has lost, before a run does anything; returns the colour with the traffic."""
    take_back(client, settings, say)
    colour = last_word(client, settings, recorded)
    settle(client, settings, colour, say)
    return colour


def last_word(client: docker.DockerClient, settings: Settings, recorded: str = "") -> Colour | None:
    """Return the colour that has the traffic; where `switch` is gone, the one that is likeliest to have had it."""
    colours = Colours(client, settings)
    said = docker_service.inspect(client, switch.service(settings)) is not None
    if said or base.is_before_colours(client, settings):
        return colours.live()
    return decisions.likely(colours.all(), recorded)


def settle(
    client: docker.DockerClient, settings: Settings, live: Colour | None, say: Say, bot: bool = False
) -> None:
    """Start missing services that the fleet needs, and give its services the declared number of replicas.

    `live` is the colour that is to have the traffic. The replicas of the `bot` are counted only where that is wanted: a
    run that begins leaves them, as someone may have had a reason.
    """
    colours, document = Colours(client, settings), stack.read(settings)
    serving = colours.present(live)
    if live is None or serving is None:
        return
    services = list(declared(client, settings, document, live if bot else None))
    lost = [one.name for one in services if one.told is None]
    few = [one for one in services if one.scaled and (bot or (one.told or 0) < (one.declared or 0))]
    if lost:
        say(f"starting {', '.join(lost)} again")
        proxies.require(client, settings, document)
        base.bring(client, settings, document, stack.variables(settings, colour=live))
    for one in few:
        say(f"{one.name} goes from {one.told} to {one.declared} replicas")
        argv = ["docker", "service", "update", "--detach", "--quiet", "--replicas", str(one.declared)]
        commands.run([*argv, one.name], env=colours.environment, timeout=30)
    if lost or few:
        base.await_services(client, settings, needed=bot)
    if bot:
        proof.await_ready(client, settings, colours.service(live), wanted(serving), say)


def send(client: docker.DockerClient, settings: Settings, say: Say) -> None:
    """Let the proxies send people to the colour that has the traffic: told once more, else started again."""
    live = Colours(client, settings).live()
    serving = Colours(client, settings).present(live)
    if live is None or serving is None:
        return
    name = f"{settings.stack}_{derived.PROXY}"
    switch.tell(client, settings, live)
    for force in (False, True):
        if force:
            say("starting the proxy again")
            argv = ["docker", "service", "update", "--detach", "--quiet", "--force", name]
            commands.run(argv, env=stack.docker_environment(settings), timeout=30)
        if proof.until(
            lambda: channel.serves(haproxy.entry(settings), serving.release),
            AGAIN_SECONDS if force else PROXY_SECONDS,
        ):
            say(f"the proxy sends people to {serving.release}")
            return
    raise RatchetError(
        f"The proxy at {haproxy.entry(settings)} does not answer as release {serving.release}.",
        f"See `docker service ps {name}` and `docker service logs {name}`.",
    )
