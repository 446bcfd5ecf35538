"""What to say and to do where the live release does not serve on every replica."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from ratchet.domain.release.manifest import Release
from ratchet.domain.release.serving import right

if TYPE_CHECKING:
    from ratchet.adapters.targets.target import ReplicaStatus

NOTHING = "Nothing was released yet. Make the first release with `ratchet retrain`."


def lacking(live: Release, replicas: Sequence[ReplicaStatus]) -> str:
    """Say how many replicas serve the live release, and of the others why they do not, as far as that is known."""
    if not replicas:
        return "no replica runs"
    said = [f"{len(right(live, replicas))} of {len(replicas)} replicas serve it"]
    whys: dict[str, list[str]] = {}
    for one in replicas:
        if one.ready and one.release != live.id:
            said.append(f"{one.name} serves {one.release or 'another one'}")
        elif one.why and not one.ready:
            whys.setdefault(one.why.rstrip("."), []).append(one.name)
    return "; ".join([*said, *(f"{why} ({', '.join(names)})" for why, names in whys.items())])


def mend(live: Release, target: str, replicas: Sequence[ReplicaStatus] = ()) -> str:
    """Say which command lets the live release serve on every replica of a target."""
    if live.target != target:
        return f"it is on the target {live.target}, and `ratchet release champion` brings it to {target}"
    if right(live, replicas):
        return "`ratchet serve` brings it to every replica"
    return "`ratchet serve` starts it again"
