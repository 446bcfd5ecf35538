"""assign: give each new text its side, forever."""

from __future__ import annotations

from datetime import date

import pandas as pd

from ratchet.adapters.run import Run
from ratchet.adapters.system.threads import in_threads
from ratchet.domain.corpus import ledger
from ratchet.domain.corpus.ledger import Assigned
from ratchet.domain.corpus.neighbours import Work
from tasks.step import say, step


@step(lambda assigned: f"{len(assigned.ledger):,} texts have a side")
def assign(run: Run, messages: pd.DataFrame, sides: pd.DataFrame, first_seen: str | None) -> Assigned:
    """Return the ledger with a row for each new text, first seen today unless another day is given."""

    def progress(done: int, total: int) -> None:
        say(f"{done:,} of {total:,} new texts placed")

    day = first_seen or date.today().isoformat()
    return ledger.give_sides(messages, sides, run.settings.params.split, day, Work(progress, in_threads))
