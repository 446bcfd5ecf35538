"""Checking files as if they were ingested, without changing anything."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path

import pandas as pd

from ratchet.adapters.bot import encoders, naming
from ratchet.adapters.corpus import data_folder, dvc, following, forgotten, ledger_history
from ratchet.adapters.readers import sources
from ratchet.adapters.readers.known import columns_of
from ratchet.adapters.readers.reading import Columns, Reading
from ratchet.adapters.settings import Params, Settings
from ratchet.adapters.system import console
from ratchet.adapters.system.threads import in_threads
from ratchet.domain.corpus import intake, ledger
from ratchet.domain.corpus.findings import Finding, ValidationReport, with_review
from ratchet.domain.corpus.forgotten_words import NONE
from ratchet.domain.corpus.language import with_language
from ratchet.domain.corpus.merging import Merged
from ratchet.domain.corpus.neighbours import Work
from ratchet.domain.corpus.new_names import with_new_names
from ratchet.domain.corpus.renames import successions, with_keys
from ratchet.domain.corpus.review import to_review


def check(
    settings: Settings, files: Sequence[Path], columns: Columns, review: bool, unescape: bool = False
) -> ValidationReport:
    """Return what validation says of the corpus with the files' rows in it; without files, of the corpus.

    Findings about single rows are those of the files; without files, those of all rows. With `review` the
    report lists suspected label errors too.
    """
    params = settings.params
    unchecked = ledger_history.require_newest(settings, "run the same command again")
    following.bring_along_unless_busy(settings, console.note)
    policies = (params.corpus, params.split, params.validation)
    known = data_folder.messages_in_place(settings.workspace, params.corpus)
    book = data_folder.ledger_in_place(settings.workspace, params.split)
    if files:
        layout = partial(columns_of, given=columns, sources=params.sources)
        reading = sources.read(files, params.corpus, layout)
    else:
        reading = Reading(known)
    old, incoming = known if files else known.head(0), reading.frame
    words = forgotten.words(settings.workspace) if files else NONE
    work, said = Work(spread=in_threads), intake.Read(reading.account, reading.faults, bool(files), words)
    taken = intake.take(old, incoming, book, policies, unescape=unescape, read=said, work=work)
    if taken.accepted:
        assigned = ledger.give_sides(taken.merged.frame, book, params.split, "", work)
        taken = intake.with_coverage(
            taken,
            (old, book),
            assigned,
            (params.split, params.validation, params.gate.retire),
            work=work,
        )
    allowed = params.validation.personal_data_allowed
    spoken, field = encoders.language(settings), params.corpus.language
    report = with_language(taken.report, taken.merged.frame, spoken, allowed, field)
    if unchecked:
        lost = Finding("older data", (), (), 1, unchecked.sentence)
        report = replace(report, warnings=(*report.warnings, lost))
    report = new_names(settings, taken.merged.frame, book, report)
    return reviewed(report, taken.merged, params) if review else report


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


def reviewed(report: ValidationReport, merged: Merged, params: Params) -> ValidationReport:
    """Add the suspected label errors among the fresh rows to a report."""
    frame, fresh = merged.frame, merged.fresh
    doubtful = to_review(frame, params.corpus, params.validation.suspect_ratio)
    mine = doubtful[doubtful["place"].isin(set(frame.loc[fresh, "place"]))]
    allowed = params.validation.personal_data_allowed
    return with_review(report, mine, allowed, params.validation.suspect_ratio)
