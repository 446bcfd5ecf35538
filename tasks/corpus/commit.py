"""commit: record the new data revision in Git."""

from __future__ import annotations

from collections.abc import Sequence

from ratchet.adapters.corpus import dvc, uncommitted
from ratchet.adapters.run import Run
from ratchet.adapters.system import git, git_state
from tasks.step import note, step


@step(lambda commit: f"commit {commit[:8]}")
def commit(run: Run, message: str, beside: Sequence[str] = ()) -> str:
    """Commit `data.dvc`, what is named beside it, and nothing else; returns the commit.

    An earlier run whose commit was refused left its message: what is left is committed with that. Raises
    `git.NotCommitted`, after which the same command finishes what is left.
    """
    workspace = run.settings.workspace
    if git.in_repository(workspace) and git_state.detached(workspace):
        note("No branch is checked out: the commit belongs to none. Keep it with `git switch -c NAME`.")
    if git.changed(workspace, dvc.POINTER) and not uncommitted.message(workspace):
        uncommitted.note(workspace, dvc.revision(workspace), message)
    return uncommitted.commit(workspace, message, beside)
