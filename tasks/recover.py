"""recover: settle what a killed run left, before anything new begins."""

from __future__ import annotations

from adapters.run import Run
from domain.release import Recovery, recovery
from tasks.step import say, step


@step(lambda done: done)
def recover(run: Run) -> str:
    """Finish or undo a release that was begun, and remove what else is half done; nothing to do is fine."""
    registry, target = run.registry, run.target
    target.check()
    live, begun = registry.live(), registry.begun()
    done = []
    match recovery(begun, [replica.release if replica.ready else "" for replica in target.replicas()]):
        case Recovery.FINISH if begun is not None:
            registry.finish(begun)
            live = begun
            done.append(f"finished release {begun.id}, which serves everywhere")
        case Recovery.UNDO if begun is not None:
            done.append(f"gave up release {begun.id}, which had not come to serve everywhere")
    registry.set_aliases()  # a run may have been killed after it recorded a release, and before they moved
    target.clean(live, say)
    if left := registry.clean():
        done.append(f"closed {left} unfinished {'run' if left == 1 else 'runs'} in the registry")
    return "; ".join(done) or "nothing was left half done"
