"""The merge of two corpora that continue a third: messages three ways, sides by the ledgers alone.

A message is a text (without entity markup, case folded) in a context. What only one clone did to it holds: an addition,
a removal, another label. Where both did different things to it, a person is asked. Renamed intents are recognised
before, so that rows which one clone added follow the other's rename. The result does not depend on who merges.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from ratchet.domain.corpus import joining, messages
from ratchet.domain.corpus.corpus import as_list, keys, normalised
from ratchet.domain.corpus.ledger import Side, SplitPolicy, distinct, empty, form_of, sides_of_keys
from ratchet.domain.corpus.messages import Resolved
from ratchet.domain.corpus.neighbours import ALONE, Work
from ratchet.domain.corpus.questions import NONE, Answers, Question
from ratchet.domain.corpus.renames import new_names, successions
from ratchet.domain.record import Record
from ratchet.domain.wording import count, listed


@dataclass(frozen=True)
class Version:
    """The corpus as one clone has it: messages (`text`, `intent`, context columns, `source`) and ledger."""

    frame: pd.DataFrame
    ledger: pd.DataFrame


@dataclass(frozen=True)
class Account(Record):
    """What a merge did, in counts of messages: what came from each clone, and what the ledgers' joining moved.

    `trained` keys went to training because the other clone had them there, `quarantined` left the holdout because a
    near-duplicate is in training now. `answered` questions were decided by a person, `skipped` messages of them are
    left out.
    """

    messages: int
    ours: int
    theirs: int
    removed: int
    relabelled: int
    renamed: dict[str, str]
    trained: int
    quarantined: int
    answered: int
    skipped: int

    def headline(self) -> str:
        """Say what was merged, as the subject of a commit."""
        parts = [f"{count(self.ours, 'message')} in from one clone, {self.theirs:,} from the other"]
        parts += [f"{self.removed:,} removed"] if self.removed else []
        parts += [f"{self.relabelled:,} relabelled"] if self.relabelled else []
        return f"Data: merged, {', '.join(parts)}"

    def lines(self) -> list[str]:
        """Say the rest, one line for each part that is not empty."""
        renamed = listed([f"{old} → {new}" for old, new in self.renamed.items()])
        return [
            *([f"Intents renamed: {renamed}."] if renamed else []),
            *(
                [f"{count(self.trained, 'text')} went to training: one clone had them there."]
                * bool(self.trained)
            ),
            *(
                [f"{count(self.quarantined, 'text')} left the holdout: near-duplicates are in training."]
                * bool(self.quarantined)
            ),
            *([f"{count(self.answered, 'question')} answered."] * bool(self.answered)),
            *([f"{count(self.skipped, 'message')} left out, as answered."] * bool(self.skipped)),
        ]


@dataclass(frozen=True)
class MergedCorpora:
    """The corpus to be, where there are no `questions`; with them, what there is to answer first.

    `skipped` are the rows that an answer leaves out although no ancestor had them.
    """

    frame: pd.DataFrame
    ledger: pd.DataFrame
    questions: tuple[Question, ...]
    account: Account
    skipped: pd.DataFrame = field(default_factory=pd.DataFrame)


def merge(
    base: Version | None,
    ours: Version,
    theirs: Version,
    policy: SplitPolicy,
    answers: Answers = NONE,
    work: Work = ALONE,
) -> MergedCorpora:
    """Merge two versions that continue `base`, None where they have nothing in common.

    Raises `RatchetError` where their ledgers have different normal forms, or an answer is not valid.
    """
    before = base or Version(ours.frame.head(0), empty())
    book = joining.join(before.ledger, ours.ledger, theirs.ledger)
    context = messages.contexts(before.frame, ours.frame, theirs.frame)
    first, mine, others = (messages.whole(one.frame, context) for one in (before, ours, theirs))
    form = form_of(book)
    found = messages.resolve(
        first, mine, others, context, renames((first, mine, others), policy, form), answers
    )
    frame = messages.ordered(found, first, book, policy.salt, form)
    texts = distinct(frame, policy, form)
    texts["side"] = sides_of_keys(texts, book)
    texts["day"] = texts["key"].map(joining.placed_on(book))
    loose = unsettled(texts, book, (ours.ledger, theirs.ledger), found, policy)
    straddling = joining.straddling(texts, loose, policy, work)
    joined = joining.quarantine(book, straddling)
    return MergedCorpora(
        frame, joined, found.questions, account(found, frame, joined, (ours, theirs)), found.skipped
    )


def renames(
    frames: tuple[pd.DataFrame, pd.DataFrame, pd.DataFrame], policy: SplitPolicy, form: int
) -> tuple[dict[str, str], dict[str, str]]:
    """Return the intents that each clone renamed since the base: rows that neither changed are not compared."""
    base, ours, theirs = frames
    if base.empty:
        return {}, {}
    found: list[dict[str, str]] = []
    for one in (ours, theirs):
        if not set(base["intent"]) - set(one["intent"]):  # each name is still there
            found.append({})
            continue
        old, new = (
            pd.DataFrame(
                {"key": keys(normalised(frame["text"], form), policy.salt), "intent": frame["intent"]}
            )
            for frame in (base, one)
        )
        names = new_names(successions(old, new))
        found.append({old: new for old, new in names.items() if old not in set(one["intent"])})
    return found[0], found[1]


def unsettled(
    texts: pd.DataFrame,
    book: pd.DataFrame,
    ledgers: tuple[pd.DataFrame, pd.DataFrame],
    found: Resolved,
    policy: SplitPolicy,
) -> NDArray[np.bool_]:
    """Mark the texts that at least one clone did not have, or had on another side; the smaller of the two sets.

    Each pair of texts that a clone had on these sides was compared there, so a pair that is new has a text that is new
    to the one and a text that is new to the other. A text in a further language is new.
    """
    marked, form = [], form_of(book)
    joined = pd.Series(joining.ranks(book["side"]), index=book["key"])
    for own, had in zip(ledgers, (found.ours, found.theirs), strict=True):
        before = pd.Series(joining.ranks(own["side"]), index=own["key"])
        moved = before[before.to_numpy() != joined.reindex(before.index).to_numpy()].index
        fresh = {text for text, _ in spoken(found.rows, policy, form) - spoken(had, policy, form)}
        new = [text in fresh for text in as_list(texts["text"])]
        marked.append(np.array(new, dtype=bool) | texts["key"].isin(moved).to_numpy())
    one, other = marked
    return one if one.sum() < other.sum() else other if other.sum() < one.sum() else one | other


def spoken(rows: pd.DataFrame, policy: SplitPolicy, form: int) -> set[tuple[str, str]]:
    """Return the texts of rows in normal form, each with its language, "" where the corpus declares none."""
    field = policy.language
    languages = as_list(rows[field]) if field is not None and field in rows else [""] * len(rows)
    return set(zip(normalised(rows["text"], form), languages, strict=True))


def account(
    found: Resolved, frame: pd.DataFrame, joined: pd.DataFrame, sides: tuple[Version, Version]
) -> Account:
    """Count what came of a merge."""
    moved: dict[str, set[str]] = {Side.TRAIN: set(), Side.QUARANTINE: set()}
    now = joined.set_index("key")["side"]
    for version in sides:
        was = version.ledger.set_index("key")["side"]
        changed = now.reindex(was.index)
        for side, some in moved.items():
            some |= set(was.index[(was != changed).to_numpy() & (changed == side).to_numpy()])
    counts: Mapping[str, int] = found.counts
    return Account(
        messages=len(frame),
        ours=counts["ours"],
        theirs=counts["theirs"],
        removed=counts["removed"],
        relabelled=counts["relabelled"],
        renamed=found.renamed,
        trained=len(moved[Side.TRAIN]),
        quarantined=len(moved[Side.QUARANTINE]),
        answered=counts["answered"],
        skipped=len(found.skipped),
    )
