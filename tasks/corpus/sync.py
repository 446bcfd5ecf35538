"""sync: bring the working tree to the newest commit of the tracked branch."""

from __future__ import annotations

from pathlib import Path

from ratchet.adapters.prefect import flow_runs
from ratchet.adapters.triggers import follow
from tasks.step import say, step


@step(
    lambda commit: f"at commit {commit[:8]}",
    retries=2,
    retry_delay_seconds=5,
    retry_condition_fn=lambda task, task_run, state: isinstance(state.data, follow.RemoteSilent),
)
def sync(workspace: Path, supersede: bool = True) -> str:
    """Return the newest commit. It takes the folder alone: what a run works with is read after it.

    Queued runs of this deployment are needless then, and are cancelled. They are listed before the branch is
    asked: whatever started them is part of what is found then. Where each run has work of its own, `supersede` is
    false.
    """
    waiting = flow_runs.queued() if supersede else []
    newest = follow.fast_forward(workspace)
    if waiting:
        flow_runs.supersede(waiting)
        say(f"superseded {len(waiting)} queued {'run' if len(waiting) == 1 else 'runs'}")
    return newest
