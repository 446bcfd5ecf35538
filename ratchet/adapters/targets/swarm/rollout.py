"""Changes of a Swarm service: ordered, watched to their end, explained, and undone.

The engine changes a service by itself and for as long as it takes; the caller has to look how it ends.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from typing import Any

import docker

from ratchet.adapters.settings import Settings
from ratchet.adapters.targets.swarm import companions, derived, docker_service, reasons, stack
from ratchet.adapters.targets.swarm.declared import Declared, declared
from ratchet.adapters.targets.target import Say
from ratchet.domain.errors import RatchetError
from ratchet.domain.release.rollout import (
    RolloutState,
    ServiceState,
    Update,
    Wanted,
    failures,
    is_at,
    outcome,
    reason,
)

POLL_SECONDS = 0.5
LOOKED_AT = 3
"""How many failed replicas are looked at: the newest may have ended before it said anything."""


class Rollout:
    """Changes of one service."""

    def __init__(self, client: docker.DockerClient, settings: Settings, service: str) -> None:
        self.client = client
        self.settings = settings
        self.service = service
        self.environment = stack.docker_environment(settings)
        self.limit = settings.params.rollout.deploy_timeout_seconds

    def replace(self, wanted: Wanted, secrets: str, start: Callable[[], None], say: Say) -> None:
        """Bring a release to the service replica by replica; on any failure the old one serves on all of them again.

        `start` tells the engine of the new specification, whose `secrets` are told from those of the one before.
        """
        before = self.settle()
        again = before is not None and is_at(before, wanted)
        if again and self.secrets() == secrets:
            say(f"every replica serves {wanted.release} already")
            return
        update = before.update if before else docker_service.NO_UPDATE_BEFORE
        going_back = self.order(wanted, secrets, start, say)
        ended, now = self.watch(wanted, update, going_back, say, again)
        if ended == "done":
            self.tidy()
            self.tell_spread(say)
            return
        fact, remedy = self.explain(
            wanted, now, f" within {self.limit:g} s" if ended == "in progress" else ""
        )
        self.restore(now, ended, bool(before and before.running()), say)
        self.tidy()
        raise RatchetError(fact, remedy)

    def order(self, wanted: Wanted, secrets: str, start: Callable[[], None], say: Say) -> bool:
        """Tell the engine to change; returns whether it was told to go back to its own previous specification.

        It never is where that has other secrets: a client whose token was revoked since would be let in again.
        """
        service = docker_service.inspect(self.client, self.service)
        previous = (service or {}).get("PreviousSpec")
        same = previous and (previous.get("Labels") or {}).get(derived.SECRETS) == secrets
        if previous and same and docker_service.wanted_by(previous) == wanted and self.has_actions(previous):
            say("going back to the engine's previous specification")
            docker_service.order_rollback(self.service, self.environment)
            return True
        if service is not None:
            say(f"changing {docker_service.replicas_of(service)} replicas one by one, the new before the old")
        start()
        return False

    def secrets(self) -> str:
        """Return the digest of the secrets that the replicas were started with; "" where there is no service."""
        service = docker_service.inspect(self.client, self.service)
        return str(((service or {}).get("Spec", {}).get("Labels") or {}).get(derived.SECRETS, ""))

    def asked(self, spec: Mapping[str, Any]) -> str:
        """Return the action service that replicas of a specification ask; "" where they ask none."""
        return companions.beside(self.service, docker_service.environment_of(spec))

    def has_actions(self, spec: Mapping[str, Any]) -> bool:
        """Say whether the custom actions that replicas of a specification ask are still those of its release."""
        name = self.asked(spec)
        actions = docker_service.inspect(self.client, name) if name else None
        return not name or (
            actions is not None
            and docker_service.wanted_by(actions["Spec"]).image == docker_service.wanted_by(spec).image
        )

    def tidy(self) -> None:
        """Remove the action services that no replica asks any more: those of a release that has left."""
        service = docker_service.inspect(self.client, self.service)
        stack_name = self.service.rpartition("_")[0]
        if service is None:
            return
        known = [str(one["Spec"]["Name"]) for one in docker_service.of_stack(self.client, stack_name)]
        for name in companions.others(self.service, docker_service.environment_of(service["Spec"]), known):
            docker_service.remove(self.client, name)

    def watch(
        self, wanted: Wanted, before: Update, going_back: bool, say: Say, again: bool = False
    ) -> tuple[RolloutState, ServiceState]:
        """Wait until the engine has done or undone the change, or the time is over (`in progress`).

        `again` is as in `outcome`.
        """
        deadline = time.monotonic() + self.limit
        seen = -1
        while True:
            fleet = docker_service.fleet(self.client, self.service)
            if fleet is None:
                raise RatchetError(
                    f"The service {self.service} has vanished.", "Someone removed the stack; release again."
                )
            arrived = sum(task.release == wanted.release for task in fleet.running())
            if arrived != seen:
                seen = arrived
                say(f"{arrived} of {fleet.replicas} replicas serve {wanted.release}")
            ended = outcome(fleet, wanted, before, going_back, again)
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
        service = docker_service.inspect(self.client, self.service)
        if ended == "rolled back":
            return
        if not had_release:
            docker_service.remove(self.client, self.service)
            say("removed the service: no release had served before")
            return
        if service is None or "PreviousSpec" not in service:
            raise RatchetError(f"The engine knows no way back for {self.service}.", "Run `ratchet rollback`.")
        wanted = docker_service.wanted_by(service["PreviousSpec"])
        say(f"going back to {wanted.release}")
        docker_service.order_rollback(self.service, self.environment)
        ended, _ = self.watch(wanted, fleet.update, True, say)
        if ended != "done":
            raise RatchetError(
                f"The fleet could not be brought back to release {wanted.release} ({ended}).",
                "The replicas that still run keep serving; see `ratchet fleet`.",
            )

    def explain(self, wanted: Wanted, fleet: ServiceState, late: str) -> tuple[str, str]:
        """Say why a release does not serve, in the engine's or the replica's own words, and what to do."""
        failed = failures(fleet.tasks, wanted)
        tried = failed or [task for task in fleet.tasks if task.release == wanted.release]
        errors = [task.error for task in tried if task.error]
        log = docker_service.tail(tried[0].id, self.environment) if tried else ""
        looked = [docker_service.last_checks(self.client, task.id) for task in tried[:LOOKED_AT]]
        checks = [said for one, _ in reversed(looked) for said in one]
        oom = looked[0][1] if looked else None
        found = reasons.of(errors, log, checks, self.declared(), oom)
        why = (
            found.fact
            if found
            else reason(fleet.tasks, wanted) or fleet.update.message or "no reason was given"
        )
        fact = f"Release {wanted.release} did not come to serve on every replica{late}: {why.rstrip('.')}."
        return (
            fact,
            f"{found.remedy if found else ''} The release before it still serves, where there was one.".strip(),
        )

    def declared(self) -> Declared:
        """Return what stack.yml says of the replicas, by which a reason names its place."""
        return declared(stack.read(self.settings), store=f"{self.settings.stack}_redis")

    def tell_spread(self, say: Say) -> None:
        """Say on how many nodes the replicas are."""
        fleet = docker_service.fleet(self.client, self.service)
        if fleet is None:
            return
        nodes = {task.node for task in fleet.running()}
        ready = sum(node["Status"]["State"] == "ready" for node in self.client.api.nodes())
        if len(nodes) < min(ready, fleet.replicas):
            say(f"warning: all {fleet.replicas} replicas are on {len(nodes)} of {ready} ready nodes")
        else:
            say(f"{fleet.replicas} replicas on {len(nodes)} {'node' if len(nodes) == 1 else 'nodes'}")
