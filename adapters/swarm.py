"""The `swarm` target: releases as replicas of a Docker Swarm service behind HAProxy."""

from __future__ import annotations

import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import docker

from adapters import channel, docker_images, docker_registry, docker_service, haproxy, stack
from adapters.settings import Settings
from adapters.target import ReplicaStatus, Say
from domain.errors import RatchetError
from domain.release import Release
from domain.rollout import (
    FAILED_STATES,
    Fleet,
    Outcome,
    Task,
    Update,
    Wanted,
    failures,
    is_at,
    outcome,
    reason,
)

POLL_SECONDS = 0.5
REMOVAL_SECONDS = 60
CANARY, CHAMPION = "canary", "champion"


class SwarmTarget:
    """Serves the replicas that stack.yml declares; the swarm itself keeps them running, whatever becomes of Ratchet."""

    name = "swarm"
    needs_staging = False

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self.client = docker_images.connect()
        self.service = f"{settings.stack}_{stack.BOT}"
        self.staging = f"{settings.stack}-staging"

    def check(self) -> None:
        """Refuse an engine that cannot be told to serve, a stack without the bot, and nodes without a registry."""
        place = docker_service.need_manager(self.client)
        if place.nodes > 1 and not self.settings.registry:
            raise RatchetError(
                f"The swarm has {place.nodes} nodes, but no registry from which they could take the image.",
                "Set RATCHET_REGISTRY to an image repository that every node reaches.",
            )
        stack.read(self.settings)

    def package(self, archive: Path, model_sha256: str, labels: dict[str, str], say: Say) -> str:
        """Build the image of a model and the bot's code and return its digest, pushed where a registry is set."""
        self.check()
        recipes = stack.recipes(self.settings)
        runtime = docker_images.ensure_runtime(self.client, self.settings, recipes, say)
        started = time.monotonic()
        image, tag = docker_images.build_release(
            self.client, self.settings, recipes, runtime, archive, model_sha256, labels
        )
        if self.settings.registry:
            image = docker_registry.push(self.client, self.settings, tag)
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
            derived = stack.surroundings(document, stack.recipes(self.settings))
            stack.deploy_derived(self.settings, self.settings.stack, derived, values)
        self._discard_staged()
        services = {CANARY: values}
        if live is not None and self.settings.params.rollout.load_test.seconds:
            services[CHAMPION] = {**values, **_variables_of(live["Spec"])}
        stack.deploy_derived(
            self.settings,
            self.staging,
            stack.canaries(document, self.settings.stack, place.node, services),
            values,
        )
        try:
            url = self._await_canary(CANARY, Wanted(release.bundle, release.id))
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
        return self._await_canary(CHAMPION, docker_service.wanted_by(spec["Spec"]))

    def deploy(self, release: Release, say: Say) -> None:
        """Bring the release to every replica; on any failure the old release serves on all of them again."""
        docker_service.need_manager(self.client)
        self._check_image(release)
        wanted = Wanted(release.bundle, release.id)
        before = self._await_settled()
        self._discard_staged()
        if before is not None and is_at(before, wanted):
            say(f"every replica serves {release.id} already")
            return
        update = before.update if before else docker_service.NO_UPDATE_BEFORE
        going_back = self._order(wanted, release, say)
        ended, now = self._watch(wanted, update, going_back, say)
        if ended == "done":
            self._check_spread(now, say)
            return
        fact = self._explain(release, wanted, now, ended)
        self._restore(now, ended, had_release=before is not None and bool(before.running()), say=say)
        raise RatchetError(*fact)

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

    def clean(self, live: Release | None, say: Say) -> None:
        """Remove canaries; bring the fleet back to `live` where an unfinished release left it elsewhere."""
        if self._discard_staged():
            say("removed the canaries that an unfinished release had left")
        if live is None or live.target != self.name:
            return
        fleet = self._await_settled()
        if fleet is not None and fleet.running() and not is_at(fleet, Wanted(live.bundle, live.id)):
            say(f"the fleet does not serve {live.id}, the recorded release; bringing it back")
            self.deploy(live, say)
        docker_images.remove_old(
            self.client, self.settings.stack, self.settings.params.rollout.keep_releases, in_use=[live.bundle]
        )

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
        for name in (self.staging, self.settings.stack):
            if self._services(name):
                stack.remove(self.settings, name)
                self._await_removal(name)
                say(f"stopped: stack {name}")

    def _order(self, wanted: Wanted, release: Release, say: Say) -> bool:
        """Tell the engine to change; returns whether it was told to go back to its own previous specification."""
        service = docker_service.inspect(self.client, self.service)
        previous = (service or {}).get("PreviousSpec")
        if previous and docker_service.wanted_by(previous) == wanted:
            say("going back to the engine's previous specification")
            docker_service.order_rollback(self.service, stack.docker_environment(self.settings))
            return True
        if service is not None:
            say(f"changing {docker_service.replicas_of(service)} replicas one by one, the new before the old")
        values = stack.variables(self.settings, release)
        stack.deploy(self.settings, self.settings.stack, stack.recipes(self.settings) / "stack.yml", values)
        return False

    def _watch(self, wanted: Wanted, before: Update, going_back: bool, say: Say) -> tuple[Outcome, Fleet]:
        """Wait until the engine has done or undone the change, or the time is over (`in progress`)."""
        deadline = time.monotonic() + self.settings.params.rollout.deploy_timeout_seconds
        seen = -1
        while True:
            fleet = docker_service.fleet(self.client, self.service)
            if fleet is None:
                raise RatchetError(
                    f"The service {self.service} has vanished.", "Somebody removed the stack; release again."
                )
            arrived = sum(task.release == wanted.release for task in fleet.running())
            if arrived != seen:
                seen = arrived
                say(f"{arrived} of {fleet.replicas} replicas serve {wanted.release}")
            ended = outcome(fleet, wanted, before, going_back)
            if ended != "in progress" or time.monotonic() > deadline:
                return ended, fleet
            time.sleep(POLL_SECONDS)

    def _restore(self, fleet: Fleet, ended: Outcome, had_release: bool, say: Say) -> None:
        """Make sure that nothing of a failed change is left: the engine's own rollback, or no service at all."""
        if ended == "rolled back":
            return
        if not had_release:
            docker_service.remove(self.client, self.service)
            say("removed the service: no release had served before")
            return
        service = docker_service.inspect(self.client, self.service)
        if service is None or "PreviousSpec" not in service:
            raise RatchetError(f"The engine knows no way back for {self.service}.", "Run `ratchet rollback`.")
        wanted = docker_service.wanted_by(service["PreviousSpec"])
        say(f"going back to {wanted.release}")
        docker_service.order_rollback(self.service, stack.docker_environment(self.settings))
        ended, _ = self._watch(wanted, fleet.update, True, say)
        if ended != "done":
            raise RatchetError(
                f"The fleet could not be brought back to release {wanted.release} ({ended}).",
                "The replicas that still run go on serving; see `ratchet fleet`.",
            )

    def _explain(self, release: Release, wanted: Wanted, fleet: Fleet, ended: Outcome) -> tuple[str, str]:
        """Say why a release did not come to serve: the engine's reason and the failed replica's last lines."""
        limit = self.settings.params.rollout.deploy_timeout_seconds
        why = reason(fleet.tasks, wanted) or fleet.update.message or "the engine gave no reason"
        late = f" within {limit:g} s" if ended == "in progress" else ""
        failed = failures(fleet.tasks, wanted) or [
            task for task in fleet.tasks if task.release == wanted.release
        ]
        said = self._last_words(failed[0]) if failed else ""
        fact = f"Release {release.id} did not come to serve on every replica{late}: {why}."
        lines = f" The failed replica's last lines:\n{said}" if said else ""
        return fact, f"The release before it serves on, where there was one.{lines}"

    def _last_words(self, task: Task) -> str:
        """The last lines of a failed replica, and what its last health checks said."""
        lines = docker_service.tail(task.id, stack.docker_environment(self.settings))
        checks = docker_service.last_checks(self.client, task.id)
        return f"{lines}\nhealth checks: {checks}" if checks else lines

    def _check_spread(self, fleet: Fleet, say: Say) -> None:
        nodes = {task.node for task in fleet.running()}
        ready = sum(node["Status"]["State"] == "ready" for node in self.client.api.nodes())
        if len(nodes) < min(ready, fleet.replicas):
            say(
                f"warning: all {fleet.replicas} replicas are on {len(nodes)} of {ready} nodes; losing one would cost more than its share"
            )
        else:
            say(f"{fleet.replicas} replicas on {len(nodes)} {'node' if len(nodes) == 1 else 'nodes'}")

    def _check_image(self, release: Release) -> None:
        if release.target != self.name:
            raise RatchetError(
                f"Release {release.id} was made for the target `{release.target}`.",
                f"Make it anew for the swarm with `ratchet release {release.model_version}`.",
            )
        if not release.bundle.startswith("sha256:") or docker_images.exists(self.client, release.bundle):
            return
        raise RatchetError(
            f"The image of release {release.id} is no longer on this machine.",
            f"Make it anew with `ratchet release {release.model_version}`.",
        )

    def _await_canary(self, name: str, wanted: Wanted) -> str:
        """Wait until a canary is healthy and return its URL; raises `RatchetError` with the reason when it fails."""
        limit = self.settings.params.rollout.start_timeout_seconds
        deadline = time.monotonic() + limit
        service = f"{self.staging}_{name}"
        while True:
            fleet = docker_service.fleet(self.client, service)
            tasks = fleet.tasks if fleet else ()
            for task in fleet.running() if fleet else []:
                if port := docker_service.published_port(self.client, task.id):
                    return f"http://{haproxy.host()}:{port}"
            ended = [task for task in tasks if task.state in ("failed", "rejected", "complete", "shutdown")]
            if ended or time.monotonic() > deadline:
                break
            time.sleep(POLL_SECONDS / 2)
        why = reason(tasks, wanted) or "its server ended"
        said = self._last_words(tasks[0]) if tasks else ""
        late = "" if ended else f" within {limit:g} s"
        raise RatchetError(
            f"Release {wanted.release} did not become ready in staging{late}: {why}.",
            "No user was served by it." + (f" Its last lines:\n{said}" if said else ""),
        )

    def _await_settled(self) -> Fleet | None:
        """Wait for the end of a change that an earlier run ordered and did not live to see."""
        deadline = time.monotonic() + self.settings.params.rollout.deploy_timeout_seconds
        while True:
            fleet = docker_service.fleet(self.client, self.service)
            moving = fleet is not None and fleet.update.state in ("updating", "rollback_started")
            if not moving or time.monotonic() > deadline:
                return fleet
            time.sleep(POLL_SECONDS)

    def _ask(self, task: Task, fleet: Fleet) -> ReplicaStatus:
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
            if not self.client.containers.list(filters=label) and not self.client.networks.list(
                filters=label
            ):
                return
            stack.remove(self.settings, name)
            time.sleep(POLL_SECONDS)


def _variables_of(spec: dict[str, Any]) -> dict[str, str]:
    """The RATCHET_* variables of the release that a service runs."""
    wanted = docker_service.wanted_by(spec)
    return {"RATCHET_IMAGE": wanted.image, "RATCHET_RELEASE": wanted.release}


def connect(settings: Settings) -> docker.DockerClient | None:
    """Return the engine when it could serve a fleet: it answers, and it manages a swarm."""
    try:
        client = docker_images.connect(timeout=5)
    except RatchetError:
        return None
    place = docker_service.swarm(client)
    return client if place and place.manager else None
