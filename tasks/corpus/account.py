"""account: say what came of an ingest, and keep the report on its rows."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import pandas as pd

from ratchet.adapters.bot import naming
from ratchet.adapters.corpus import data_folder
from ratchet.adapters.corpus.data_folder import Store
from ratchet.adapters.report import validation
from ratchet.adapters.run import Run
from ratchet.domain.corpus import ledger
from ratchet.domain.corpus.findings import ValidationReport
from ratchet.domain.corpus.intake import Intake, Taken
from ratchet.domain.corpus.new_names import with_new_names
from ratchet.domain.corpus.renames import successions, with_keys
from tasks.step import step


@step(lambda result: result.headline() if result.accepted else "refused; nothing was changed")
def account(
    run: Run,
    files: Sequence[str],
    before: Store,
    taken: Taken,
    extras: Mapping[str, object],
    sides: pd.DataFrame | None = None,
    revision: str = "",
) -> Intake:
    """Return the figures of an ingest; `sides` is the new ledger where there is one."""
    new = sides.iloc[len(before.ledger) :]["side"] if sides is not None else pd.Series(dtype="str")
    report = new_names(run, before, taken)
    page = validation.write_validation(run.folder, report)
    return Intake(
        accepted=taken.report.ok,
        files=tuple(files),
        messages=len(taken.merged.frame),
        intents=taken.report.intents,
        added=int(taken.merged.fresh.sum()) - taken.merged.relabelled,
        known=taken.merged.known,
        relabelled=taken.merged.relabelled,
        removed=before.removed,
        beside=bool(extras) or (before.differs and before.edited.empty and not before.removed),
        left_out=taken.left_out,
        repairs=taken.repairs,
        sides={str(side): int(number) for side, number in new.value_counts().items()},
        revision=revision or before.revision,
        report=report,
        page=str(page),
    )


def new_names(run: Run, before: Store, taken: Taken) -> ValidationReport:
    """Return the report with the intents that were renamed, split or merged, and what still uses their old names."""
    settings, now = run.settings, taken.merged.frame
    then = data_folder.stored_messages(settings, before) if before.differs else before.frame
    form = ledger.form_of(before.ledger)
    found = successions(*(with_keys(frame, settings.params.split, form) for frame in (then, now)))
    return with_new_names(taken.report, found, naming.leftovers(settings, found, now["intent"]))
