"""take: clean the incoming rows, merge them with the corpus and validate the whole."""

from __future__ import annotations

import pandas as pd

from ratchet.adapters.corpus import forgotten
from ratchet.adapters.corpus.data_folder import Store
from ratchet.adapters.readers.reading import Reading
from ratchet.adapters.run import Run
from ratchet.adapters.system.threads import in_threads
from ratchet.domain.corpus import intake
from ratchet.domain.corpus.intake import Read, Taken
from ratchet.domain.corpus.neighbours import Work
from ratchet.domain.wording import percent
from tasks.step import say, step


@step(lambda taken: f"{int(taken.merged.fresh.sum()):,} new rows, {taken.report.summary()}")
def take(
    run: Run, store: Store, reading: Reading, relabel: bool, drop_faulty: bool, unescape: bool = False
) -> Taken:
    """Return the corpus to be: rows edited by hand come in like those of a file."""
    params = run.settings.params
    return intake.take(
        store.frame,
        pd.concat([store.edited, reading.frame], ignore_index=True),
        store.ledger,
        (params.corpus, params.split, params.validation),
        relabel=relabel,
        drop_faulty=drop_faulty,
        unescape=unescape,
        read=Read(reading.account, reading.faults, forgotten=forgotten.words(run.settings.workspace)),
        work=Work(lambda done, total: say(f"{percent(done / total, 0)} of the rows compared"), in_threads),
    )
