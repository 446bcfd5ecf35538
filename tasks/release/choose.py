"""choose: find the recorded release that a rollback goes to."""

from __future__ import annotations

from dataclasses import replace

from ratchet.adapters.run import Run
from ratchet.domain.errors import RatchetError
from ratchet.domain.release.manifest import Release, rollback_target
from tasks.step import step


@step(lambda release: f"back to {release.id}, model version {release.model_version}")
def choose(run: Run, to: str | None) -> Release:
    """Choose among the releases that were live; never guessed. Raises `RatchetError` where there is none."""
    releases, live = run.registry.releases(), run.registry.live()
    chosen = rollback_target(releases, live.id if live else None, to)
    if chosen.target != run.target.name:
        raise RatchetError(
            f"Release {chosen.id} was made for the target {chosen.target}, not for {run.target.name}.",
            f"Go back there: `RATCHET_TARGET={chosen.target} ratchet rollback --to {chosen.id}`.",
        )
    if live is not None and live.id == chosen.id:  # the command switched already, and `recover` wrote it down
        return live
    return replace(chosen, reason=f"rollback from {live.id}" if live else "rollback")
