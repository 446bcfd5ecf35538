"""summarise: say what came of a run."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

from ratchet.adapters.prefect import flow_runs
from ratchet.adapters.run import Run
from ratchet.adapters.system.files import write_json
from ratchet.domain.operations import run_names
from ratchet.domain.operations.summary import Summary
from tasks.step import step


@step(lambda summary: f"{summary.outcome}: {summary.reasons[0] if summary.reasons else ''}".rstrip(": "))
def summarise(run: Run, published: Summary) -> Summary:
    """Return what was published, with the release that serves now, and keep it in the run's folder.

    That file says that the run went through. A release has given the run's page another name; it gets its own back.
    """
    live = run.registry.live()
    summary = replace(
        published,
        release=live.id if live else "",
        url=run.target.url() if live else "",
        seconds=round(run.seconds, 1),
    )
    write_json(run.folder / "summary.json", summary.as_dict())
    flow_runs.rename(run_names.retrained(date.today(), summary))
    return summary
