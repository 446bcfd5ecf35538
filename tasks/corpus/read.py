"""read: get labelled messages out of files."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

from ratchet.adapters.readers import sources
from ratchet.adapters.readers.reading import Columns, Reading
from ratchet.adapters.run import Run
from tasks.step import log, step


@step(lambda reading: f"{len(reading.frame):,} rows")
def read(
    run: Run, files: Sequence[str], text_column: str, intent_column: str, context_columns: Mapping[str, str]
) -> Reading:
    """Return what the files hold, nothing without files; says what had to be guessed about them."""
    columns = Columns(text_column, intent_column, context_columns)
    reading = sources.read([Path(file) for file in files], run.settings.params.corpus, columns)
    for one in (*reading.account, *reading.faults):
        log(one.sentence)
    return reading
