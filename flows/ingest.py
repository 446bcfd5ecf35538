"""ingest: load → read → take (clean, merge, validate) → assign → cover → store → commit; all or nothing."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from flows.process import process
from ratchet.adapters.readers.reading import Columns
from ratchet.adapters.run import begin
from ratchet.domain.corpus.intake import Intake
from tasks.corpus.account import account
from tasks.corpus.assign import assign
from tasks.corpus.commit import commit as commit_data
from tasks.corpus.cover import cover
from tasks.corpus.load import load
from tasks.corpus.read import read
from tasks.corpus.remember import remember as note_source
from tasks.corpus.store import store
from tasks.corpus.take import take


@process()
def ingest(
    workspace: str | None = None,
    files: Sequence[str] = (),
    text_column: str = "text",
    intent_column: str = "intent",
    context_columns: Mapping[str, str] | None = None,
    sheet: str | None = None,
    encoding: str | None = None,
    unescape: bool = False,
    relabel: bool = False,
    drop_faulty: bool = False,
    commit: bool = False,
    remember: bool = True,
    first_seen: str | None = None,
) -> Intake:
    """Take labelled messages into the corpus; without files, take in what was changed in `data/` by hand."""
    with begin(workspace, "An ingest", "by hand", fleet=False) as run:
        before = load(run)
        columns = Columns(text_column, intent_column, context_columns or {}, sheet, encoding)
        reading = read(run, files, columns)
        taken = take(run, before, reading, relabel, drop_faulty, unescape)
        if not taken.accepted:
            return account(run, files, before, taken, reading.extras)
        if not (taken.merged.changed or before.differs or reading.extras):
            result = account(run, files, before, taken, reading.extras)
            if commit:  # what an earlier ingest left uncommitted
                commit_data(run, result.headline())
            return result
        assigned = assign(run, taken.merged.frame, before.ledger, first_seen)
        taken = cover(run, before, taken, assigned)
        if not taken.accepted:
            return account(run, files, before, taken, reading.extras)
        revision = store(run, taken.merged.frame, assigned.ledger, reading.extras)
        result = account(run, files, before, taken, reading.extras, assigned.ledger, revision)
        beside = note_source(run, files, columns) if remember else ()
        if commit:
            commit_data(run, result.message(), beside)
        return result
