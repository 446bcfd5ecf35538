"""already: see whether exactly this is live."""

from __future__ import annotations

from ratchet.adapters.run import Run
from ratchet.adapters.targets.optional import Declaring
from ratchet.domain.release.manifest import Release
from ratchet.domain.release.serving import everywhere
from tasks.step import step


@step(lambda live: f"release {live.id} is exactly this, and serves" if live else "it is not what serves")
def already(run: Run, packaged: Release) -> Release | None:
    """Return the live release where it has the same bundle and serves everywhere; None where work is left."""
    live, replicas = run.registry.live(), run.target.replicas()
    same = live is not None and (live.target, live.bundle) == (packaged.target, packaged.bundle)
    if not same or not everywhere(live, replicas):
        return None
    if isinstance(run.target, Declaring) and not run.target.as_declared():
        return None  # a token or a setting of the fleet was changed, and only a release applies that
    return live
