"""load: read the corpus that new rows come into."""

from __future__ import annotations

from adapters import corpus_store, dvc, ledger_history
from adapters.corpus_store import Store
from adapters.run import Run
from tasks.step import note, say, step


def describe(store: Store) -> str:
    """Say what is there, and what was changed by hand."""
    by_hand = f", {len(store.edited)} added and {store.removed} removed by hand"
    return f"{len(store.frame):,} messages{by_hand if len(store.edited) or store.removed else ''}"


@step(describe)
def load(run: Run) -> Store:
    """Return the corpus of the working tree; an ingest that was killed is completed or undone first.

    Raises `OlderData` where `data.dvc` was taken back to an older ledger.
    """
    settings, workspace = run.settings, run.settings.workspace
    if settled := corpus_store.recover(workspace):
        say(settled)
    unchecked = ledger_history.require_newest(settings, "run the same command again")
    if unchecked:
        note(unchecked.sentence)
    try:
        return corpus_store.open_store(
            workspace, settings.state, settings.params.corpus, settings.params.split
        )
    except dvc.NotInRemote as error:
        raise ledger_history.instead(settings, error, dvc.revision(workspace)) from error
