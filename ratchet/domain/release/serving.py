"""Whether the live release serves on every replica."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol, TypeVar

from ratchet.domain.release.manifest import Release


class Answering(Protocol):
    """What a replica says of itself: whether it is ready, and the id of the release that it serves."""

    @property
    def ready(self) -> bool:
        """Whether it can answer people."""

    @property
    def release(self) -> str:
        """The release, "" without an answer."""


Replica = TypeVar("Replica", bound=Answering)


def right(live: Release, replicas: Sequence[Replica]) -> list[Replica]:
    """Return the replicas that are ready and serve the live release."""
    return [one for one in replicas if one.ready and one.release == live.id]


def everywhere(live: Release | None, replicas: Sequence[Answering]) -> bool:
    """Say whether there is a live release and every replica serves it; no replica is not everywhere."""
    return bool(live and replicas and len(right(live, replicas)) == len(replicas))
