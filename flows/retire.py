"""retire: load → retire → store → commit; messages go from the holdout to training."""

from __future__ import annotations

from collections.abc import Sequence

from flows.process import process
from ratchet.adapters.run import begin
from tasks.corpus.commit import commit as commit_data
from tasks.corpus.load import load
from tasks.corpus.retire import retire as move
from tasks.corpus.store import store


@process()
def retire(
    shown: str,
    workspace: str | None = None,
    intents: Sequence[str] = (),
    worn: bool = False,
    reason: str = "by hand",
    commit: bool = False,
) -> str:
    """Move messages of the holdout to training, forever, and return the new data revision.

    Args:
        shown: The digest of the messages that a person was shown: exactly these move.
        workspace: The folder to work in; empty for the one that the worker serves.
        intents: Those whose messages move; none for all.
        worn: Only messages that have decided more verdicts than the policy allows.
        reason: Why, for the ledger.
        commit: Commit data.dvc to Git.
    """
    with begin(workspace, "A retirement", "by hand", fleet=False) as run:
        before = load(run)
        planned, sides = move(run, before, intents, worn, reason, shown)
        revision = store(run, before.frame, sides, {})
        if commit:
            commit_data(run, f"Data: {planned.rows:,} messages retired from the holdout ({reason})")
        return revision
