"""restore: reclaim → inherit → reinstate → commit; all or nothing."""

from __future__ import annotations

from adapters.run import begin
from domain.restoration import Restored
from flows.process import process
from tasks.commit import commit as commit_data
from tasks.inherit import inherit
from tasks.reclaim import reclaim
from tasks.reinstate import reinstate


@process()
def restore(revision: str, workspace: str | None = None, commit: bool = False) -> Restored:
    """Go back to older messages, under the newest ledger: what was held out once is never trained on.

    Args:
        revision: A Git revision, or the hash of a data revision.
        workspace: The folder to work in; empty for the one that the worker serves.
        commit: Commit data.dvc to Git.
    """
    with begin(workspace, f"A restore of {revision}", "by hand", fleet=False) as run:
        reclaimed = reclaim(run, revision)
        result = reinstate(run, reclaimed, inherit(run, reclaimed))
        if commit:
            commit_data(run, result.headline())
        return result
