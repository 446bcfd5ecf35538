"""Single replicas off the traffic path: of the live release, to measure beside a new one, and canaries."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import docker

from ratchet.adapters.settings import Settings
from ratchet.adapters.targets.swarm import derived, docker_service, haproxy, proof, stack
from ratchet.adapters.targets.swarm.colours import Colours
from ratchet.adapters.targets.target import Say
from ratchet.domain.errors import RatchetError
from ratchet.domain.release.rollout import Wanted

CANARY, CHAMPION = "canary", "champion"


class Comparison:
    """The stack `NAME-staging`, which is there only while a release is proved."""

    def __init__(self, client: docker.DockerClient, settings: Settings) -> None:
        self.client = client
        self.settings = settings
        self.stack = f"{settings.stack}-staging"
        self.colours = Colours(client, settings)

    def canary(
        self, document: Mapping[str, Any], values: Mapping[str, str], wanted: Wanted, node: str, say: Say
    ) -> str:
        """Start one replica of a release on a port of its own, and return its URL; raises `RatchetError`."""
        self._start(CANARY, document, values, node, published=True)
        service = f"{self.stack}_{CANARY}"
        try:
            task = proof.await_ready(self.client, self.settings, service, wanted, say, attempts=1)[0]
            port = docker_service.published_port(self.client, task.id)
        except BaseException:
            self.discard()
            raise
        return f"http://{haproxy.host()}:{port}"

    @contextmanager
    def champion(
        self, document: Mapping[str, Any], values: Mapping[str, str], live: Wanted, node: str
    ) -> Iterator[None]:
        """Start one replica of the live release, which stays unless the block fails."""
        own = {**values, "RATCHET_IMAGE": live.image, "RATCHET_RELEASE": live.release}
        try:
            self._start(CHAMPION, document, own, node)
            yield
        except BaseException:
            self.discard()
            raise

    def champion_url(self) -> str | None:
        """Return the address of that replica once it is ready; None where there is none, or it does not start."""
        service = f"{self.stack}_{CHAMPION}"
        found = docker_service.inspect(self.client, service)
        if found is None:
            return None
        live = docker_service.wanted_by(found["Spec"])
        try:
            tasks = proof.await_ready(
                self.client, self.settings, service, live, lambda line: None, attempts=1
            )
        except RatchetError:  # what cannot start again is replaced all the more
            return None
        return str(proof.said_by(self.settings, tasks[0])["url"])

    def end(self) -> None:
        """Stop what was compared, if anything was; `discard` waits until it is gone."""
        stack.remove(self.settings, self.stack)

    def discard(self) -> bool:
        """Remove the stack, and wait until it is gone; returns whether it was there."""
        if not docker_service.of_stack(self.client, self.stack):
            return False
        self.colours.remove_stack(self.stack)
        return True

    def _start(
        self,
        name: str,
        document: Mapping[str, Any],
        values: Mapping[str, str],
        node: str,
        published: bool = False,
    ) -> None:
        made = derived.single(self.colours.derive(self.stack, name, document, values), node, published)
        stack.deploy(self.settings, self.stack, made, values)
