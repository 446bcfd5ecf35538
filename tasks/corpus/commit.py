"""commit: record the new data revision in Git."""

from __future__ import annotations

from collections.abc import Sequence

from ratchet.adapters.corpus import dvc
from ratchet.adapters.run import Run
from ratchet.adapters.system import git
from tasks.step import step


@step(lambda commit: f"commit {commit[:8]}")
def commit(run: Run, message: str, beside: Sequence[str] = ()) -> str:
    """Commit `data.dvc`, what is named beside it, and nothing else; returns the commit."""
    return git.commit(run.settings.workspace, [dvc.POINTER, *beside], message)
