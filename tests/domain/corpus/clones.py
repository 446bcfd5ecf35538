"""A corpus as several people change it, each in a clone of their own, without Git and DVC."""

from __future__ import annotations

from dataclasses import dataclass, field
from itertools import combinations

import numpy as np
import pandas as pd
from rapidfuzz import fuzz

from ratchet.domain.corpus import intake, ledger, retirement
from ratchet.domain.corpus.corpus import CorpusPolicy, normalise
from ratchet.domain.corpus.ledger import SplitPolicy, split
from ratchet.domain.corpus.merge import Version
from ratchet.domain.corpus.messages import identities

POLICY = SplitPolicy(salt="test")
CORPUS = CorpusPolicy(context={"role": None})
INTENTS = ("card", "transfer", "greet")
CHAINS = [
    f"{start}{'xyxyxyxy'[:more]}"
    for start in ("how do i replace a card", "what time is it now", "[berlin](city) is far away")
    for more in range(7)
]
"""Texts of which each is a near-duplicate of the next ones, but not of the distant ones."""
ROLES = ("", "manager")


def frame(rows: list[tuple[str, str, str]]) -> pd.DataFrame:
    """A corpus of texts, intents and roles."""
    columns = ["text", "intent", "role"]
    return pd.DataFrame(rows, columns=columns).assign(source="x")[CORPUS.columns].astype("str")


def nothing() -> Version:
    """A corpus without messages."""
    return Version(frame([]), ledger.empty())


def add(before: Version, rows: list[tuple[str, str, str]], day: str = "2026-01-01") -> Version:
    """Take rows in as `ratchet ingest --relabel` does."""
    old = before.frame.assign(place="")
    merged = intake.merge(
        old, frame(rows).drop_duplicates(["text", "role"]).assign(place=""), CORPUS, relabel=True
    )
    merged = merged.without(intake.returned(merged, old, before.ledger, POLICY))
    kept = merged.frame.drop(columns="place").reset_index(drop=True)
    return Version(kept, ledger.assign(kept, before.ledger, POLICY, day))


def remove(before: Version, number: int) -> Version:
    """Take a row out."""
    if before.frame.empty:
        return before
    kept = before.frame.drop(index=number % len(before.frame)).reset_index(drop=True)
    return Version(kept, before.ledger)


def relabel(before: Version, number: int, intent: str) -> Version:
    """Give a message another intent."""
    if before.frame.empty:
        return before
    row = before.frame.iloc[number % len(before.frame)]
    return add(before, [(row["text"], intent, row["role"])])


def rename(before: Version, old: str, new: str) -> Version:
    """Give an intent another name."""
    return Version(before.frame.assign(intent=before.frame["intent"].replace(old, new)), before.ledger)


def retire(before: Version, number: int, day: str = "2026-02-01") -> Version:
    """Retire a holdout row, with its near-duplicates."""
    parts = split(before.frame, before.ledger, POLICY)
    if not len(parts.holdout):
        return before
    chosen = np.zeros(len(parts.holdout), dtype=bool)
    chosen[number % len(chosen)] = True
    going = retirement.plan(parts, chosen, POLICY.near_duplicate).keys
    return Version(before.frame, retirement.retire(before.ledger, going, day, "by hand"))


def sides(book: pd.DataFrame) -> dict[str, str]:
    """A ledger as a mapping."""
    return dict(zip(book["key"], book["side"], strict=True))


def labels(version: Version) -> dict[tuple[str, ...], set[str]]:
    """The intents of each message."""
    found: dict[tuple[str, ...], set[str]] = {}
    for message, intent in zip(identities(version.frame, ["role"]), version.frame["intent"], strict=True):
        found.setdefault(message, set()).add(intent)
    return found


def straddling(version: Version) -> list[tuple[str, str]]:
    """The near-duplicate pairs across the sides, found by comparing all with all."""
    parts = split(version.frame, version.ledger, POLICY)
    return [
        (one, other)
        for one in sorted({normalise(text) for text in parts.train["text"]})
        for other in sorted({normalise(text) for text in parts.holdout["text"]})
        if fuzz.ratio(one, other) >= POLICY.near_duplicate
    ]


@dataclass
class Graph:
    """Commits, each with its parents; their numbers are given in the order in which they are made."""

    versions: list[Version] = field(default_factory=list)
    parents: list[tuple[int, ...]] = field(default_factory=list)

    def commit(self, version: Version, *parents: int) -> int:
        """Record a version; returns its number."""
        self.versions.append(version)
        self.parents.append(parents)
        return len(self.versions) - 1

    def ancestors(self, number: int) -> set[int]:
        """A commit and all that it continues."""
        found, left = set[int](), [number]
        while left:
            if (one := left.pop()) not in found:
                found.add(one)
                left += self.parents[one]
        return found

    def base(self, one: int, other: int) -> int | None:
        """A common ancestor that no other common ancestor continues; of several the latest."""
        return max(self.ancestors(one) & self.ancestors(other), default=None)


def pairs(count: int) -> list[tuple[int, int]]:
    """All pairs of clones."""
    return list(combinations(range(count), 2))
