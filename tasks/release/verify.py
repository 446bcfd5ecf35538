"""verify: ask every replica what it serves."""

from __future__ import annotations

from collections.abc import Sequence

from ratchet.adapters.run import Run
from ratchet.adapters.targets.target import ReplicaStatus
from ratchet.domain.errors import RatchetError
from ratchet.domain.release.manifest import Release
from tasks.step import step


@step(lambda replicas: f"{len(replicas)} of {len(replicas)} replicas serve the release's model")
def verify(run: Run, release: Release) -> Sequence[ReplicaStatus]:
    """Raise `RatchetError` unless each replica is ready and names the release and its model."""
    replicas = run.target.replicas()
    wrong = [replica for replica in replicas if not replica.ready or replica.model_id != release.model_id]
    if wrong or not replicas:
        said = (
            "; ".join(f"{replica.name} has {replica.release or 'no answer'}" for replica in wrong)
            or "no replica answers"
        )
        raise RatchetError(f"Release {release.id} is not served everywhere: {said}.", "See `ratchet status`.")
    return replicas
