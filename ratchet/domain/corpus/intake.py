"""Intake: what a corpus becomes when new rows come in."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import pandas as pd

from ratchet.domain.corpus import coverage, retiring
from ratchet.domain.corpus.cleaning import clean
from ratchet.domain.corpus.corpus import CorpusPolicy, as_list, keys, normalise, normalised, plain
from ratchet.domain.corpus.findings import ValidationReport
from ratchet.domain.corpus.ledger import Assigned, Side, SplitPolicy, form_of, split
from ratchet.domain.corpus.neighbours import ALONE, Texts, Work, near_pairs
from ratchet.domain.corpus.retiring import WORD_DIFFERENTLY, RetirePolicy
from ratchet.domain.corpus.validation import ValidationPolicy, validate
from ratchet.domain.record import Record


@dataclass(frozen=True)
class Merged:
    """A corpus with new rows in it.

    `frame` has the corpus columns and `place`; `fresh` marks its rows that the old corpus did not have in
    just this form; `known` counts incoming rows that it had already, `relabelled` those that changed a label.
    """

    frame: pd.DataFrame
    fresh: pd.Series
    known: int
    relabelled: int

    @property
    def changed(self) -> bool:
        """Whether the corpus is another than the old one."""
        return bool(self.fresh.any())

    def without(self, rows: pd.Series) -> Merged:
        """Return the same without the marked rows."""
        kept = ~rows
        frame, fresh = self.frame[kept].reset_index(drop=True), self.fresh[kept].reset_index(drop=True)
        return replace(self, frame=frame, fresh=fresh)


@dataclass(frozen=True)
class Taken:
    """The corpus to be, the report on it, and what was done to the incoming rows on the way.

    `left_out` counts the faulty rows that were left out on request.
    """

    merged: Merged
    report: ValidationReport
    repairs: dict[str, int]
    left_out: int

    @property
    def accepted(self) -> bool:
        """Whether the corpus may be stored."""
        return self.report.ok


def take(
    old: pd.DataFrame,
    incoming: pd.DataFrame,
    ledger: pd.DataFrame,
    policies: tuple[CorpusPolicy, SplitPolicy, ValidationPolicy],
    *,
    relabel: bool = False,
    drop_faulty: bool = False,
    work: Work = ALONE,
) -> Taken:
    """Clean the incoming rows, merge them with the old ones and validate the whole.

    `relabel` lets an incoming label overrule an old one; `drop_faulty` leaves rows with errors out instead of
    refusing all. Both frames have the corpus columns and `place`.
    """
    corpus_policy, split_policy, validation_policy = policies
    rows, repairs = clean(incoming, corpus_policy)
    merged = merge(old, rows, corpus_policy, relabel)
    gone = returned(merged, ledger, split_policy, work.silent())
    if gone.any():
        repairs["rows left out that were removed once, their like now on the other side"] = int(gone.sum())
        merged = merged.without(gone)
    form = form_of(ledger)
    report = validate(merged.frame, validation_policy, corpus_policy, merged.fresh, work, form)
    faulty = merged.fresh & merged.frame.index.isin(report.faulty)
    left_out = int(faulty.sum()) if drop_faulty else 0
    if left_out:
        merged = merged.without(faulty)
        report = validate(merged.frame, validation_policy, corpus_policy, merged.fresh, work, form)
    return Taken(merged, report, repairs, left_out)


def with_coverage(
    taken: Taken,
    old: tuple[pd.DataFrame, pd.DataFrame],
    assigned: Assigned,
    policies: tuple[SplitPolicy, ValidationPolicy, RetirePolicy],
    by_hand: bool = False,
    work: Work = ALONE,
) -> Taken:
    """Add to the report which intents have nothing to train on (an error where it is new) or nothing held out.

    `old` are the messages and the ledger before; `assigned` is the ledger to be. `by_hand` tells that what is taken in
    was edited in `data/`, from which nothing can be retired before that is settled.
    """
    split_policy, validation_policy, retire_policy = policies
    before, book = old
    frame, near = taken.merged.frame, split_policy.near_duplicate
    known: set[str] = set()
    found = coverage.cover(frame["intent"], pd.Series(assigned.of_rows, index=frame.index))
    if found.untrained and len(before):
        known = {one.intent for one in coverage.of_corpus(before, book, split_policy).untrained}
    new = [one for one in found.untrained if one.intent not in known]
    remedy = WORD_DIFFERENTLY
    if new and len(before) and not by_hand:
        texts = frame.loc[frame["intent"].isin([one.intent for one in new]), "text"]
        remedy = retiring.way_in(
            split(before, book, split_policy), normalised(texts, form_of(book)), retire_policy, near, work
        )
    elif new and len(book):
        remedy = retiring.way_out(split(frame, assigned.ledger, split_policy), new, retire_policy, near, work)
    allowed = validation_policy.personal_data_allowed
    report = coverage.with_coverage(taken.report, frame, found, allowed, remedy, known)
    return replace(taken, report=report)


@dataclass(frozen=True)
class Intake(Record):
    """What came of an ingest.

    `accepted` is false when validation refused the rows and nothing changed. `added`, `known`, `relabelled`,
    `removed` and `left_out` count rows; `beside` tells whether extras changed; `repairs` say what cleaning
    did; `sides` count the new texts by side; `revision` is the data revision afterwards, `page` the report on
    the rows.
    """

    accepted: bool
    files: tuple[str, ...]
    messages: int
    intents: int
    added: int
    known: int
    relabelled: int
    removed: int
    beside: bool
    left_out: int
    repairs: dict[str, int]
    sides: dict[str, int]
    revision: str
    report: ValidationReport
    page: str

    @property
    def changed(self) -> bool:
        """Whether the corpus is another than before."""
        return bool(self.added or self.relabelled or self.removed or self.beside)

    def headline(self) -> str:
        """Say what came in, as the subject of a commit."""
        if not self.changed:
            return "Data: nothing new"
        parts = [f"{self.added:,} messages in"] if self.added else []
        parts += [f"{self.relabelled:,} relabelled"] if self.relabelled else []
        parts += [f"{self.removed:,} removed"] if self.removed else []
        parts += ["extras"] if self.beside else []
        origin = f" from {', '.join(Path(file).name for file in self.files)}" if self.files else " by hand"
        return f"Data: {', '.join(parts)}{origin}"


def merge(old: pd.DataFrame, incoming: pd.DataFrame, policy: CorpusPolicy, relabel: bool) -> Merged:
    """Append the incoming rows that the corpus does not have.

    With `relabel`, an incoming row takes the place of the old rows with its text and context; without, both
    stand and validation names the conflict. Both frames have the corpus columns and `place`.
    """
    situation = ["text", *policy.context]
    new = incoming[~in_frame(incoming, old, [*situation, "intent"])]
    overruled = in_frame(old, new, situation) if relabel else np.zeros(len(old), dtype=bool)
    frame = pd.concat([old[~overruled], new], ignore_index=True)
    fresh = pd.Series(np.arange(len(frame)) >= len(frame) - len(new))
    return Merged(frame, fresh, len(incoming) - len(new), int(overruled.sum()))


def in_frame(rows: pd.DataFrame, other: pd.DataFrame, columns: list[str]) -> np.ndarray:
    """Tell for each row whether `other` has one with the same values; texts count without markup and case."""

    def values(frame: pd.DataFrame) -> Iterator[tuple[str, ...]]:
        texts = (plain(text).casefold() for text in as_list(frame["text"]))
        return zip(texts, *(as_list(frame[column]) for column in columns if column != "text"), strict=True)

    wanted = list(values(rows))
    present = set(wanted).intersection(values(other))
    return np.array([value in present for value in wanted], dtype=bool)


def returned(merged: Merged, ledger: pd.DataFrame, policy: SplitPolicy, work: Work = ALONE) -> pd.Series:
    """Mark the fresh rows that come back after a removal while a near-duplicate went to the other side.

    Their own side stands in the ledger for ever, so they can be neither trained on nor tested with.
    """
    marked = pd.Series(False, index=merged.frame.index)
    sides = dict(zip(as_list(ledger["key"]), as_list(ledger["side"]), strict=True))
    fresh, old = np.flatnonzero(merged.fresh), np.flatnonzero(~merged.fresh)
    texts, form = as_list(merged.frame["text"]), form_of(ledger)
    new = {row: normalise(texts[row], form) for row in fresh.tolist()}
    of_new = dict(zip(new, keys(new.values(), policy.salt), strict=True))
    again = [row for row, key in of_new.items() if key in sides]
    if not again:
        return marked
    before = {row: normalise(texts[row], form) for row in old.tolist()}
    present = set(before.values())
    again = [row for row in again if new[row] not in present]
    if not again:
        return marked
    of_old = dict(zip(before, keys(before.values(), policy.salt), strict=True))
    for mine, theirs in ((Side.TRAIN, Side.TEST), (Side.TEST, Side.TRAIN)):
        here = [row for row in again if sides[of_new[row]] == mine]
        there = [before[row] for row, key in of_old.items() if sides.get(key) == theirs]
        mine_texts = Texts([new[row] for row in here])
        for rows, _ in near_pairs(mine_texts, Texts(there), policy.near_duplicate, work):
            marked[[here[row] for row in rows]] = True
    return marked
