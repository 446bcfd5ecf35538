"""The languages of texts, from the context field that `corpus.language` names: near-duplicates are of one language."""

from __future__ import annotations

from collections.abc import Sequence

import pandas as pd

from ratchet.domain.corpus.neighbours import Languages, Texts

UNKNOWN: Languages = frozenset()
"""Of a text that is in a row without a language: it is compared with those of all."""


def of_groups(frame: pd.DataFrame, groups: Sequence[int], field: str | None) -> list[Languages] | None:
    """Return the languages of each group of rows, None where the corpus declares none.

    `groups` has the number of each row's group, counted from 0. A row without a language makes its group's unknown.
    """
    if field is None or field not in frame:
        return None
    known: dict[int, set[str]] = {}
    for group, value in zip(groups, frame[field].tolist(), strict=True):
        known.setdefault(group, set()).add(str(value))
    sets: dict[Languages, Languages] = {}  # one object for each set: a corpus has few of them
    found = []
    for group in range(len(known)):
        one = UNKNOWN if "" in known[group] else frozenset(known[group])
        found.append(sets.setdefault(one, one))
    return found


def of_rows(frame: pd.DataFrame, field: str | None) -> list[Languages] | None:
    """Return the languages of each row, None where the corpus declares none."""
    return of_groups(frame, range(len(frame)), field)


def texts_of(frame: pd.DataFrame) -> Texts:
    """Return the texts of a frame (`text` in normal form, `languages` where they are declared), to be compared."""
    return Texts(frame["text"].tolist(), frame["languages"].tolist() if "languages" in frame else None)


def with_languages(frame: pd.DataFrame, languages: Sequence[Languages] | None) -> pd.DataFrame:
    """Return a frame with the column `languages`, as it is where none are declared."""
    if languages is None:
        return frame
    return frame.assign(languages=pd.Series(list(languages), index=frame.index, dtype="object"))
