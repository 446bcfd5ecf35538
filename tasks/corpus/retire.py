"""retire: move messages from the holdout to training, and write down when and why."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date

import pandas as pd

from ratchet.adapters.corpus import dvc
from ratchet.adapters.corpus import retirement as retiring
from ratchet.adapters.corpus.data_folder import Store
from ratchet.adapters.run import Run
from ratchet.domain.corpus import retirement
from ratchet.domain.corpus.retirement import Retirement
from ratchet.domain.errors import RatchetError
from tasks.step import step


@step(lambda result: result[0].sentence)
def retire(
    run: Run, store: Store, intents: Sequence[str], worn: bool, reason: str, shown: str
) -> tuple[Retirement, pd.DataFrame]:
    """Return what moves and the ledger to be; `shown` is the digest of what a person has agreed to."""
    if store.differs:
        raise RatchetError(
            "data/ was changed since data.dvc was written.",
            f"Take the change in with `ratchet ingest`, or put it aside with `{dvc.RESET}`.",
        )
    planned = retiring.plan(run.settings, run.registry, (store.frame, store.ledger), intents, worn)
    if planned.digest != shown:
        raise RatchetError(
            "The holdout changed since the messages were shown: others would be retired.",
            "Run `ratchet data retire` again.",
        )
    return planned, retirement.retire(store.ledger, planned.keys, date.today().isoformat(), reason)
