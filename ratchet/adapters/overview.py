"""What a look at a workspace finds: what serves, how good it is, what waits for a person."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from ratchet.adapters.registry import waiting
from ratchet.adapters.registry.mlflow import Registry
from ratchet.adapters.settings import Settings
from ratchet.adapters.targets import choice, desks
from ratchet.adapters.targets.target import ReplicaStatus
from ratchet.adapters.workspace import version
from ratchet.domain.gate.waiting import Question, Waiting
from ratchet.domain.release.attempt import Attempt, outstanding
from ratchet.domain.release.manifest import Release
from ratchet.domain.release.model import Model
from ratchet.domain.release.serving import everywhere

if TYPE_CHECKING:
    from ratchet.domain.operations.sampling import Estimate


@dataclass(frozen=True)
class Status:
    """What a look at the workspace finds; `outdated` is "" where it is of the program's version.

    `paused` says who stopped the bot, "" where no one did.

    `attempt` is the last failed attempt where no release went live since.
    """

    workspace: str
    target: str
    outdated: str
    url: str
    live: Release | None
    model: Model | None
    traffic: Estimate | None
    waits: Waiting | None
    question: Question | None
    attempt: Attempt | None
    replicas: Sequence[ReplicaStatus]
    paused: str

    @property
    def serving(self) -> bool:
        """Whether every replica answers with the live release."""
        return everywhere(self.live, self.replicas)


def look(found: Settings) -> Status:
    """Look at registry, target, harvest and the workspace's own version."""
    outdated = version.outdated(found.workspace)
    registry, target = Registry(found), choice.choose_target(found)
    live, replicas = registry.live(), target.replicas()
    return Status(
        workspace=str(found.workspace),
        target=target.name,
        outdated=outdated,
        url=target.url() if live else "",
        live=live,
        model=registry.model(live.model_version) if live else None,
        traffic=newest_estimate(found),
        waits=waiting.seen(registry),
        question=waiting.question(registry),
        attempt=outstanding(registry.attempts(), live, everywhere(live, replicas)),
        replicas=replicas,
        paused=desks.said(found) if live else "",
    )


def newest_estimate(found: Settings) -> Estimate | None:
    """Return the newest estimate on real traffic; what reads tables is imported only where there is a harvest."""
    if not (found.state / "harvest").is_dir():
        return None
    from ratchet.adapters.monitoring import harvest

    return next(iter(harvest.estimates(found)[::-1]), None)
