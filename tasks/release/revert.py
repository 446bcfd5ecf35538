"""revert: switch back to a release that is still warm."""

from __future__ import annotations

from ratchet.adapters.run import Run
from ratchet.domain.release.manifest import Release
from tasks.step import say, step


@step(lambda switched: "all traffic switched back to it" if switched else "it is not warm and has to start")
def revert(run: Run, chosen: Release) -> bool:
    """Switch all traffic to it where it is warm; that it begins is noted first, as `deploy` does. Returns whether."""
    warm = run.target.warm()
    if warm is None or warm.release != chosen.id:
        return False
    run.registry.begin(chosen)
    return run.target.switch_back(chosen, say)
