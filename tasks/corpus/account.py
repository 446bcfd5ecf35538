"""account: say what came of an ingest, and keep the report on its rows."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import pandas as pd

from ratchet.adapters.corpus.data_folder import Store
from ratchet.adapters.report import validation
from ratchet.adapters.run import Run
from ratchet.domain.corpus.intake import Intake, Taken
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
    page = validation.write_validation(run.folder, taken.report)
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
        report=taken.report,
        page=str(page),
    )
