"""Two ledgers become one: a key's side is the later of its two, and what straddles then leaves the holdout.

The sides are ordered test < quarantine < train, and a key only ever moves upwards. Joining takes the higher of the two,
so it depends neither on who merges nor on the order of several merges, and nothing goes from training to the holdout.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from ratchet.domain.corpus.languages import texts_of
from ratchet.domain.corpus.ledger import FORM, Side, SplitPolicy, complete, form_of
from ratchet.domain.corpus.neighbours import ALONE, Work, near_pairs
from ratchet.domain.errors import RatchetError

RANK = {str(Side.TEST): 0, str(Side.QUARANTINE): 1, str(Side.TRAIN): 2}
NAMED = {rank: side for side, rank in RANK.items()}
MERGED = "merge: the other clone had it there"
STRADDLED = "merge: a near-duplicate is in training"


def ranks(sides: pd.Series) -> NDArray[np.int64]:
    """Return the place of each side in the order test (0), quarantine (1), train (2); -1 for a key without a side."""
    return np.asarray(sides.map(RANK).fillna(-1), dtype=np.int64)


def join(base: pd.DataFrame, ours: pd.DataFrame, theirs: pd.DataFrame) -> pd.DataFrame:
    """Return the ledger that continues both: the rows of `base` first, then the others by day and key.

    A key has the higher of its two sides and the earlier of its two days. Where that moves it away from the side that
    one clone gave it, the move is recorded, on the day on which the later clone placed it. Raises `RatchetError` where
    the ledgers have different normal forms.
    """
    filled = [one for one in (base, ours, theirs) if len(one)]
    forms = {form_of(one) for one in filled}
    if len(forms) > 1:
        raise RatchetError(
            f"The ledgers were begun with different normal forms, versions {' and '.join(map(str, sorted(forms)))}.",
            "Keep one of them, and take the messages of the other in as a file with `ratchet ingest`.",
        )
    both = complete(ours).merge(complete(theirs), on="key", how="outer", suffixes=("_o", "_t"), sort=False)
    rank_o, rank_t = ranks(both["side_o"]), ranks(both["side_t"])
    side = np.maximum(rank_o, rank_t)
    first = least(both["first_seen_o"], both["first_seen_t"])
    one, other = both["first_seen_o"].fillna(""), both["first_seen_t"].fillna("")
    latest = one.where(one > other, other)
    recorded = records(both, rank_o, rank_t, latest)
    known = (rank_o >= 0) & (rank_t >= 0)
    joined = pd.DataFrame(
        {
            "key": both["key"],
            "side": pd.Series(side).map(NAMED).to_numpy(),
            "first_seen": first,
            "moved": recorded["moved"],
            "reason": recorded["reason"],
        },
        dtype="str",
    )
    assert not (known & (side < np.maximum(rank_o, rank_t))).any()
    joined[FORM] = forms.pop() if forms else form_of(joined)
    place = joined["key"].map(pd.Series(np.arange(len(base)), index=base["key"]))
    ordered = joined.assign(place=place.fillna(len(base))).sort_values(["place", "first_seen", "key"])
    return ordered.drop(columns="place").reset_index(drop=True)


def least(one: pd.Series, other: pd.Series) -> pd.Series:
    """Return the lesser of two texts in each row, where one may be missing."""
    return one.where(one.notna() & ~(other < one), other)


def records(
    both: pd.DataFrame, rank_o: NDArray[np.int64], rank_t: NDArray[np.int64], latest: pd.Series
) -> pd.DataFrame:
    """Return `moved` and `reason` of each joined row: the record of the clone whose side holds, the earlier of two.

    A row that neither clone moved to where it is now gets a record of the merge.
    """
    top = np.maximum(rank_o, rank_t)
    none = pd.Series("", index=both.index, dtype="str")
    moved, reason = none, none
    for end, rank in (("o", rank_o), ("t", rank_t)):
        mine, why = both[f"moved_{end}"].fillna(""), both[f"reason_{end}"].fillna("")
        holds = (rank == top) & (mine != "")
        earlier = holds & ((moved == "") | (mine < moved) | ((mine == moved) & (why < reason)))
        moved, reason = moved.mask(earlier, mine), reason.mask(earlier, why)
    unrecorded = (rank_o != rank_t) & (np.minimum(rank_o, rank_t) >= 0) & (moved == "").to_numpy()
    return pd.DataFrame({"moved": moved.mask(unrecorded, latest), "reason": reason.mask(unrecorded, MERGED)})


@dataclass(frozen=True)
class Straddling:
    """Holdout texts with a near-duplicate in training: their `keys`, and the `days` on which the later was placed."""

    keys: tuple[str, ...]
    days: tuple[str, ...]


def straddling(
    texts: pd.DataFrame, unsettled: NDArray[np.bool_], policy: SplitPolicy, work: Work = ALONE
) -> Straddling:
    """Return the holdout texts that are near-duplicates of one in training.

    `texts` has `text` (in normal form), `key`, `side`, `day` (when it was placed there) and, where they are declared,
    `languages`; `unsettled` marks those that a clone did not have on this side, as pairs of two others were compared.
    """
    train, test = (texts["side"] == Side.TRAIN).to_numpy(), (texts["side"] == Side.TEST).to_numpy()
    day, key = (texts[name].to_numpy(dtype=object) for name in ("day", "key"))
    days: dict[str, str] = {}
    for left, right in ((train & unsettled, test), (train & ~unsettled, test & unsettled)):
        mine, theirs = np.flatnonzero(left), np.flatnonzero(right)
        if not len(mine) or not len(theirs):
            continue
        one, other = texts_of(texts.iloc[mine]), texts_of(texts.iloc[theirs])
        for here, there in near_pairs(one, other, policy.near_duplicate, work):
            for trained, held in zip(mine[here], theirs[there], strict=True):
                days[key[held]] = max(days.get(key[held], ""), day[trained], day[held])
    keys = tuple(sorted(days))
    return Straddling(keys, tuple(days[one] for one in keys))


def quarantine(ledger: pd.DataFrame, found: Straddling) -> pd.DataFrame:
    """Return the ledger with these keys of the holdout in quarantine, and the record of it."""
    if not found.keys:
        return ledger
    days = ledger["key"].map(dict(zip(found.keys, found.days, strict=True)))
    rows = days.notna()
    return ledger.assign(
        side=ledger["side"].mask(rows, str(Side.QUARANTINE)),
        moved=ledger["moved"].mask(rows, days),
        reason=ledger["reason"].mask(rows, STRADDLED),
    )


def placed_on(ledger: pd.DataFrame) -> pd.Series:
    """Return by key the day on which it came to its side."""
    day = ledger["first_seen"].where(ledger["moved"] < ledger["first_seen"], ledger["moved"])
    return pd.Series(day.to_numpy(), index=ledger["key"])
