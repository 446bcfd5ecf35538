"""choose: find the recorded release that a rollback goes to."""

from __future__ import annotations

from dataclasses import replace

from adapters.run import Run
from domain.release import Release, rollback_target
from tasks.step import step


@step(lambda release: f"back to {release.id}, model version {release.model_version}")
def choose(run: Run, to: str | None) -> Release:
    """Choose among the releases that were live; never guessed."""
    releases, live = run.registry.releases(), run.registry.live()
    chosen = rollback_target(releases, live.id if live else None, to)
    return replace(chosen, reason=f"rollback from {live.id}" if live else "rollback")
