"""Where releases run: what every target can do."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from ratchet.domain.release.manifest import Release

Say = Callable[[str], None]
"""Receives one line for the run's log."""


@dataclass(frozen=True)
class ReplicaStatus:
    """What one replica of the fleet says of itself; `release`, `model_id` are "" without an answer.

    `why` is why it is not ready, in one line, as the engine or the replica says it: `No such image: sha256:…`; "" where
    it is ready or no one says.
    """

    name: str
    node: str
    url: str
    ready: bool
    release: str = ""
    model_id: str = ""
    restarts: int = 0
    since: str = ""
    why: str = ""


@dataclass(frozen=True)
class Warm:
    """A release that stays beside the live one as the way back, until a time (ISO, UTC)."""

    release: str
    until: str


class Target(Protocol):
    """The steps of a release. Each reads the state first, and can be run again after a crash."""

    name: str

    @property
    def needs_staging(self) -> bool:
        """Whether `deploy` takes what was staged; if not, a release that was proved before can go out at once."""

    def check(self) -> None:
        """Raise `RatchetError` where nothing could be deployed, before work is spent on a release."""

    def package(self, archive: Path, model_sha256: str, labels: dict[str, str], say: Say) -> str:
        """Make the immutable thing that is deployed from a model and the bot's code; return its digest."""

    def stage(self, release: Release, say: Say, measured: bool = False) -> str:
        """Start that thing off the traffic path, wait until it is ready, and return its URL.

        `measured`: its speed is compared with that of the live release, of which a replica may have to start for it.
        """

    def deploy(self, release: Release, say: Say) -> None:
        """Bring the release to all users in one step; on an error the old release serves them again.

        The one that is left stays warm for `rollout.keep_warm_minutes`.
        """

    def warm(self) -> Warm | None:
        """Return what stays beside the live release as the way back."""

    def switch_back(self, release: Release, say: Say) -> bool:
        """Give all traffic to a release that is warm, healthy and has today's secrets; the one that is left stays warm.

        Returns False, and changes nothing, where this release is not.
        """

    def cool(self, say: Say, now: bool = False) -> None:
        """Stop a warm release whose time is over; `now`: whatever its time."""

    def replicas(self) -> Sequence[ReplicaStatus]:
        """Ask every replica for its release, not the proxy alone."""

    def clean(self, live: Release | None, say: Say, went_live: Sequence[str] = ()) -> None:
        """Remove what an unfinished release left: staged replicas, and bundles that no rollback needs.

        `went_live` are the bundles of the releases that did, oldest first; without them no bundle is removed.
        """

    def url(self) -> str:
        """Where people reach the bot."""

    def champion_url(self) -> str | None:
        """Where the live release can be measured beside the staged one; None when nothing is live."""

    def logs(self, lines: int) -> str:
        """The last lines that the replicas wrote."""

    def stop(self, say: Say) -> None:
        """Stop serving."""
