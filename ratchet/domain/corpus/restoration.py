"""Going back to older messages without going back to an older ledger."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import pandas as pd

from ratchet.domain.corpus.invariants import moved, repeated_keys, straddling
from ratchet.domain.corpus.joining import ranks
from ratchet.domain.corpus.ledger import (
    Side,
    SplitPolicy,
    complete,
    distinct,
    form_of,
    sides_of_keys,
    with_sides,
)
from ratchet.domain.corpus.neighbours import ALONE, Work
from ratchet.domain.errors import RatchetError
from ratchet.domain.record import Record


def command(revision: str) -> str:
    """Return the command that puts a data revision's messages under the newest ledger."""
    return f"ratchet data restore {revision.removesuffix('.dir')} --commit"


class OlderData(RatchetError):
    """Messages that may be used have a ledger that may not be used, usually an older one."""

    def __init__(self, fact: str, revision: str, then: str) -> None:
        super().__init__(
            fact,
            f"Run `{command(revision)}`: it puts these messages under the newest ledger. Then {then}.",
        )


@dataclass(frozen=True)
class Restored(Record):
    """What came of a restore.

    `wanted` is the data revision whose messages came back, `ledger` the one whose ledger was kept, `revision` the
    new one that has both. `carried` counts texts of that ledger that these messages do not have; `placed` texts
    that it did not know and that were given their sides now; `left_out` messages whose near-duplicate went to the
    training side meanwhile. `unread` are the data revisions whose ledgers may be newer and that are lost.
    """

    wanted: str
    ledger: str
    revision: str
    changed: bool
    messages: int
    intents: int
    carried: int
    placed: int
    left_out: int
    unread: tuple[str, ...]

    def headline(self) -> str:
        """Say what came back, as the subject of a commit."""
        return f"Data: back to the {self.messages:,} messages of {self.wanted[:12]}, ledger of {self.ledger[:12]}"


def missing(ledger: pd.DataFrame, newest: pd.DataFrame) -> int:
    """Count the keys of a newer ledger that a ledger lacks, or whose recorded move away from the holdout it lacks.

    A ledger that has the key further on (`joining`), because of a merge, lacks nothing.
    """
    later = complete(newest)
    known = later["key"].map(ledger.drop_duplicates("key").set_index("key")["side"])
    return int((known.isna() | ((later["moved"] != "") & (ranks(known) < ranks(later["side"])))).sum())


def continues(ledger: pd.DataFrame, champion: pd.DataFrame | None) -> bool:
    """Say whether messages may be put under a ledger: it is whole and, with a champion, continues its ledger."""
    return not [*repeated_keys(ledger), *moved(ledger, champion)]


def choose(
    ledgers: Iterable[tuple[str, pd.DataFrame]], champion: pd.DataFrame | None
) -> tuple[str, pd.DataFrame] | None:
    """Return the longest ledger that messages may be put under, with its name; of equally long ones the first.

    Ledgers are only added to, and moves in them only recorded, so the one with most rows and moves has all that the
    others have. None where there is none.
    """
    found = [(name, ledger) for name, ledger in ledgers if continues(ledger, champion)]
    return max(
        found, key=lambda one: (len(one[1]), int((complete(one[1])["moved"] != "").sum())), default=None
    )


def without_straddlers(
    messages: pd.DataFrame, sides: pd.DataFrame, policy: SplitPolicy, work: Work = ALONE
) -> pd.DataFrame:
    """Return the messages without those of the holdout that have a near-duplicate in training.

    A near-duplicate may have come, or have been retired, while a message was away. Leaving a holdout row out is
    always safe.
    """
    texts = distinct(messages, policy, form_of(sides))
    texts["side"] = sides_of_keys(texts, sides)
    touched = {row for found in straddling(texts, policy, None, work) for row in found.rows}
    gone = texts.loc[texts["row"].isin(touched) & (texts["side"] == Side.TEST), "text"]
    if gone.empty:
        return messages
    forms = with_sides(messages, sides, policy)["form"]
    return messages[~forms.isin(gone)].reset_index(drop=True)
