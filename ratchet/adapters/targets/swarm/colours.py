"""The two colours of a fleet on a swarm: their stacks, how they are, and which secrets they were started with."""

from __future__ import annotations

import time
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import docker

from ratchet.adapters.settings import Settings
from ratchet.adapters.system.files import sha256
from ratchet.adapters.targets.swarm import (
    companions,
    derived,
    docker_service,
    fleet_owner,
    images,
    stack,
    switch,
)
from ratchet.domain.errors import RatchetError
from ratchet.domain.release.colours import Colour, Present
from ratchet.domain.release.rollout import Wanted, is_at

POLL_SECONDS = 0.25
REMOVAL_SECONDS = 60


class Colours:
    """The stacks `NAME-blue` and `NAME-green` beside the stack NAME of what both share."""

    def __init__(self, client: docker.DockerClient, settings: Settings) -> None:
        self.client = client
        self.settings = settings
        self.environment = stack.docker_environment(settings)

    def stack(self, colour: Colour) -> str:
        """Return the name of a colour's stack."""
        return f"{self.settings.stack}-{colour}"

    def service(self, colour: Colour) -> str:
        """Return the name of its service on the engine."""
        return f"{self.stack(colour)}_{key(colour)}"

    def live(self) -> Colour | None:
        """Return the colour that has the traffic."""
        return switch.word(self.client, self.settings)

    def present(self, colour: Colour | None) -> Present | None:
        """Return what a colour is now; None where its service is not there."""
        service = docker_service.inspect(self.client, self.service(colour)) if colour else None
        fleet = docker_service.fleet(self.client, self.service(colour)) if colour else None
        if colour is None or service is None or fleet is None:
            return None
        wanted, labels = docker_service.wanted_by(service["Spec"]), docker_service.labels_of(service)
        until = labels.get(derived.WARM_UNTIL)
        return Present(
            colour=colour,
            release=wanted.release,
            image=wanted.image,
            whole=is_at(fleet, wanted),
            warm_until=datetime.fromisoformat(until) if until else None,
            secrets=labels.get(derived.SECRETS, ""),
        )

    def all(self) -> list[Present]:
        """Return the colours that are there."""
        return [one for colour in Colour if (one := self.present(colour))]

    def derive(self, name: str, service: str, document: Mapping[str, Any], values: Mapping[str, str]) -> Any:
        """Derive the stack of a colour, or of a release to compare with, from stack.yml."""
        return derived.coloured(document, self.settings.stack, name, service, values, digest)

    def with_actions(
        self, made: Any, name: str, service: str, document: Mapping[str, Any], values: Mapping[str, str]
    ) -> Any:
        """Add the release's own action service to the stack of a colour, where its image has custom actions."""
        if self.actions(document, values) is None:
            return made
        return companions.with_actions(made, service, name, document)

    def actions(self, document: Mapping[str, Any], values: Mapping[str, str]) -> Mapping[str, Any] | None:
        """Return the service of stack.yml that runs the release's own custom actions; None where it has none."""
        if not companions.own_actions(document) or not images.has_actions(
            self.client, values["RATCHET_IMAGE"]
        ):
            return None
        found: Mapping[str, Any] = document["services"][companions.ACTIONS]
        return found

    def secrets(self, document: Mapping[str, Any], values: Mapping[str, str]) -> str:
        """Return the digest of today's secrets, as the label of a colour has it."""
        made = self.derive(self.settings.stack, derived.BOT, document, values)
        return str(made["services"][derived.BOT]["deploy"]["labels"][derived.SECRETS])

    def todays_secrets(self) -> str:
        """Return that digest for the workspace's files as they are now."""
        return self.secrets(stack.read(self.settings), stack.variables(self.settings))

    def start(
        self, colour: Colour, document: Mapping[str, Any], values: Mapping[str, str], rolling: bool = False
    ) -> None:
        """Tell the engine to start a colour, or to change it replica by replica where it is there.

        Where that is `rolling`, the custom actions of two releases are side by side: each replica asks its own.
        """
        actions = companions.key(colour, values["RATCHET_RELEASE"] if rolling else "")
        made = self.derive(self.stack(colour), key(colour), document, values)
        made = self.with_actions(made, actions, key(colour), document, values)
        owner = fleet_owner.overlay(self.settings, made)
        stack.deploy(self.settings, self.stack(colour), made, values, owner)

    def remove(self, colour: Colour) -> None:
        """Stop a colour and wait until its replicas have ended, so that their memory is free."""
        self.remove_stack(self.stack(colour))

    def order_removal(self, colour: Colour) -> None:
        """Stop a colour, and let its replicas end in their own time."""
        stack.remove(self.settings, self.stack(colour))

    def remove_stack(self, name: str) -> None:
        """Take a stack away and wait until its containers and networks are gone."""
        deadline = time.monotonic() + REMOVAL_SECONDS
        label = docker_service.namespace(name)
        stack.remove(self.settings, name)
        while time.monotonic() < deadline:
            kinds = (self.client.containers, self.client.networks)
            if not (
                any(kind.list(filters=label) for kind in kinds) or self.client.api.services(filters=label)
            ):
                return
            time.sleep(POLL_SECONDS)
            stack.remove(self.settings, name)

    def keep_warm(self, colour: Colour, until: datetime) -> None:
        """Note until when a colour without traffic stays."""
        docker_service.label(self.service(colour), self.environment, {derived.WARM_UNTIL: until.isoformat()})

    def switch(self, colour: Colour) -> None:
        """Give all traffic to a colour; raises `RatchetError` where it is not there."""
        service = docker_service.inspect(self.client, self.service(colour))
        if service is None:
            raise RatchetError(
                f"The service {self.service(colour)} is not there.",
                "Run `ratchet serve`, then see `ratchet fleet`.",
            )
        if derived.WARM_UNTIL in docker_service.labels_of(service):
            docker_service.label(self.service(colour), self.environment, {derived.WARM_UNTIL: None})
        switch.tell(self.client, self.settings, colour)


def key(colour: Colour) -> str:
    """Return what a colour's service is called in its stack, and by the proxies."""
    return f"{derived.BOT}-{colour}"


def wanted(one: Present) -> Wanted:
    """Return what a colour's replicas are told to be."""
    return Wanted(one.image, one.release)


def digest(path: Path) -> str:
    """Return the digest of a secret's or configuration's file; raises `RatchetError` when there is none."""
    if not path.is_file():
        raise RatchetError(f"{path}, which stack.yml names, is not there.", "Correct deployments/stack.yml.")
    return sha256(path)


def now() -> datetime:
    """Return the time, in UTC."""
    return datetime.now(UTC)
