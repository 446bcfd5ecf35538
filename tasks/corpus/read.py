"""read: get labelled messages out of files."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from pathlib import Path

from ratchet.adapters.readers import known, sources
from ratchet.adapters.readers.reading import Columns, Reading
from ratchet.adapters.run import Run
from tasks.step import log, step


@step(lambda reading: f"{len(reading.frame):,} rows")
def read(run: Run, files: Sequence[str], columns: Columns) -> Reading:
    """Return what the files hold, nothing without files, with an account of what was left out, guessed or repaired."""
    params = run.settings.params
    layout = partial(known.columns_of, given=columns, sources=params.sources)
    reading = sources.read([Path(file) for file in files], params.corpus, layout)
    for one in (*reading.account, *reading.faults):
        log(one.sentence)
    return reading
