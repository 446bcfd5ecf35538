"""split: divide the corpus by its ledger, and prove that nothing of the holdout was ever trained on."""

from __future__ import annotations

from dataclasses import replace

import pandas as pd

from ratchet.adapters.corpus import data_folder, data_revisions, proofs
from ratchet.adapters.run import Run
from ratchet.adapters.system.threads import in_threads
from ratchet.domain.corpus import ledger
from ratchet.domain.corpus.corpus import Corpus
from ratchet.domain.corpus.invariants import violations
from ratchet.domain.corpus.ledger import Split
from ratchet.domain.corpus.neighbours import Work
from ratchet.domain.corpus.restoration import OlderData
from ratchet.domain.corpus.retirement import retired_since
from ratchet.domain.corpus.unchecked import Unchecked
from tasks.step import note, say, step

MOVED = "that no message changed its side since the champion was trained"


@step(
    lambda sides: (
        f"{len(sides.train):,} to train, {len(sides.holdout):,} held out, {len(sides.quarantine):,} unused"
    )
)
def split(run: Run, corpus: Corpus) -> Split:
    """Return the sides; raises `RatchetError` when an invariant does not hold.

    An invariant that cannot be checked is noted in the sides: the gate asks a person then.
    """
    policy, state = run.settings.params.split, run.settings.state
    previous, proved = champion_ledger(run, corpus), proofs.known_sides(state, policy)
    unchecked: tuple[Unchecked, ...] = ()
    if isinstance(previous, Unchecked):
        note(previous.sentence)
        unchecked, previous = (previous,), None
    work = Work(spread=in_threads)
    found = violations(corpus.frame, corpus.ledger, previous, policy, proved, work)
    for violation in found:
        say(violation.sentence)
    if broken := [violation.sentence for violation in found if violation.blocking]:
        fact = f"The split of data revision {corpus.revision[:12]} cannot be trusted: {' '.join(broken)}"
        raise OlderData(fact, corpus.revision, "`ratchet retrain`")
    sides = ledger.split(corpus.frame, corpus.ledger, policy)
    used = ledger.sides_of(corpus.ledger, sides)
    if proved is None or not used.equals(proved):
        proofs.remember_sides(state, used, policy)
    return replace(sides, unchecked=unchecked, retired=retired(run, corpus, sides, previous))


def retired(run: Run, corpus: Corpus, sides: Split, previous: pd.DataFrame | None) -> pd.DataFrame:
    """Return what was retired from the holdout since the champion; where its ledger is lost, since its day."""
    champion = run.registry.champion()
    if champion is not None and champion.lineage.data_revision == corpus.revision:
        previous = corpus.ledger
    day = champion.created_at[:10] if champion is not None and previous is None else ""
    return retired_since(sides.train, corpus.ledger, previous, day)


def champion_ledger(run: Run, corpus: Corpus) -> pd.DataFrame | Unchecked | None:
    """Return the ledger of the champion's data; None when there is no champion or it has this data, a finding when
    it is lost.
    """
    champion = run.registry.champion()
    if champion is None or champion.lineage.data_revision == corpus.revision:
        return None
    folder = data_revisions.earlier(run.settings, champion.lineage.data_revision, MOVED)
    if isinstance(folder, Unchecked):
        return folder
    return data_folder.read_ledger(folder, run.settings.params.split)
