"""The rows of two clones and of what they continue: which are the same in all three, and what becomes of the others."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from ratchet.domain.corpus.corpus import as_list, keys, normalised, plain
from ratchet.domain.corpus.deciding import Asking, Names, Row, State, intents_of
from ratchet.domain.corpus.questions import Answers, Question, check

FIXED = ("text", "intent", "source")


@dataclass
class Resolved:
    """What becomes of the messages.

    `settled` marks the rows of the base that are the same in both clones; `rows` are all others, with the base's row
    number in `place` (-1 for those that it did not have). `open` are the texts of these rows, `ours` and `theirs` those
    that the clones have. `counts` are of messages.
    """

    settled: NDArray[np.bool_]
    rows: pd.DataFrame
    questions: tuple[Question, ...]
    renamed: dict[str, str]
    ours: pd.DataFrame
    theirs: pd.DataFrame
    skipped: pd.DataFrame
    counts: dict[str, int] = field(default_factory=dict)


def contexts(*frames: pd.DataFrame) -> list[str]:
    """Return the context columns of all frames: those of the first, then the others by name."""
    first, *others = (list(frame.columns) for frame in frames)
    rest = sorted({column for some in others for column in some} - set(first))
    return [column for column in [*first, *rest] if column not in FIXED and column != "place"]


def whole(frame: pd.DataFrame, context: Sequence[str]) -> pd.DataFrame:
    """Return a frame with all these context columns, "" where it did not have one."""
    return frame.reindex(columns=["text", "intent", *context, "source"], fill_value="").reset_index(drop=True)


def resolve(
    base: pd.DataFrame,
    ours: pd.DataFrame,
    theirs: pd.DataFrame,
    context: Sequence[str],
    renames: Names,
    answers: Answers,
) -> Resolved:
    """Return what becomes of the messages of two clones; all frames have the same columns."""
    frames = (base, ours, theirs)
    settled, open_rows = apart(frames, context)
    asked = Asking(answers)
    names = asked.names(renames)
    states = [grouped(frame[rows], context, names) for frame, rows in zip(frames, open_rows, strict=True)]
    places = first_places(base, open_rows[0], context)
    counts = dict.fromkeys(("ours", "theirs", "removed", "relabelled"), 0)
    rows: list[tuple[object, ...]] = []
    left_out: list[tuple[object, ...]] = []
    for message in sorted(set().union(*states)):
        before, mine, others = (state.get(message, {}) for state in states)
        kept, skipped = asked.decide(message, before, mine, others)
        tally(counts, before, mine, others, kept)
        rows += listed(message, kept, places.get(message, -1))
        left_out += listed(message, skipped, -1)
    intents = {intent for state in states for rows_ in state.values() for _, intent in rows_}
    known = set(base["intent"])
    check(answers, asked.seen, intents | known)
    columns = ["text", "intent", *context, "source", "place"]
    return Resolved(
        settled=settled,
        rows=framed(rows, columns),
        questions=tuple(asked.pending),
        renamed={old: new for old, new in sorted(names.items()) if old in known},
        ours=ours[open_rows[1]],
        theirs=theirs[open_rows[2]],
        skipped=framed(left_out, columns).drop(columns="place"),
        counts={**counts, "answered": len(asked.seen) - len(asked.pending)},
    )


def framed(rows: list[tuple[object, ...]], columns: list[str]) -> pd.DataFrame:
    """Return rows as a frame of strings; `place` is a number."""
    return pd.DataFrame(rows, columns=columns).astype({name: "str" for name in columns if name != "place"})


def apart(
    frames: tuple[pd.DataFrame, ...], context: Sequence[str]
) -> tuple[NDArray[np.bool_], list[NDArray[np.bool_]]]:
    """Mark the rows of the base that are in both clones just so, and in each frame those that are to be looked at.

    Rows of a message of which any row differs are all looked at.
    """
    lines = [joined(frame, list(frame.columns)) for frame in frames]
    common = set(lines[0]).intersection(lines[1], lines[2])
    differ = [np.array([line not in common for line in some], dtype=bool) for some in lines]
    touched = {
        message
        for frame, some in zip(frames, differ, strict=True)
        for message in identities(frame[some], context)
    }
    before = identities(frames[0], context)
    common -= {line for line, message in zip(lines[0], before, strict=True) if message in touched}
    opened = [np.array([line not in common for line in some], dtype=bool) for some in lines]
    return ~opened[0], opened


def joined(frame: pd.DataFrame, columns: Sequence[str]) -> list[str]:
    """Return each row as one text."""
    return ["\0".join(values) for values in zip(*(as_list(frame[name]) for name in columns), strict=True)]


def identities(frame: pd.DataFrame, context: Sequence[str]) -> list[tuple[str, ...]]:
    """Return for each row what tells messages apart: the text without markup, case folded, and the context."""
    texts = [plain(text).casefold() for text in as_list(frame["text"])]
    return list(zip(texts, *(as_list(frame[name]) for name in context), strict=True))


def grouped(
    frame: pd.DataFrame, context: Sequence[str], names: Mapping[str, str]
) -> dict[tuple[str, ...], dict[Row, str]]:
    """Return the rows by message, their intents under their new names; of equal rows the first source by name."""
    found: dict[tuple[str, ...], dict[Row, str]] = {}
    values = zip(*(as_list(frame[name]) for name in FIXED), strict=True)
    for message, (text, intent, source) in zip(identities(frame, context), values, strict=True):
        rows, row = found.setdefault(message, {}), (text, names.get(intent, intent))
        rows[row] = min(rows.get(row, source), source)
    return found


def first_places(
    base: pd.DataFrame, rows: NDArray[np.bool_], context: Sequence[str]
) -> dict[tuple[str, ...], int]:
    """Return by message the number of its first row in the base."""
    places: dict[tuple[str, ...], int] = {}
    for message, place in zip(identities(base[rows], context), np.flatnonzero(rows).tolist(), strict=True):
        places.setdefault(message, place)
    return places


def listed(message: tuple[str, ...], state: State, place: int) -> Iterator[tuple[object, ...]]:
    """Give the rows of a message in the order of their texts."""
    for (text, intent), source in sorted(state.items()):
        yield (text, intent, *message[1:], source, place)


def tally(counts: dict[str, int], before: State, mine: State, others: State, kept: State) -> None:
    """Count what happened to a message."""
    if kept and not before:
        counts["ours" if mine else "theirs"] += 1
    elif before and not kept:
        counts["removed"] += 1
    elif before and intents_of(before) != intents_of(kept):
        counts["relabelled"] += 1


def ordered(found: Resolved, base: pd.DataFrame, book: pd.DataFrame, salt: str, form: int) -> pd.DataFrame:
    """Return all rows: those of the base in its order, then the new ones by the day, the key and the text."""
    new = found.rows["place"] < 0
    fresh = found.rows[new]
    key = keys(normalised(fresh["text"], form), salt)
    day = pd.Series(key).map(pd.Series(book["first_seen"].to_numpy(), index=book["key"])).fillna("")
    fresh = fresh.assign(day=day.to_numpy(), key=key).sort_values(["day", "key", *found.rows.columns])
    kept = base[found.settled].assign(place=np.flatnonzero(found.settled))
    old = pd.concat([kept, found.rows[~new]]).sort_values("place", kind="stable")
    return pd.concat([old, fresh])[list(base.columns)].reset_index(drop=True)
