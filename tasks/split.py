"""split: divide the corpus by its ledger, and prove that nothing of the holdout was ever trained on."""

from __future__ import annotations

from dataclasses import replace

import pandas as pd

from adapters import corpus_store, data_revisions, proofs
from adapters.run import Run
from domain import ledger
from domain.corpus import Corpus
from domain.errors import RatchetError
from domain.invariants import violations
from domain.ledger import Split
from domain.retirement import retired_since
from tasks.step import say, step


@step(
    lambda sides: (
        f"{len(sides.train):,} to train, {len(sides.holdout):,} held out, {len(sides.quarantine):,} unused"
    )
)
def split(run: Run, corpus: Corpus) -> Split:
    """Return the sides; raises `RatchetError` when an invariant does not hold."""
    policy, state = run.settings.params.split, run.settings.state
    previous, proved = champion_ledger(run, corpus), proofs.known_sides(state, policy)
    found = violations(corpus.frame, corpus.ledger, previous, policy, proved)
    for violation in found:
        say(violation.sentence)
    if broken := [violation.sentence for violation in found if violation.blocking]:
        raise RatchetError(f"The split cannot be trusted: {' '.join(broken)}", corpus_store.WAY_BACK)
    sides = ledger.split(corpus.frame, corpus.ledger, policy)
    used = ledger.sides_of(corpus.ledger, sides)
    if proved is None or not used.equals(proved):
        proofs.remember_sides(state, used, policy)
    return replace(sides, retired=retired(run, corpus, sides, previous))


def retired(run: Run, corpus: Corpus, sides: Split, previous: pd.DataFrame | None) -> pd.DataFrame:
    """Return what was retired from the holdout since the champion; where its ledger is lost, since its day."""
    champion = run.registry.champion()
    if champion is not None and champion.lineage.data_revision == corpus.revision:
        previous = corpus.ledger
    day = champion.created_at[:10] if champion is not None and previous is None else ""
    return retired_since(sides.train, corpus.ledger, previous, day)


def champion_ledger(run: Run, corpus: Corpus) -> pd.DataFrame | None:
    """Return the ledger of the champion's data; None when there is no champion, or when it is the same."""
    champion = run.registry.champion()
    if champion is None:
        return None
    revision = champion.lineage.data_revision
    folder = data_revisions.earlier(run.settings, revision, corpus.revision, "ledger", say)
    return corpus_store.read_ledger(folder, run.settings.params.split) if folder else None
