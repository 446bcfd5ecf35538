"""inherit: put older messages under the newest ledger."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

import pandas as pd

from ratchet.adapters.corpus import ledger_history
from ratchet.adapters.run import Run
from ratchet.adapters.system.threads import in_threads
from ratchet.domain.corpus import ledger
from ratchet.domain.corpus.neighbours import Work
from ratchet.domain.corpus.restoration import without_straddlers
from tasks.corpus.reclaim import Reclaimed
from tasks.step import note, step


@dataclass(frozen=True)
class Inherited:
    """The messages that stay, and the ledger for them; `revision` is the data revision that has the newest one.

    `known` counts its rows, `unread` names the revisions whose ledgers are lost.
    """

    frame: pd.DataFrame
    sides: pd.DataFrame
    revision: str
    known: int
    unread: tuple[str, ...]


@step(lambda found: f"{found.known:,} texts keep their side, ledger of data revision {found.revision[:8]}")
def inherit(run: Run, reclaimed: Reclaimed) -> Inherited:
    """Return the messages with the newest ledger: no text ever gets another side by going back.

    A text that this ledger does not know, of another branch for instance, gets its side as in an ingest.
    """
    champion, policy, unread = run.registry.champion(), run.settings.params.split, list[str]()
    judged = champion.lineage.data_revision if champion else ""
    revision, newest = ledger_history.newest(run.settings, judged, unread)
    if unread:
        lost = ", ".join(one[:12] for one in unread)
        note(f"Not looked at, because they are lost: the ledgers of data revision {lost}.")
    work = Work(spread=in_threads)
    sides = ledger.assign(reclaimed.frame, newest, policy, date.today().isoformat(), work)
    frame = without_straddlers(reclaimed.frame, sides, policy, work)
    return Inherited(frame, sides, revision, len(newest), tuple(unread))
