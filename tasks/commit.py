"""commit: record the new data revision in Git."""

from __future__ import annotations

from adapters import dvc, git
from adapters.run import Run
from tasks.step import step


@step(lambda commit: f"commit {commit[:8]}")
def commit(run: Run, message: str) -> str:
    """Commit `data.dvc`, and nothing else; returns the commit."""
    return git.commit(run.settings.workspace, [dvc.POINTER], message)
