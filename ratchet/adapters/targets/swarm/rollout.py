"""Changes of a Swarm service: ordered, watched to their end, explained, and undone.

The engine changes a service by itself and for as long as it takes; whoever ordered it has to look how it ends.
"""

from __future__ import annotations

import time

import docker

from ratchet.adapters.settings import Settings
from ratchet.adapters.targets.swarm import docker_service, fleet_owner, haproxy, stack
from ratchet.adapters.targets.target import Say
from ratchet.domain.errors import RatchetError
from ratchet.domain.release.manifest import Release
from ratchet.domain.release.rollout import (
    FAILED_STATES,
    RolloutState,
    ServiceState,
    Task,
    Update,
    Wanted,
    failures,
    outcome,
    reason,
)

POLL_SECONDS = 0.5


class Rollout:
    """Changes of one service."""

    def __init__(self, client: docker.DockerClient, settings: Settings, service: str) -> None:
        self.client = client
        self.settings = settings
        self.service = service
        self.environment = stack.docker_environment(settings)
        self.limit = settings.params.rollout.deploy_timeout_seconds

    def order(self, wanted: Wanted, release: Release, say: Say) -> bool:
        """Tell the engine to change; returns whether it was told to go back to its own previous specification."""
        service = docker_service.inspect(self.client, self.service)
        previous = (service or {}).get("PreviousSpec")
        if previous and docker_service.wanted_by(previous) == wanted:
            say("going back to the engine's previous specification")
            docker_service.order_rollback(self.service, self.environment)
            return True
        if service is not None:
            say(f"changing {docker_service.replicas_of(service)} replicas one by one, the new before the old")
        values = stack.variables(self.settings, release)
        document = stack.read(self.settings)
        owner = fleet_owner.overlay(self.settings, document)
        stack.deploy(self.settings, self.settings.stack, document, values, owner)
        return False

    def watch(
        self, wanted: Wanted, before: Update, going_back: bool, say: Say
    ) -> tuple[RolloutState, ServiceState]:
        """Wait until the engine has done or undone the change, or the time is over (`in progress`)."""
        deadline = time.monotonic() + self.limit
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

    def settle(self) -> ServiceState | None:
        """Wait for the end of a change that an earlier run ordered and did not live to see."""
        deadline = time.monotonic() + self.limit
        while True:
            fleet = docker_service.fleet(self.client, self.service)
            moving = fleet is not None and fleet.update.state in ("updating", "rollback_started")
            if not moving or time.monotonic() > deadline:
                return fleet
            time.sleep(POLL_SECONDS)

    def restore(self, fleet: ServiceState, ended: RolloutState, had_release: bool, say: Say) -> None:
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
        docker_service.order_rollback(self.service, self.environment)
        ended, _ = self.watch(wanted, fleet.update, True, say)
        if ended != "done":
            raise RatchetError(
                f"The fleet could not be brought back to release {wanted.release} ({ended}).",
                "The replicas that still run go on serving; see `ratchet fleet`.",
            )

    def explain(self, wanted: Wanted, fleet: ServiceState, ended: RolloutState) -> tuple[str, str]:
        """Say why a release did not come to serve: the engine's reason and the failed replica's last lines."""
        why = reason(fleet.tasks, wanted) or fleet.update.message or "the engine gave no reason"
        late = f" within {self.limit:g} s" if ended == "in progress" else ""
        failed = failures(fleet.tasks, wanted) or [
            task for task in fleet.tasks if task.release == wanted.release
        ]
        said = self.last_words(failed[0]) if failed else ""
        fact = f"Release {wanted.release} did not come to serve on every replica{late}: {why}."
        lines = f" The failed replica's last lines:\n{said}" if said else ""
        return fact, f"The release before it serves on, where there was one.{lines}"

    def tell_spread(self, fleet: ServiceState, say: Say) -> None:
        nodes = {task.node for task in fleet.running()}
        ready = sum(node["Status"]["State"] == "ready" for node in self.client.api.nodes())
        if len(nodes) < min(ready, fleet.replicas):
            say(f"warning: all {fleet.replicas} replicas are on {len(nodes)} of {ready} ready nodes")
        else:
            say(f"{fleet.replicas} replicas on {len(nodes)} {'node' if len(nodes) == 1 else 'nodes'}")

    def last_words(self, task: Task) -> str:
        """The last lines of a failed replica, and what its last health checks said."""
        lines = docker_service.tail(task.id, self.environment)
        checks = docker_service.last_checks(self.client, task.id)
        return f"{lines}\nhealth checks: {checks}" if checks else lines

    def await_first(self, wanted: Wanted) -> str:
        """Wait until a canary is healthy and return its URL; raises `RatchetError` with the reason when it is not."""
        limit = self.settings.params.rollout.start_timeout_seconds
        deadline = time.monotonic() + limit
        while True:
            fleet = docker_service.fleet(self.client, self.service)
            tasks = fleet.tasks if fleet else ()
            for task in fleet.running() if fleet else []:
                if port := docker_service.published_port(self.client, task.id):
                    return f"http://{haproxy.host()}:{port}"
            ended = [task for task in tasks if task.state in {*FAILED_STATES, "shutdown"}]
            if ended or time.monotonic() > deadline:
                break
            time.sleep(POLL_SECONDS / 2)
        why = reason(tasks, wanted) or "its server ended"
        said = self.last_words(tasks[0]) if tasks else ""
        late = "" if ended else f" within {limit:g} s"
        raise RatchetError(
            f"Release {wanted.release} did not become ready in staging{late}: {why}.",
            "No user was served by it." + (f" Its last lines:\n{said}" if said else ""),
        )


def await_services(client: docker.DockerClient, settings: Settings, needed: bool) -> None:
    """Wait until all that the bot stands on runs: images may have to be fetched, or the engine came back just now.

    When that takes longer than a start may, raises `RatchetError` with the reason where it is `needed`. It is not where
    a release serves: the new one may mend what does not run.
    """
    limit = settings.params.rollout.start_timeout_seconds
    deadline = time.monotonic() + limit
    bot = f"{settings.stack}_{stack.BOT}"
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
