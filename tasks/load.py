"""load: read the corpus that new rows come into."""

from __future__ import annotations

from adapters import corpus_store
from adapters.corpus_store import Store
from adapters.run import Run
from tasks.step import step


def describe(store: Store) -> str:
    """Say what is there, and what was changed by hand."""
    by_hand = f", {len(store.edited)} added and {store.removed} removed by hand"
    return f"{len(store.frame):,} messages{by_hand if len(store.edited) or store.removed else ''}"


@step(describe)
def load(run: Run) -> Store:
    """Return the corpus of the working tree; an ingest that was killed is completed or undone first."""
    settings = run.settings
    return corpus_store.open_store(
        settings.workspace, settings.state, settings.params.corpus, settings.params.split
    )
