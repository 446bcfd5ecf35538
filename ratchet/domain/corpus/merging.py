"""Merging: incoming rows beside those that a corpus has, or in their place."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd

from ratchet.domain.corpus.corpus import CorpusPolicy, as_list, plain
from ratchet.domain.corpus.findings import Finding, shown
from ratchet.domain.wording import count


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
    account: tuple[Finding, ...] = ()

    @property
    def changed(self) -> bool:
        """Whether the corpus is another than the old one."""
        return bool(self.fresh.any())

    def without(self, rows: pd.Series) -> Merged:
        """Return the same without the marked rows."""
        kept = ~rows
        frame, fresh = self.frame[kept].reset_index(drop=True), self.fresh[kept].reset_index(drop=True)
        return replace(self, frame=frame, fresh=fresh)


def merge(old: pd.DataFrame, incoming: pd.DataFrame, policy: CorpusPolicy, relabel: bool) -> Merged:
    """Append the incoming rows that the corpus does not have.

    Without `relabel` a text under an old and a new label appears twice, and validation names the conflict. With it an
    incoming row gives its label to the old rows with its text, in every context that agrees with its own: a field
    that it leaves empty agrees with any value. Of several, the one that names most of the context counts.
    Both frames have the corpus columns and `place`.
    """
    if relabel:
        return overrule(old, incoming, list(policy.context))
    new = incoming[~in_frame(incoming, old, ["text", *policy.context, "intent"])]
    return joined(old, new, len(incoming) - len(new), 0)


def joined(
    old: pd.DataFrame, new: pd.DataFrame, known: int, relabelled: int, account: tuple[Finding, ...] = ()
) -> Merged:
    """Put new rows, marked as fresh, below old ones."""
    frame = pd.concat([old, new], ignore_index=True)
    fresh = pd.Series(np.arange(len(frame)) >= len(frame) - len(new))
    return Merged(frame, fresh, known, relabelled, account)


def overrule(old: pd.DataFrame, incoming: pd.DataFrame, context: Sequence[str]) -> Merged:
    """Give old rows the labels of the incoming rows that have their text; the others are appended."""
    by_text: dict[str, list[int]] = {}
    for row, text in enumerate(as_list(incoming["text"])):
        by_text.setdefault(plain(text).casefold(), []).append(row)
    mine = list(zip(*(as_list(incoming[field]) for field in context), strict=True)) or [()] * len(incoming)
    theirs = list(zip(*(as_list(old[field]) for field in context), strict=True)) or [()] * len(old)
    intents = as_list(incoming["intent"])
    taken: dict[int, int] = {}
    for row, text in enumerate(as_list(old["text"])):
        fitting = [one for one in by_text.get(plain(text).casefold(), ()) if agrees(mine[one], theirs[row])]
        best = max((len(named(mine[one])) for one in fitting), default=0)
        closest = [one for one in fitting if len(named(mine[one])) == best]
        if closest and len({intents[one] for one in closest}) == 1:
            taken[row] = closest[0]
    before = as_list(old["intent"])
    changed = {row: one for row, one in taken.items() if before[row] != intents[one]}
    used = set(taken.values())
    rest = incoming[[one not in used for one in range(len(incoming))]]
    rest = rest[~in_frame(rest, old, ["text", *context, "intent"])]
    kept = old[[row not in changed for row in range(len(old))]]
    new = incoming.iloc[list(changed.values())].reset_index(drop=True)
    for place, field in enumerate(context):
        new[field] = pd.Series([theirs[row][place] for row in changed], dtype="str")
    spread = [one for row, one in changed.items() if mine[one] != theirs[row]]
    known = len(incoming) - len(rest) - len(set(changed.values()))
    rows = pd.concat([new, rest], ignore_index=True)
    return joined(kept, rows, known, len(changed), _spread(incoming, spread))


def _spread(incoming: pd.DataFrame, rows: Sequence[int]) -> tuple[Finding, ...]:
    """Say which labels went to rows whose context the incoming rows do not name."""
    if not rows:
        return ()
    some = incoming.iloc[sorted(set(rows))]
    said = f"{count(len(some), 'row')} without a context relabelled {count(len(rows), 'message')} in their contexts."
    return (shown("relabelled", some, as_list(some["text"]), said),)


def agrees(mine: Sequence[str], theirs: Sequence[str]) -> bool:
    """Tell whether a context agrees with another: a value that it does not name agrees with any."""
    return all(not one or one == other for one, other in zip(mine, theirs, strict=True))


def named(context: Sequence[str]) -> list[str]:
    """Return the values that a context names."""
    return [value for value in context if value]


def relabels(before: pd.DataFrame, after: pd.DataFrame, context: Sequence[str]) -> Counter[tuple[str, str]]:
    """Count the rows that kept text and context and have another intent, by their intents (before, after).

    Both frames have the corpus columns; texts count without markup and case, as in `in_frame`.
    """
    columns = ["text", *context, "intent"]
    gone, came = (
        by_place(one[~in_frame(one, other, columns)], context)
        for one, other in ((before, after), (after, before))
    )
    return Counter(
        pair for place in gone.keys() & came.keys() for pair in zip(gone[place], came[place], strict=False)
    )


def by_place(rows: pd.DataFrame, context: Sequence[str]) -> dict[tuple[str, ...], list[str]]:
    """Return the intents of each text and context, in the order of their names."""
    found: dict[tuple[str, ...], list[str]] = {}
    texts = (plain(text).casefold() for text in as_list(rows["text"]))
    for *place, intent in zip(
        texts, *(as_list(rows[field]) for field in context), as_list(rows["intent"]), strict=True
    ):
        found.setdefault(tuple(place), []).append(intent)
    return {place: sorted(intents) for place, intents in found.items()}


def in_frame(rows: pd.DataFrame, other: pd.DataFrame, columns: list[str]) -> np.ndarray:
    """Tell for each row whether `other` has one with the same values; texts count without markup and case."""

    def values(frame: pd.DataFrame) -> Iterator[tuple[str, ...]]:
        texts = (plain(text).casefold() for text in as_list(frame["text"]))
        return zip(texts, *(as_list(frame[column]) for column in columns if column != "text"), strict=True)

    wanted = list(values(rows))
    present = set(wanted).intersection(values(other))
    return np.array([value in present for value in wanted], dtype=bool)
