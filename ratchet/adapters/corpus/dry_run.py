"""Checking files as if they were ingested, without changing anything."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import pandas as pd

from ratchet.adapters.bot import naming
from ratchet.adapters.corpus import data_folder, dvc, ledger_history
from ratchet.adapters.readers import sources
from ratchet.adapters.readers.tables import Columns
from ratchet.adapters.settings import Settings
from ratchet.adapters.system.threads import in_threads
from ratchet.domain.corpus import intake, ledger
from ratchet.domain.corpus.findings import Finding, ValidationReport, with_review
from ratchet.domain.corpus.neighbours import Work
from ratchet.domain.corpus.new_names import with_new_names
from ratchet.domain.corpus.renames import successions, with_keys
from ratchet.domain.corpus.review import to_review


def check(settings: Settings, files: Sequence[Path], columns: Columns, review: bool) -> ValidationReport:
    """Return what validation says of the corpus with the files' rows in it; without files, of the corpus.

    Findings about single rows are those of the files; without files, those of all rows. With `review` the
    report lists suspected label errors too.
    """
    params = settings.params
    unchecked = ledger_history.require_newest(settings, "run the same command again")
    policies = (params.corpus, params.split, params.validation)
    known = data_folder.messages_in_place(settings.workspace, params.corpus)
    book = data_folder.ledger_in_place(settings.workspace, params.split)
    if files:
        old, incoming = known, sources.read(files, params.corpus, columns).frame
    else:
        old, incoming = known.head(0), known
    work = Work(spread=in_threads)
    taken = intake.take(old, incoming, book, policies, work=work)
    if taken.accepted:
        assigned = ledger.give_sides(taken.merged.frame, book, params.split, "", work)
        taken = intake.with_coverage(
            taken,
            (old, book),
            assigned,
            (params.split, params.validation, params.gate.retire),
            work=work,
        )
    report = taken.report
    if unchecked:
        lost = Finding("older data", (), (), 1, unchecked.sentence)
        report = replace(report, warnings=(*report.warnings, lost))
    report = new_names(settings, taken.merged.frame, book, report)
    if not review:
        return report
    frame, fresh = taken.merged.frame, taken.merged.fresh
    doubtful = to_review(frame, params.corpus, params.validation.suspect_ratio)
    mine = doubtful[doubtful["place"].isin(set(frame.loc[fresh, "place"]))]
    policy = params.validation
    return with_review(report, mine, policy.personal_data_allowed, policy.suspect_ratio)


def new_names(
    settings: Settings, now: pd.DataFrame, book: pd.DataFrame, report: ValidationReport
) -> ValidationReport:
    """Return the report with the intents that have other names than in the data revision of `data.dvc`."""
    if not (settings.workspace / dvc.POINTER).exists():
        return report
    try:
        folder = dvc.checkout(settings.workspace, dvc.revision(settings.workspace), settings.state / "data")
    except dvc.NotInRemote:
        return report
    then = data_folder.read_messages(folder, settings.params.corpus)
    form = ledger.form_of(book)
    found = successions(*(with_keys(frame, settings.params.split, form) for frame in (then, now)))
    return with_new_names(report, found, naming.leftovers(settings, found, now["intent"]))
