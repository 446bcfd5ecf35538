"""The `swarm` target: releases as replicas of a Docker Swarm service behind HAProxy."""

from __future__ import annotations

import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

from ratchet.adapters.bot import channel
from ratchet.adapters.settings import Settings
from ratchet.adapters.targets import ports
from ratchet.adapters.targets.swarm import docker_service, fleet_owner, haproxy, image_registry, images, stack
from ratchet.adapters.targets.swarm.rollout import POLL_SECONDS, Rollout, await_services
from ratchet.adapters.targets.target import ReplicaStatus, Say
from ratchet.domain.errors import RatchetError
from ratchet.domain.release.manifest import Release
from ratchet.domain.release.rollout import FAILED_STATES, ServiceState, Task, Wanted, is_at

REMOVAL_SECONDS = 60
CANARY, CHAMPION = "canary", "champion"


class SwarmTarget:
    """Serves the replicas that stack.yml declares; the swarm itself keeps them running, whatever becomes of Ratchet."""

    name = "swarm"
    needs_staging = False

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self.client = images.connect()
        self.service = f"{settings.stack}_{stack.BOT}"
        self.staging = f"{settings.stack}-staging"
        self.rollout = Rollout(self.client, settings, self.service)

    def check(self) -> None:
        """Refuse an engine that cannot be told to serve, nodes without a registry, and a port that is taken."""
        place = docker_service.need_manager(self.client)
        if place.nodes > 1 and not self.settings.registry:
            raise RatchetError(
                f"The swarm has {place.nodes} nodes, but no registry from which they could take the image.",
                "Set RATCHET_REGISTRY to an image repository that every node reaches.",
            )
        stack.read(self.settings)
        fleet_owner.require(self.client, self.settings)
        for name in ports.PUBLIC:
            ports.require(self.settings, name)

    def package(self, archive: Path, model_sha256: str, labels: dict[str, str], say: Say) -> str:
        """Build the image of a model and the bot's code and return its digest, pushed where a registry is set."""
        self.check()
        recipes = stack.recipes(self.settings)
        runtime = images.ensure_runtime(self.client, self.settings, recipes, say)
        started = time.monotonic()
        image, tag = images.build_release(
            self.client, self.settings, recipes, runtime, archive, model_sha256, labels
        )
        if self.settings.registry:
            image = image_registry.push(self.client, self.settings, tag)
        say(f"image {tag} in {time.monotonic() - started:.1f} s")
        return image

    def stage(self, release: Release, say: Say) -> str:
        """Start a canary of exactly that image off the traffic path, beside one of the live release to compare with."""
        place = docker_service.need_manager(self.client)
        self._check_image(release)
        document = stack.read(self.settings)
        values = stack.variables(self.settings, release)
        live = docker_service.inspect(self.client, self.service)
        if live is None:
            say("preparing networks, proxy and conversation store")
            derived = stack.surroundings(document)
            owner = fleet_owner.overlay(self.settings, derived)
            stack.deploy(self.settings, self.settings.stack, derived, values, owner)
        await_services(self.client, self.settings, needed=live is None)
        self._discard_staged()
        services = {CANARY: values}
        if live is not None and self.settings.params.rollout.load_test.seconds:
            services[CHAMPION] = {**values, **_variables_of(live["Spec"])}
        stack.deploy(
            self.settings,
            self.staging,
            stack.canaries(document, self.settings.stack, place.node, services),
            values,
        )
        try:
            url = self._canary(CANARY).await_first(Wanted(release.bundle, release.id))
        except BaseException:
            self._discard_staged()
            raise
        say(f"release {release.id} is ready at {url}, off the traffic path")
        return url

    def champion_url(self) -> str | None:
        """Where the live release can be measured beside the staged one; None on a first release."""
        spec = docker_service.inspect(self.client, f"{self.staging}_{CHAMPION}")
        if spec is None:
            return None
        return self._canary(CHAMPION).await_first(docker_service.wanted_by(spec["Spec"]))

    def deploy(self, release: Release, say: Say) -> None:
        """Bring the release to every replica; on any failure the old release serves on all of them again."""
        docker_service.need_manager(self.client)
        fleet_owner.require(self.client, self.settings)
        self._check_image(release)
        wanted = Wanted(release.bundle, release.id)
        before = self.rollout.settle()
        self._discard_staged()
        if before is not None and is_at(before, wanted):
            say(f"every replica serves {release.id} already")
            return
        update = before.update if before else docker_service.NO_UPDATE_BEFORE
        going_back = self.rollout.order(wanted, release, say)
        ended, now = self.rollout.watch(wanted, update, going_back, say)
        if ended == "done":
            self.rollout.tell_spread(now, say)
            return
        fact, remedy = self.rollout.explain(wanted, now, ended)
        self.rollout.restore(now, ended, bool(before and before.running()), say)
        raise RatchetError(fact, remedy)

    def replicas(self) -> Sequence[ReplicaStatus]:
        """Ask each replica itself, through the proxy's operation port."""
        fleet = docker_service.fleet(self.client, self.service)
        if fleet is None:
            return []
        up = sorted(
            (task for task in fleet.tasks if task.wanted_to_run), key=lambda task: (task.name, task.since)
        )
        missing = [Task("", f"{self.service}.?", "", "", "", "running", "missing")] * (
            fleet.replicas - len(up)
        )
        with ThreadPoolExecutor(max_workers=8) as pool:
            return list(pool.map(lambda task: self._ask(task, fleet), up + missing))

    def clean(self, live: Release | None, say: Say, went_live: Sequence[str] = ()) -> None:
        """Remove canaries; bring the fleet back to `live` where an unfinished release left it elsewhere."""
        if self._discard_staged():
            say("removed the canaries that an unfinished release had left")
        if live is None or live.target != self.name:
            return
        fleet = self.rollout.settle()
        elsewhere = fleet and fleet.running() and not is_at(fleet, Wanted(live.bundle, live.id))
        if elsewhere and self._has_image(live):
            say(f"the fleet does not serve {live.id}, the recorded release; bringing it back")
            self.deploy(live, say)
        service = docker_service.inspect(self.client, self.service) or {}
        in_use = [live.bundle]
        if previous := service.get("PreviousSpec"):  # the way back, however many releases were refused since
            in_use.append(docker_service.wanted_by(previous).image)
        if went_live:
            keep = self.settings.params.rollout.keep_releases
            images.remove_old(self.client, self.settings.stack, went_live, keep, in_use)

    def url(self) -> str:
        """The proxy's address on this engine's node; the others' are the same port on theirs."""
        return haproxy.entry(self.settings)

    def logs(self, lines: int) -> str:
        """The last lines of each replica, with its name, from whichever node it runs on."""
        fleet = docker_service.fleet(self.client, self.service)
        environment = stack.docker_environment(self.settings)
        parts = [
            f"{task.name} on {task.node}\n{docker_service.tail(task.id, environment, lines)}"
            for task in (fleet.running() if fleet else [])
        ]
        return "\n\n".join(parts)

    def stop(self, say: Say) -> None:
        """Take the stack away; its volumes, with the conversations, stay."""
        fleet_owner.require(self.client, self.settings)
        for name in (self.staging, self.settings.stack):
            if self._services(name):
                stack.remove(self.settings, name)
                self._await_removal(name)
                say(f"stopped: stack {name}")

    def _canary(self, name: str) -> Rollout:
        return Rollout(self.client, self.settings, f"{self.staging}_{name}")

    def _check_image(self, release: Release) -> None:
        if release.target != self.name:
            raise RatchetError(
                f"Release {release.id} was made for the target `{release.target}`.",
                f"Make it anew for the swarm with `ratchet release {release.model_version}`.",
            )
        if not self._has_image(release):
            raise RatchetError(
                f"The image of release {release.id} is no longer on this machine.",
                f"Make it anew with `ratchet release {release.model_version}`.",
            )

    def _has_image(self, release: Release) -> bool:
        """Whether the image can be had: nodes take one of a registry when they need it."""
        return not release.bundle.startswith("sha256:") or images.exists(self.client, release.bundle)

    def _ask(self, task: Task, fleet: ServiceState) -> ReplicaStatus:
        said: dict[str, Any] = {}
        url = ""
        for address in task.addresses if task.state == "running" else ():
            url = haproxy.replica(self.settings, address)
            said = channel.status(url) or {}
            if said:
                break
        return ReplicaStatus(
            name=task.name,
            node=task.node,
            url=url,
            ready=bool(said.get("ready")),
            release=str(said.get("release", "")),
            model_id=str(said.get("model_id", "")),
            restarts=sum(other.name == task.name and other.state in FAILED_STATES for other in fleet.tasks),
            since=task.since,
        )

    def _services(self, name: str) -> list[Any]:
        return list(self.client.api.services(filters={"label": f"com.docker.stack.namespace={name}"}))

    def _discard_staged(self) -> bool:
        if not self._services(self.staging):
            return False
        stack.remove(self.settings, self.staging)
        return True

    def _await_removal(self, name: str) -> None:
        """Wait until a stack's containers and networks are gone, so that a new start finds a clean place."""
        deadline = time.monotonic() + REMOVAL_SECONDS
        label = {"label": f"com.docker.stack.namespace={name}"}
        while time.monotonic() < deadline:
            kinds = (self.client.containers, self.client.networks)
            if not any(kind.list(filters=label) for kind in kinds):
                return
            stack.remove(self.settings, name)
            time.sleep(POLL_SECONDS)


def _variables_of(spec: dict[str, Any]) -> dict[str, str]:
    """The RATCHET_* variables of the release that a service runs."""
    wanted = docker_service.wanted_by(spec)
    return {"RATCHET_IMAGE": wanted.image, "RATCHET_RELEASE": wanted.release}
