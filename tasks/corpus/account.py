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
from ratchet.domain.corpus.intake import Intake, Taken
from ratchet.domain.corpus.merging import relabels
from ratchet.domain.corpus.new_names import with_new_names
from ratchet.domain.corpus.renames import Succession, successions, with_keys
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
    then, now = stored(run, before), taken.merged.frame
    found = succeeded(run, before, then, now)
    report = with_new_names(taken.report, found, naming.leftovers(run.settings, found, now["intent"]))
    labels = relabels(then, now, list(run.settings.params.corpus.context))
    by_hand = max(
        sum(labels.values()) - taken.merged.relabelled, 0
    )  # each is among the rows that came and that went
    moves = {(move.before, move.after) for one in found for move in one.moves}
    page = validation.write_validation(run.folder, report)
    return Intake(
        accepted=taken.report.ok,
        files=tuple(files),
        messages=len(taken.merged.frame),
        intents=taken.report.intents,
        added=max(int(taken.merged.fresh.sum()) - taken.merged.relabelled - by_hand, 0),
        known=taken.merged.known,
        relabelled=taken.merged.relabelled + by_hand,
        removed=max(before.removed - by_hand, 0),
        beside=bool(extras) or (before.differs and before.edited.empty and not before.removed),
        left_out=taken.left_out,
        repairs=taken.repairs,
        sides={str(side): int(number) for side, number in new.value_counts().items()},
        revision=revision or before.revision,
        report=report,
        page=str(page),
        successions=found,
        moved=sum(number for pair, number in labels.items() if pair in moves),
    )


def stored(run: Run, before: Store) -> pd.DataFrame:
    """Return the messages that the corpus had before anyone changed them."""
    return data_folder.stored_messages(run.settings, before) if before.differs else before.frame


def succeeded(run: Run, before: Store, then: pd.DataFrame, now: pd.DataFrame) -> tuple[Succession, ...]:
    """Return the intents that were renamed, split or merged."""
    form = ledger.form_of(before.ledger)
    return successions(*(with_keys(frame, run.settings.params.split, form) for frame in (then, now)))
