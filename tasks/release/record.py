"""record: note that the release is live; the aliases move only now."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime

from ratchet.adapters.prefect import flow_runs
from ratchet.adapters.run import Run
from ratchet.domain.operations import run_names
from ratchet.domain.release.manifest import Release
from tasks.step import step


@step(lambda release: f"{release.id} is live, champion is version {release.model_version}")
def record(run: Run, release: Release) -> Release:
    """Store the manifest and let the aliases follow."""
    now = datetime.now(UTC).isoformat(timespec="seconds")
    live = replace(release, seconds=round(run.seconds, 1), live_at=now)
    run.registry.finish(live)
    flow_runs.rename(run_names.released(date.today(), live))
    return live
