"""serve: make sure that the live release answers."""

from __future__ import annotations

from ratchet.adapters.run import Run
from ratchet.adapters.targets import rebuild
from ratchet.domain.release.serving import everywhere
from tasks.step import say, step


@step(lambda said: said)
def serve(run: Run) -> str:
    """Start the recorded release where it does not serve: after a reboot, a stop, a failure."""
    live, target = run.registry.live(), run.target
    if live is None:
        return "nothing was released yet"
    if live.target != target.name:
        there = f"release {live.id} is on the target {live.target}"
        return f"{there}; `ratchet release champion` brings it to {target.name}"
    if everywhere(live, target.replicas()):
        return f"release {live.id} serves at {target.url()}"
    if target.switch_back(live, say):
        return f"switched back to release {live.id} at {target.url()}"
    live = rebuild.ensured(run.settings, run.registry, target, live, say)
    if target.needs_staging:
        target.stage(live, say)
    target.deploy(live, say)
    return f"started release {live.id} again at {target.url()}"
