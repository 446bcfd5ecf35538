"""revert: switch back to a release that is still warm."""

from __future__ import annotations

from ratchet.adapters.run import Run
from ratchet.domain.release.manifest import Release
from tasks.step import say, step


@step(lambda switched: "all traffic switched back to it" if switched else "it is not warm and has to start")
def revert(run: Run, chosen: Release) -> bool:
    """Switch all traffic to it where it is warm, and return whether. Nothing is noted first: that alone takes a second.

    A run that is killed before the record leaves a fleet that says it: `recover` finds what serves, and writes it down.
    """
    return run.target.switch_back(chosen, say)
