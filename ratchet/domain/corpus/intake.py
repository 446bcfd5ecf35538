"""Intake: what a corpus becomes when new rows come in."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path

import pandas as pd

from ratchet.domain.corpus import arrival, coverage, forgotten_words, retiring
from ratchet.domain.corpus.cleaning import clean
from ratchet.domain.corpus.corpus import CorpusPolicy, as_list, normalised
from ratchet.domain.corpus.findings import Finding, ValidationReport, masked, shown
from ratchet.domain.corpus.forgotten_words import Words
from ratchet.domain.corpus.languages import of_rows
from ratchet.domain.corpus.ledger import Assigned, SplitPolicy, form_of, split
from ratchet.domain.corpus.merging import Merged, in_frame, merge
from ratchet.domain.corpus.neighbours import ALONE, Texts, Work
from ratchet.domain.corpus.renames import Succession
from ratchet.domain.corpus.retiring import WORD_DIFFERENTLY, RetirePolicy
from ratchet.domain.corpus.returning import returned
from ratchet.domain.corpus.validation import OF_INTENTS, ValidationPolicy, validate
from ratchet.domain.record import Record
from ratchet.domain.wording import count

NAMED = 2
"""Groups of intents with new names that a headline names; the report has them all."""

__all__ = ["Intake", "Merged", "Taken", "in_frame", "merge", "returned", "take", "with_coverage"]


@dataclass(frozen=True)
class Taken:
    """The corpus to be, and the report on it, with an account of what was done to the incoming rows on the way.

    `left_out` counts the faulty rows that were left out on request; `refused` are the rows that did not reach the
    corpus, with their `reason`.
    """

    merged: Merged
    report: ValidationReport
    left_out: int
    refused: pd.DataFrame = field(default_factory=pd.DataFrame)

    @property
    def accepted(self) -> bool:
        """Whether the corpus may be stored."""
        return self.report.ok

    @property
    def repairs(self) -> dict[str, int]:
        """How many rows each entry of the account is about, by its rule."""
        found: dict[str, int] = {}
        for one in self.report.account:
            found[one.rule] = found.get(one.rule, 0) + one.count
        return found


@dataclass(frozen=True)
class Read:
    """What a reader said of the incoming rows: its account, and the errors of rows that are not among them.

    `arrives` is false for rows that are a corpus's own already, of which less is asked. `forgotten` stays out.
    """

    account: Sequence[Finding] = ()
    faults: Sequence[Finding] = ()
    arrives: bool = True
    forgotten: Words = forgotten_words.NONE


def take(
    old: pd.DataFrame,
    incoming: pd.DataFrame,
    ledger: pd.DataFrame,
    policies: tuple[CorpusPolicy, SplitPolicy, ValidationPolicy],
    *,
    relabel: bool = False,
    drop_faulty: bool = False,
    unescape: bool = False,
    read: Read = Read(),
    work: Work = ALONE,
) -> Taken:
    """Clean the incoming rows, merge them with the old ones and validate the whole.

    `relabel` lets an incoming label overrule an old one; `drop_faulty` leaves rows with errors out instead of
    refusing all; `unescape` undoes HTML. Both frames have the corpus columns and `place`.
    """
    corpus_policy, _, validation_policy = policies
    arrived, merged, account = arrive(
        old, incoming, ledger, policies, (relabel, unescape), read, work.silent()
    )
    check = partial(
        validate, policy=validation_policy, corpus_policy=corpus_policy, work=work, form=form_of(ledger)
    )
    report, errors = check(merged.frame, fresh=merged.fresh), (*read.faults, *arrived.errors)
    left_out = unread = sum(one.count for one in read.faults) + len(arrived.refused)
    if drop_faulty:
        merged, report, dropped = without_faulty(merged, report, check)
        left_out += int(dropped[0])
        account = (*account, *(replace(one, rule=f"left out: {one.rule}") for one in (*errors, *dropped[1])))
        errors, unread = (), 0
    allowed = validation_policy.personal_data_allowed
    report = replace(
        report,
        errors=(*(masked(one, allowed) for one in errors), *report.errors),
        warnings=(*(masked(one, allowed) for one in arrived.warnings), *report.warnings),
        account=tuple(masked(one, allowed) for one in account),
        unread=unread,
    )
    return Taken(merged, report, left_out if drop_faulty else 0, arrived.refused)


def arrive(
    old: pd.DataFrame,
    incoming: pd.DataFrame,
    ledger: pd.DataFrame,
    policies: tuple[CorpusPolicy, SplitPolicy, ValidationPolicy],
    options: tuple[bool, bool],
    read: Read,
    work: Work,
) -> tuple[arrival.Arrived, Merged, tuple[Finding, ...]]:
    """Clean and examine the incoming rows and put them beside the old ones; returns also the account of it.

    `options` are `relabel` and `unescape`; see `take`.
    """
    corpus_policy, split_policy, validation_policy = policies
    relabel, unescape = options
    rows, account = clean(incoming, corpus_policy, unescape)
    known = read.forgotten.among(rows, split_policy.salt)
    if known.any():
        rows, account = rows[~known], (*account, forgotten_words.finding(rows[known]))
    arrived = arrival.Arrived(rows)
    if read.arrives:
        arrived = arrival.examine(rows, set(old["intent"]), validation_policy.personal_data_allowed)
    merged = merge(old, arrived.frame, corpus_policy, relabel)
    account = (*read.account, *account, *arrived.account, *merged.account)
    gone = returned(merged, old, ledger, split_policy, work)
    if gone.any():
        account = (*account, gone_finding(merged.frame[gone]))
        merged = merged.without(gone)
    return arrived, merged, account


def without_faulty(
    merged: Merged, report: ValidationReport, check: Callable[..., ValidationReport]
) -> tuple[Merged, ValidationReport, tuple[int, tuple[Finding, ...]]]:
    """Leave fresh rows with errors out; returns what is left, its report, how many went, and their errors."""
    faulty = merged.fresh & merged.frame.index.isin(report.faulty)
    if not faulty.any():
        return merged, report, (0, ())
    errors = tuple(one for one in report.errors if one.rule not in OF_INTENTS)
    merged = merged.without(faulty)
    return merged, check(merged.frame, fresh=merged.fresh), (int(faulty.sum()), errors)


def gone_finding(rows: pd.DataFrame) -> Finding:
    """Say which rows have an earlier side (a removal, another language) while a near-duplicate has the other one."""
    said = f"{count(len(rows), 'row')} left out: removed once or in another language, their like now on the other side."
    return shown("left out", rows, as_list(rows["text"]), said)


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
        some = frame[frame["intent"].isin([one.intent for one in new])]
        texts = Texts(normalised(some["text"], form_of(book)), of_rows(some, split_policy.language))
        remedy = retiring.way_in(split(before, book, split_policy), texts, retire_policy, near, work)
    elif new and len(book):
        remedy = retiring.way_out(split(frame, assigned.ledger, split_policy), new, retire_policy, near, work)
    allowed = validation_policy.personal_data_allowed
    report = coverage.with_coverage(taken.report, frame, found, allowed, remedy, known)
    return replace(taken, report=report)


@dataclass(frozen=True)
class Intake(Record):
    """What came of an ingest.

    `accepted` is false when validation refused the rows and nothing changed. `added`, `known`, `relabelled`,
    `removed` and `left_out` count rows, each in one place; `beside` tells whether extras changed; `repairs` say what
    cleaning did; `sides` count the new texts by side; `revision` is the data revision afterwards, `page` the report on
    the rows. `successions` are the intents that were renamed, split or merged, `moved` the relabelled rows that they
    explain.
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
    successions: tuple[Succession, ...] = ()
    moved: int = 0

    @property
    def changed(self) -> bool:
        """Whether the corpus is another than before."""
        return bool(self.added or self.relabelled or self.removed or self.beside)

    def headline(self) -> str:
        """Say what came in, as the subject of a commit."""
        if not self.changed:
            return "Data: nothing new"
        parts = [f"{one.kind} {one}" for one in self.successions[:NAMED]] if self.moved else []
        if self.moved and (others := len(self.successions) - NAMED) > 0:
            parts.append(f"{count(others, 'other group')} of intents in new names")
        parts += [f"{count(self.added, 'message')} in"] if self.added else []
        corrected = self.relabelled - self.moved
        parts += [f"{corrected:,} relabelled"] if corrected else []
        parts += [f"{self.removed:,} removed"] if self.removed else []
        parts += ["extras"] if self.beside else []
        origin = f" from {', '.join(Path(file).name for file in self.files)}" if self.files else " by hand"
        return f"Data: {', '.join(parts)}{origin}"

    def message(self) -> str:
        """Say the same as a commit does: the headline, and below it what was left out, guessed, repaired or joined."""
        lines = [f"- {one.sentence}" for one in self.report.account]
        return "\n".join([self.headline(), "", *lines]) if lines else self.headline()
