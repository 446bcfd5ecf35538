"""Retirement: messages go from the holdout to training, one way, and what the ledger says of it.

A message takes its near-duplicates in the holdout along, whatever their intent, and those take theirs, until no pair
lies on both sides. The opposite move never exists: what was trained on can never be tested with again.
"""

from __future__ import annotations

import shlex
from collections.abc import Collection, Sequence
from dataclasses import dataclass, field

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from pydantic import Field

from domain.corpus import normalised
from domain.coverage import Uncovered
from domain.errors import RatchetError
from domain.findings import listed
from domain.ledger import Side, Split, complete
from domain.neighbours import Texts, near_pairs
from domain.policy import Policy
from domain.record import Record
from domain.wear import holdout_version
from domain.wording import count, percent

KEY = "gate.retire.{}"
WORD_DIFFERENTLY = "Ingest messages of it that are worded differently."


class RetirePolicy(Policy):
    """The part `gate.retire` of params.yaml; see the comments there."""

    max_percent: float = Field(50.0, gt=0, le=100)
    min_holdout_rows: int = Field(300, ge=1)


@dataclass(frozen=True)
class Retirement(Record):
    """What a retirement would move: counts of messages (rows of the corpus).

    `asked` were chosen, `along` are their near-duplicates; `holdout` is the holdout's size before, `intents` counts the
    moving messages of each intent, `unjudged` are the intents that keep none in the holdout. `digest` names exactly
    these messages, so that what was shown is what is done. `keys` are those of the ledger.
    """

    asked: int
    along: int
    holdout: int
    intents: dict[str, int]
    unjudged: tuple[str, ...]
    digest: str
    keys: frozenset[str] = field(default=frozenset(), repr=False)

    @property
    def rows(self) -> int:
        """All messages that move."""
        return self.asked + self.along

    @property
    def remaining(self) -> int:
        """The holdout's size afterwards."""
        return self.holdout - self.rows

    @property
    def sentence(self) -> str:
        """Say what moves."""
        along = f", {self.along:,} of them along with near-duplicates" if self.along else ""
        named = listed([f"{intent} ({number:,})" for intent, number in self.intents.items()], 12)
        return (
            f"{count(self.rows, 'message')} from the holdout to training{along}: {named}."
            f" {self.remaining:,} of {self.holdout:,} stay in the holdout."
        )


def plan(split: Split, chosen: NDArray[np.bool_], near_duplicate: float) -> Retirement:
    """Return what goes when the marked rows of the holdout are retired.

    `near_duplicate` is the ratio in percent from which two texts are near-duplicates.
    """
    holdout = split.holdout
    keys = holdout["key"].to_numpy()
    going = np.isin(keys, keys[chosen])  # a text may stand in several contexts
    asked = int(going.sum())
    first = holdout.assign(form=normalised(holdout["text"], split.form)).drop_duplicates("key")
    gone = set(
        closure(first["form"].tolist(), np.flatnonzero(first["key"].isin(keys[chosen])), near_duplicate)
    )
    moved = frozenset(first["key"].to_numpy()[sorted(gone)].tolist())
    rows = holdout[holdout["key"].isin(moved)]
    stay = set(holdout.loc[~holdout["key"].isin(moved), "intent"])
    sizes = rows["intent"].value_counts()
    return Retirement(
        asked=asked,
        along=len(rows) - asked,
        holdout=len(holdout),
        intents={str(intent): int(number) for intent, number in sizes.items()},
        unjudged=tuple(sorted(set(rows["intent"]) - stay)),
        digest=holdout_version(moved),
        keys=moved,
    )


def closure(forms: Sequence[str], start: NDArray[np.int64], cutoff: float) -> list[int]:
    """Return the places of the texts that are reached from some by near-duplicates of near-duplicates."""
    texts, reached = np.array(forms, dtype=object), np.zeros(len(forms), dtype=bool)
    newest = start
    while len(newest):
        reached[newest] = True
        rest = np.flatnonzero(~reached)
        one, other = Texts(texts[newest].tolist()), Texts(texts[rest].tolist())
        found = [there for _, there in near_pairs(one, other, cutoff)]
        newest = rest[np.unique(np.concatenate(found))] if found else rest[:0]
    return np.flatnonzero(reached).tolist()


def refusal(planned: Retirement, policy: RetirePolicy, intents: Collection[str] = ()) -> RatchetError | None:
    """Return why a retirement may not be done, with what can be done instead; None where it may.

    `intents` are those that were named: with several, fewer can be named.
    """
    share = planned.rows / planned.holdout
    changes = []
    fact = (
        f"{planned.rows:,} of {count(planned.holdout, 'holdout message')} ({percent(share)}) would go, and"
        f" {planned.remaining:,} remain: "
    )
    limits = []
    if planned.remaining < policy.min_holdout_rows:
        limits.append(f"fewer than {policy.min_holdout_rows:,} ({KEY.format('min_holdout_rows')})")
        changes.append(f"{KEY.format('min_holdout_rows')} to {planned.remaining}")
    if share > policy.max_percent / 100:
        limits.append(f"more than {policy.max_percent:g} % at once ({KEY.format('max_percent')})")
        changes.append(f"{KEY.format('max_percent')} to {int(100 * share) + 1}")
    if not limits:
        return None
    ways = ["Ingest more messages first: a quarter of those that resemble no other goes to the holdout"]
    ways += ["name fewer intents"] if len(intents) > 1 else []
    ways += [f"set {' and '.join(changes)} in params.yaml"] if planned.remaining else []
    return RatchetError(f"{fact}{' and '.join(limits)}.", f"{', or '.join(ways)}.")


def way_out(
    split: Split, untrained: Collection[Uncovered], policy: RetirePolicy, near_duplicate: float
) -> str:
    """Return what gives untrained intents something to train on: a retirement where it may be done, else messages."""
    held_out = [one.intent for one in untrained if one.held_out]
    rest = [one.intent for one in untrained if not one.held_out]
    ways = []
    if held_out and may_retire(split, held_out, policy, near_duplicate):
        ways.append(f"Move them to training: `{command(held_out)}`.")
    else:
        rest = held_out + rest
    if rest:
        ways.append(f"Ingest messages of {listed(rest)} that are worded differently.")
    return " ".join(ways)


def way_in(split: Split, forms: Sequence[str], policy: RetirePolicy, near_duplicate: float) -> str:
    """Return what makes room for new texts, given in normal form, that lie too near the holdout to be trained on.

    `split` is that of the corpus without them.
    """
    holdout = split.holdout
    found = near_pairs(Texts(normalised(holdout["text"], split.form)), Texts(list(forms)), near_duplicate)
    near = sorted({str(holdout["intent"].iloc[place]) for here, _ in found for place in here.tolist()})
    if not near or not may_retire(split, near, policy, near_duplicate):
        return WORD_DIFFERENTLY
    return (
        f"Its messages lie near the holdout of {listed(near)}. {WORD_DIFFERENTLY} Or move those of {listed(near)} to"
        f" training with `{command(near)}`, and ingest again."
    )


def may_retire(split: Split, intents: Collection[str], policy: RetirePolicy, near_duplicate: float) -> bool:
    """Tell whether the holdout messages of intents could be retired now."""
    chosen = split.holdout["intent"].isin(list(intents)).to_numpy()
    return refusal(plan(split, chosen, near_duplicate), policy) is None


def command(intents: Collection[str]) -> str:
    """Return the command that retires intents."""
    return f"ratchet data retire {shlex.join(intents)}"


def retire(ledger: pd.DataFrame, keys: Collection[str], day: str, reason: str) -> pd.DataFrame:
    """Return the ledger with these keys on the training side, and when and why they went there.

    Raises `RatchetError` when one of them is not in the holdout: there is no other move.
    """
    book = complete(ledger)
    rows = book["key"].isin(set(keys))
    if int(rows.sum()) != len(set(keys)) or (book.loc[rows, "side"] != Side.TEST).any():
        raise RatchetError(
            "Only messages of the holdout can be retired.",
            "Run `ratchet data retire` again: the ledger changed.",
        )
    return book.assign(
        side=book["side"].mask(rows, str(Side.TRAIN)),
        moved=book["moved"].mask(rows, day),
        reason=book["reason"].mask(rows, reason),
    )


@dataclass(frozen=True)
class Retired(Record):
    """A message that was retired from the holdout: when (ISO date) and why."""

    text: str
    intent: str
    moved: str
    reason: str


def retired_since(
    train: pd.DataFrame, ledger: pd.DataFrame, previous: pd.DataFrame | None, day: str
) -> pd.DataFrame:
    """Return the training rows that were retired since the champion's ledger, with `moved` and `reason`.

    Without that ledger (`previous` is None) those that were retired on `day` or later count.
    """
    book = complete(ledger)
    book = book[(book["moved"] != "") & (book["side"] == Side.TRAIN)]
    if previous is None:
        book = book[book["moved"] >= day]
    else:
        before = dict(zip(previous["key"], previous["side"], strict=True))
        book = book[[before.get(key) != Side.TRAIN for key in book["key"]]]
    return train.merge(book[["key", "moved", "reason"]], on="key")


def listed_rows(rows: pd.DataFrame) -> tuple[Retired, ...]:
    """Return retired rows as values, each text once."""
    if rows.empty:
        return ()
    texts = rows.drop_duplicates(["key", "intent"])
    return tuple(
        Retired(text, intent, moved, reason)
        for text, intent, moved, reason in zip(
            texts["text"], texts["intent"], texts["moved"], texts["reason"], strict=True
        )
    )
