"""The ledger: which side each message was given when it was first seen, for all cycles to come.

A ledger frame has the columns `key` (see `corpus.key`), `side`, `first_seen`, `moved`, `reason` and `form`.
Rows are only ever appended, and a side changes only by a recorded move away from the holdout
(`retirement`): `moved` is its day and `reason` why, both "" for the rows that never moved. `form` is the version
of the normal form that the keys are made of, the same in all rows; frames without the last three columns are read
as ledgers from before there were any. Messages are compared by their normal form, so a new label, context or source
keeps the side.
"""

from __future__ import annotations

import hashlib
import hmac
import re
from dataclasses import dataclass, field

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from ratchet.domain.corpus.corpus import NEWEST_FORM, as_list, keys, normalised
from ratchet.domain.corpus.languages import of_groups, with_languages
from ratchet.domain.corpus.neighbours import ALONE, Work
from ratchet.domain.corpus.placing import BITS, SIDES, Book, Side, SplitPolicy
from ratchet.domain.corpus.unchecked import Unchecked
from ratchet.domain.errors import RatchetError

__all__ = ["BITS", "SIDES", "Book", "Side", "Split", "SplitPolicy", "assign", "distinct", "empty", "split"]

COLUMNS = ["key", "side", "first_seen"]
MOVES = ["moved", "reason"]
FORM = "form"
BATCH = 10_000


@dataclass(frozen=True)
class Split:
    """The corpus by side; each frame has the corpus columns and `key`.

    The holdout has also `first_seen` and `entry`, the row's place in the ledger (from 0). `form` is the ledger's normal
    form. `retired` holds the rows of `train` that were retired from the holdout and that no champion was judged without
    yet, with `moved` and `reason` (`retirement.retired_since`). `unchecked` are the checks of the split that
    could not run. `language` is the context field that holds a message's language, None where there is none.
    """

    train: pd.DataFrame
    holdout: pd.DataFrame
    quarantine: pd.DataFrame
    unchecked: tuple[Unchecked, ...] = ()
    retired: pd.DataFrame = field(default_factory=pd.DataFrame)
    form: int = NEWEST_FORM
    language: str | None = None


def empty() -> pd.DataFrame:
    """Return a ledger without rows, in the newest form."""
    columns = {column: pd.Series(dtype="str") for column in (*COLUMNS, *MOVES)}
    return pd.DataFrame({**columns, FORM: pd.Series(dtype="int64")})


def complete(ledger: pd.DataFrame) -> pd.DataFrame:
    """Return a ledger with all its columns; a missing one gets the value that held before the column existed."""
    columns = [*COLUMNS, *MOVES, FORM]
    if list(ledger.columns) == columns:
        return ledger
    before: dict[str, str | int] = {**dict.fromkeys(MOVES, ""), FORM: 1}
    missing = {column: value for column, value in before.items() if column not in ledger}
    return ledger.assign(**missing)[columns].astype(dict.fromkeys(MOVES, "str"))


def form_of(ledger: pd.DataFrame) -> int:
    """Return the version of the normal form that a ledger's keys are made of; a ledger without rows has the newest."""
    if ledger.empty:
        return NEWEST_FORM
    return int(ledger[FORM].iloc[0]) if FORM in ledger else 1


def seal(content: bytes, policy: SplitPolicy, form: int = NEWEST_FORM) -> str:
    """Return the seal of a ledger file: its keyed hash, which an edit by hand does not carry.

    From version 2 of the normal form on, the version is part of the seal and of what is hashed.
    """
    named = b"" if form == 1 else f"\nnormal-form={form}".encode()
    digest = hmac.digest(policy.salt.encode(), content + named, hashlib.sha256).hex()
    return digest if form == 1 else f"{digest} normal-form={form}"


def form_of_seal(text: str) -> int | None:
    """Return the version of the normal form that a seal names, None where it is no seal."""
    match text.split():
        case [_]:
            return 1
        case [_, named] if re.fullmatch(r"normal-form=[0-9]{1,4}", named):
            return int(named.removeprefix("normal-form="))
    return None


@dataclass(frozen=True)
class Assigned:
    """A ledger in which every text of a corpus has a side, and the side of each row of that corpus."""

    ledger: pd.DataFrame
    of_rows: NDArray[np.object_]


def assign(
    corpus: pd.DataFrame,
    ledger: pd.DataFrame,
    policy: SplitPolicy,
    first_seen: str,
    work: Work = ALONE,
) -> pd.DataFrame:
    """Return the ledger with a row appended for each text of the corpus that it does not know; see `give_sides`."""
    return give_sides(corpus, ledger, policy, first_seen, work).ledger


def give_sides(
    corpus: pd.DataFrame,
    ledger: pd.DataFrame,
    policy: SplitPolicy,
    first_seen: str,
    work: Work = ALONE,
) -> Assigned:
    """Give each text of the corpus that the ledger does not know its side.

    The new texts are taken in the order of their keys, which depends on nothing but the texts and the salt.
    Neighbours all on one side: that side. Neighbours on both: quarantine. None: train while an intent of the text has
    no training text, then test while the intent's share there is below `policy.test_share`, else train. Rows
    already placed never move.
    """
    form = form_of(ledger)
    texts, numbers = numbered(corpus, policy, form)
    sides = np.array(sides_of_keys(texts, ledger), dtype=object)
    unknown = np.array([side is None for side in sides], dtype=bool)
    new = texts[unknown].sort_values("key")
    if new.empty:
        return Assigned(ledger, sides[numbers])
    book = Book(policy, work.silent())
    book.remember(texts[~unknown], [SIDES[side] for side in sides[~unknown]])
    placed: list[Side] = []
    for start in range(0, len(new), BATCH):
        placed += book.place(new[start : start + BATCH])
        if work.progress:
            work.progress(len(placed), len(new))
    sides[new.index] = [str(side) for side in placed]
    rows = pd.DataFrame({"key": new["key"], "side": placed, "first_seen": first_seen}, dtype="str")
    rows = complete(rows.assign(**{FORM: form}))
    return Assigned(pd.concat([complete(ledger), rows], ignore_index=True), sides[numbers])


def distinct(corpus: pd.DataFrame, policy: SplitPolicy, form: int) -> pd.DataFrame:
    """Return the distinct texts: `text` in normal form, its `key`, its `intent`, its first `row`, its `languages`.

    A text that is under several intents (in several contexts) counts for the first in alphabetical order; the
    others are in `also`. There are `languages` only where the corpus declares one.
    """
    return numbered(corpus, policy, form)[0]


def numbered(corpus: pd.DataFrame, policy: SplitPolicy, form: int) -> tuple[pd.DataFrame, NDArray[np.int64]]:
    """Return the distinct texts (see `distinct`), and for each row of the corpus which of them it is."""
    rows: dict[str, int] = {}
    intents: dict[str, str] = {}
    several: dict[str, set[str]] = {}
    firsts: list[int] = []
    pairs = zip(normalised(corpus["text"], form), as_list(corpus["intent"]), strict=True)
    for row, (text, intent) in enumerate(pairs):
        first = rows.setdefault(text, row)
        firsts.append(first)
        if first == row:
            intents[text] = intent
        elif intent != intents[text]:
            several.setdefault(text, {intents[text]}).add(intent)
            intents[text] = min(intent, intents[text])
    texts = pd.DataFrame(
        {
            "text": list(rows),
            "intent": list(intents.values()),
            "also": [
                tuple(sorted(several[text] - {one})) if text in several else ()
                for text, one in intents.items()
            ],
            "row": list(rows.values()),
            "key": keys(rows, policy.salt),
        }
    )
    numbers = np.searchsorted(texts["row"].to_numpy(dtype=np.int64), np.array(firsts, dtype=np.int64))
    return with_languages(texts, of_groups(corpus, numbers.tolist(), policy.language)), numbers


def sides_of_keys(texts: pd.DataFrame, ledger: pd.DataFrame) -> list[str | None]:
    """Return the side of each text's `key`, None for one that the ledger does not have."""
    known = dict(zip(as_list(ledger["key"]), as_list(ledger["side"]), strict=True))
    return [known.get(key) for key in as_list(texts["key"])]


def split(corpus: pd.DataFrame, ledger: pd.DataFrame, policy: SplitPolicy) -> Split:
    """Return the corpus by side; raises `RatchetError` when a message has none."""
    form = form_of(ledger)
    frame = corpus.assign(key=keys(normalised(corpus["text"], form), policy.salt))
    book = ledger.assign(entry=range(len(ledger))).set_index("key")
    sides = frame["key"].map(book["side"])
    if sides.isna().any():
        raise RatchetError(
            f"{sides.isna().sum()} of {len(frame)} messages have no side in the ledger.",
            "Run `ratchet ingest` to take them in.",
        )
    train, holdout, quarantine = (frame[sides == side].reset_index(drop=True) for side in Side)
    dates = {column: holdout["key"].map(book[column]) for column in ("first_seen", "entry")}
    return Split(train, holdout.assign(**dates), quarantine, form=form, language=policy.language)


def with_sides(frame: pd.DataFrame, ledger: pd.DataFrame, policy: SplitPolicy) -> pd.DataFrame:
    """Add each message's normal form and side, "" where the ledger has none."""
    forms = normalised(frame["text"], form_of(ledger))
    sides = ledger.drop_duplicates("key").set_index("key")["side"]
    found = pd.Series(keys(forms, policy.salt), index=frame.index).map(sides).fillna("")
    return frame.assign(form=forms, side=found)


def sides_of(ledger: pd.DataFrame, split: Split) -> pd.DataFrame:
    """Return `key`, `side` and `languages` of the texts that a corpus holds, in the ledger's order.

    The languages are one text, in alphabetical order with commas between; "" where they are not known or declared.
    """
    present = pd.concat([split.train, split.holdout, split.quarantine], ignore_index=True)
    used = ledger.loc[ledger["key"].isin(present["key"]), ["key", "side"]].reset_index(drop=True)
    return used.assign(languages=used["key"].map(spoken(present, split.language)).fillna("").astype("str"))


def spoken(rows: pd.DataFrame, field: str | None) -> dict[str, str]:
    """Return by `key` the languages of rows as one text; nothing where the corpus declares none."""
    numbers, names = pd.factorize(rows["key"])
    languages = of_groups(rows, numbers.tolist(), field) or []
    return {str(name): ",".join(sorted(one)) for name, one in zip(names, languages, strict=False)}
