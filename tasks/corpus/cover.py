"""cover: see that every intent has something to train on, and say which have nothing in the holdout."""

from __future__ import annotations

from ratchet.adapters.corpus.data_folder import Store
from ratchet.adapters.run import Run
from ratchet.adapters.system.threads import in_threads
from ratchet.domain.corpus import intake
from ratchet.domain.corpus.intake import Taken
from ratchet.domain.corpus.ledger import Assigned
from ratchet.domain.corpus.neighbours import Work
from tasks.step import step


@step(lambda taken: "every intent can be trained" if taken.accepted else taken.report.errors[-1].sentence)
def cover(run: Run, store: Store, taken: Taken, assigned: Assigned) -> Taken:
    """Return what is taken in with its report completed; it is refused where an intent would never be trained."""
    params = run.settings.params
    work = Work(spread=in_threads)
    policies = (params.split, params.validation, params.gate.retire)
    return intake.with_coverage(taken, (store.frame, store.ledger), assigned, policies, store.differs, work)
