"""stage: start the release off the traffic path and put it to the proof."""

from __future__ import annotations

from adapters import rasa
from adapters.run import Run
from domain.errors import RatchetError
from domain.release import Release
from tasks.step import say, step


@step(
    lambda played: (
        f"ready; {played} conversations went as written" if played else "ready; no conversations to check"
    )
)
def stage(run: Run, release: Release) -> int:
    """Start it, wait until it is ready, play the conversations; on an error nothing of it is left running."""
    url = run.target.stage(release, say)
    try:
        return rasa.converse(run.settings, url, say)
    except RatchetError:
        run.target.clean(run.registry.live(), say)
        raise
