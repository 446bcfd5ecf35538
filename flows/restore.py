"""restore: reclaim → inherit → reinstate → commit; all or nothing."""

from __future__ import annotations

from flows.process import process
from ratchet.adapters.run import begin
from ratchet.domain.corpus.restoration import Restored
from tasks.corpus.commit import commit as commit_data
from tasks.corpus.inherit import inherit
from tasks.corpus.reclaim import reclaim
from tasks.corpus.reinstate import reinstate


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
