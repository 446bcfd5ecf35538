"""Renamed, split and merged intents, recognised from two revisions of a corpus by the ledger's keys.

A key is made of a message's words and never of its label, so a message that keeps its key and changes its intent was
relabelled. Where an intent came or went with such messages, it was given a new name, divided, or joined to another.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal

import pandas as pd

from ratchet.domain.corpus.corpus import as_list, keys, normalised
from ratchet.domain.corpus.placing import SplitPolicy
from ratchet.domain.record import Record
from ratchet.domain.wording import listed

Kind = Literal["renamed", "split", "merged", "regrouped"]

FROM_SHARE = 0.2
"""Share of an intent's messages from which on an intent that took them succeeds it. Below it they are corrections."""
OF_SHARE = 0.5
"""Share of a new intent's messages from which on the intent that gave them is the one that it came from."""


@dataclass(frozen=True)
class Move(Record):
    """Messages that had the intent `before` and have `after` since: `messages` of the `of` that `before` had.

    `before` and `after` are equal where an intent that was split or joined kept messages. Messages are counted by
    key: one text counts once, in however many contexts it is.
    """

    before: str
    after: str
    messages: int
    of: int


@dataclass(frozen=True)
class Succession(Record):
    """Intents of the earlier revision and those that they became; `moves` are in the order of the names.

    `renamed`: one became one; `split`: one became several; `merged`: several became one; `regrouped`: several
    became several. An intent that still exists is on both sides.
    """

    kind: Kind
    before: tuple[str, ...]
    after: tuple[str, ...]
    moves: tuple[Move, ...]

    @property
    def messages(self) -> int:
        """The number of messages that changed their intent."""
        return sum(move.messages for move in self.moves if move.before != move.after)

    def __str__(self) -> str:
        """Say it in one line: 'it_outage → service_disruption (128 of 128)'."""
        if self.kind == "merged":
            parts = (f"{move.before} ({move.messages:,} of {move.of:,})" for move in self.moves)
            return f"{listed(parts)} → {self.after[0]}"
        lines = []
        for one in self.before:
            moves = [move for move in self.moves if move.before == one]
            parts = (f"{move.after} ({move.messages:,} of {move.of:,})" for move in moves)
            lines.append(f"{one} → {listed(parts)}")
        return "; ".join(lines)


def successions(before: pd.DataFrame, after: pd.DataFrame) -> tuple[Succession, ...]:
    """Recognise the intents that were renamed, split or merged between two revisions, in the order of their names.

    Both frames have the columns `key` and `intent`, a row for each message (see `corpus.keys`; both keys must be of
    one normal form and salt). A key may be under several intents, in several contexts: then what left is matched
    with what came, where only one did on either side. An intent succeeds another if one of the two is in one revision
    only, and at least `FROM_SHARE` of the earlier one's messages went to it, or at least `OF_SHARE` of the messages of
    a new one came from there.
    """
    old, new = pairs(before), pairs(after)
    had, has, kept = (Counter(intent for _, intent in rows) for rows in (old, new, old & new))
    links = [
        (one, other, number)
        for (one, other), number in flows(old - new, new - old).items()
        if (one not in has or other not in had)
        and (number >= FROM_SHARE * had[one] or (other not in had and number >= OF_SHARE * has[other]))
    ]
    found = []
    for names in together(links):
        moves = [Move(one, other, number, had[one]) for one, other, number in links if one in names]
        sources, targets = {move.before for move in moves}, {move.after for move in moves}
        stayed = {name for name in names if kept[name]}
        moves += [Move(name, name, kept[name], had[name]) for name in stayed]
        found.append(succession(sources | stayed, targets | stayed, moves))
    return tuple(sorted(found, key=lambda one: one.before))


def with_keys(frame: pd.DataFrame, policy: SplitPolicy, form: int) -> pd.DataFrame:
    """Return the messages of a corpus with their `key`, of the normal form `form`."""
    return frame.assign(key=keys(normalised(frame["text"], form), policy.salt))


def pairs(frame: pd.DataFrame) -> set[tuple[str, str]]:
    """Return the distinct pairs of key and intent."""
    return set(zip(as_list(frame["key"]), as_list(frame["intent"]), strict=True))


def flows(left: set[tuple[str, str]], come: set[tuple[str, str]]) -> Counter[tuple[str, str]]:
    """Count the messages that went from one intent to another, by the pairs that are in one revision only."""
    was, now = by_key(left), by_key(come)
    return Counter(
        (one, other)
        for key in was.keys() & now.keys()
        if min(len(was[key]), len(now[key])) == 1
        for one in was[key]
        for other in now[key]
    )


def by_key(rows: set[tuple[str, str]]) -> dict[str, set[str]]:
    """Return the intents of each key."""
    found: dict[str, set[str]] = {}
    for key, intent in rows:
        found.setdefault(key, set()).add(intent)
    return found


def together(links: Iterable[tuple[str, str, int]]) -> list[set[str]]:
    """Return the groups of intents that are linked with each other."""
    groups: list[set[str]] = []
    for one, other, _ in links:
        touched = [group for group in groups if one in group or other in group]
        groups = [group for group in groups if group not in touched] + [{one, other}.union(*touched)]
    return groups


def succession(before: set[str], after: set[str], moves: list[Move]) -> Succession:
    """Give a group of linked intents its kind."""
    kinds: dict[tuple[bool, bool], Kind] = {
        (False, False): "renamed",
        (False, True): "split",
        (True, False): "merged",
        (True, True): "regrouped",
    }
    ordered = tuple(sorted(moves, key=lambda move: (move.before, move.after)))
    kind = kinds[len(before) > 1, len(after) > 1]
    return Succession(kind, tuple(sorted(before)), tuple(sorted(after)), ordered)


def new_names(found: Iterable[Succession]) -> dict[str, str]:
    """Return the new name of each intent that has exactly one: those that were renamed, or merged into another."""
    single = (one for one in found if one.kind in ("renamed", "merged"))
    return {name: one.after[0] for one in single for name in one.before if name != one.after[0]}


def classes(found: Iterable[Succession]) -> dict[str, str]:
    """Return for each name, old or new, the one under which intents that became each other are compared.

    An intent that was renamed or merged has its new name. The parts of a split count as one, 'a + b', because the
    earlier model cannot tell them apart.
    """
    return {name: " + ".join(one.after) for one in found for name in {*one.before, *one.after}}


def summary(found: Iterable[Succession]) -> list[str]:
    """Say what was recognised, a line for each: 'renamed: it_outage → service_disruption (128 of 128)'."""
    return [f"{one.kind}: {one}" for one in found]
