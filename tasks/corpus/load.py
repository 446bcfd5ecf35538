"""load: read the corpus that new rows come into."""

from __future__ import annotations

from ratchet.adapters.corpus import data_folder, dvc, following, ledger_history
from ratchet.adapters.corpus.data_folder import Store
from ratchet.adapters.run import Run
from tasks.step import note, say, step


def describe(store: Store) -> str:
    """Say what is there, and what was changed by hand."""
    by_hand = f", {len(store.edited)} added and {store.removed} removed by hand"
    return f"{len(store.frame):,} messages{by_hand if len(store.edited) or store.removed else ''}"


@step(describe)
def load(run: Run) -> Store:
    """Return the corpus of the working tree; an ingest that was killed is completed or undone first.

    `data/` follows `data.dvc` where Git moved that. Raises `OlderData` where `data.dvc` was taken back to an older
    ledger, `following.LocalData` where `data/` holds what the move would lose.
    """
    settings, workspace = run.settings, run.settings.workspace
    unchecked = ledger_history.require_newest(settings, "run the same command again")
    if unchecked:
        note(unchecked.sentence)
    try:
        if settled := following.bring_along(workspace, say):
            say(settled)
        return data_folder.open_store(
            workspace, settings.state, settings.params.corpus, settings.params.split
        )
    except dvc.NotInRemote as error:
        raise ledger_history.instead(settings, error, dvc.revision(workspace)) from error
