"""revert: switch back to a release that is still warm."""

from __future__ import annotations

from ratchet.adapters.run import Run
from ratchet.domain.release.manifest import Release
from ratchet.domain.release.serving import everywhere
from tasks.step import say, step


@step(lambda switched: "all traffic goes to it" if switched else "it is not warm and has to start")
def revert(run: Run, chosen: Release) -> bool:
    """Switch all traffic to it where it is warm; return whether it has it. Nothing is noted first: that takes a second.

    A run that is killed before the record leaves a fleet that says it: `recover` finds what serves, and writes it down.
    So it does where the command switched before this run began.
    """
    live = run.registry.live()
    if live is not None and live.id == chosen.id and everywhere(live, run.target.replicas()):
        say("it serves already")
        return True
    return run.target.switch_back(chosen, say)
