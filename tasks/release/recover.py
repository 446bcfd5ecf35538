"""recover: settle what a killed run left, before anything new begins."""

from __future__ import annotations

from ratchet.adapters.run import Run
from ratchet.domain.errors import RatchetError
from ratchet.domain.release.manifest import Recovery, bundles_by_worth, recovery
from tasks.step import say, step


@step(lambda done: done)
def recover(run: Run) -> str:
    """Finish or undo a release that was begun, and remove what else is half done; nothing to do is fine.

    Raises `RatchetError` where something serves and the registry is empty: without a champion the gate would let
    anything take its place.
    """
    registry, target = run.registry, run.target
    target.check()
    live, begun = registry.live(), registry.begun()
    served = [replica.release if replica.ready else "" for replica in target.replicas()]
    if any(served) and live is None and not registry.models():
        raise RatchetError(
            f"Release {max(served)} serves, but the registry knows no model at all: its database is lost, or another.",
            "Restore .ratchet/mlflow.db from a backup, or correct RATCHET_TRACKING_URI. To begin anew without it, "
            "`ratchet stop` first.",
        )
    done = []
    match recovery(begun, served):
        case Recovery.FINISH if begun is not None:
            registry.finish(begun)
            live = begun
            done.append(f"finished release {begun.id}, which serves everywhere")
        case Recovery.UNDO if begun is not None:
            done.append(f"gave up release {begun.id}, which had not come to serve everywhere")
    registry.set_aliases()  # a run may have been killed after it recorded a release, and before they moved
    target.clean(live, say, bundles_by_worth(registry.releases(), live, target.name))
    if left := registry.clean():
        done.append(f"closed {left} unfinished {'run' if left == 1 else 'runs'} in the registry")
    return "; ".join(done) or "nothing was left half done"
