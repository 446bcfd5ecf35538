"""recover: settle what a killed run left, before anything new begins."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime

from ratchet.adapters.registry import attempts
from ratchet.adapters.run import Run
from ratchet.domain.errors import RatchetError
from ratchet.domain.release.manifest import Recovery, bundles_by_worth, recovery, switched_to
from tasks.step import say, step


@step(lambda done: done)
def recover(run: Run, killed: bool = True) -> str:
    """Finish or undo a release that was begun, and remove what else is half done; nothing to do is fine.

    What a `killed` run tried is kept as a failed attempt; a run that tidies up after its own failure keeps that itself.

    Raises `RatchetError` where something serves and the registry is empty: without a champion the gate would let
    anything take its place.
    """
    registry, target = run.registry, run.target
    target.check()
    live, begun = registry.live(), registry.begun()
    served = [replica.release if replica.ready else "" for replica in target.replicas()]
    if begun is None and (warm := target.warm()) is not None:
        begun = switched_to(registry.releases(), live, served, warm.release)
    if any(served) and live is None and not registry.models():
        raise RatchetError(
            f"Release {max(served)} serves, but the registry knows no model at all: its database is lost, or another.",
            "Restore .ratchet/mlflow.db from a backup, or correct RATCHET_TRACKING_URI. To start over without it, "
            "`ratchet stop` first.",
        )
    done, undone = [], begun
    match recovery(begun, served, killed):
        case Recovery.FINISH if begun is not None:
            live = replace(begun, live_at=datetime.now(UTC).isoformat(timespec="seconds"))
            registry.finish(live)
            undone = None
            done.append(f"finished release {begun.id}, which serves everywhere")
        case Recovery.UNDO if begun is not None:
            done.append(f"gave up release {begun.id}, which had not come to serve everywhere")
            if live is not None and target.switch_back(live, say):
                done.append(f"switched back to {live.id}")
                target.cool(say, now=True)  # no one goes back to what was given up
    if killed:
        left = attempts.settle(registry, run.name, undone, live)
        done += [f"kept as a failed attempt: {one.what}, which was killed" for one in left]
    registry.set_aliases()  # a run may have been killed after it recorded a release, and before they moved
    target.clean(live, say, bundles_by_worth(registry.releases(), live, target.name))
    if open_runs := registry.clean():
        done.append(f"closed {open_runs} unfinished {'run' if open_runs == 1 else 'runs'} in the registry")
    return "; ".join(done) or "nothing was left half done"
