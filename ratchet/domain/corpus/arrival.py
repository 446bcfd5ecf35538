"""Arrival: what is asked of a row before it comes into a corpus, and of no row that is there already."""

from __future__ import annotations

import re
from collections.abc import Callable, Collection
from dataclasses import dataclass, field

import numpy as np
import pandas as pd

from ratchet.domain.corpus import markup
from ratchet.domain.corpus.cleaning import has_html
from ratchet.domain.corpus.findings import Finding, shown
from ratchet.domain.corpus.personal_data import let_through
from ratchet.domain.wording import count

SEPARATOR = re.compile(r"[,;|]|(?<=[^\s#])#(?=[^\s#])")


@dataclass(frozen=True)
class Arrived:
    """Rows fit for the corpus; those that are not, with their `reason`; their errors; what to look at in the others."""

    frame: pd.DataFrame
    errors: tuple[Finding, ...] = ()
    refused: pd.DataFrame = field(default_factory=pd.DataFrame)
    warnings: tuple[Finding, ...] = ()
    account: tuple[Finding, ...] = ()


def examine(rows: pd.DataFrame, known: Collection[str], allowed: Collection[str]) -> Arrived:
    """Tell the rows that may come in from those that may not: several intents in one cell, markup that is no entity.

    `known` are the corpus's intents, whose names are theirs whatever is in them. HTML is a warning. `allowed` are the
    patterns of personal data that may be in messages; what they let through is counted.
    """
    errors, why = [], np.full(len(rows), "", dtype=object)
    tests: list[tuple[str, str, list[str]]] = [
        (
            "several intents",
            "with several intents in one cell: one message has one",
            ["" if name in known else several(name) for name in rows["intent"]],
        ),
        (
            "broken markup",
            "with markup that is no entity: write `[words](entity)`, or take the brackets out",
            [markup.fault(text) for text in rows["text"]],
        ),
    ]
    for rule, phrase, reasons in tests:
        broken = np.array([bool(reason) for reason in reasons], dtype=bool)
        if broken.any():
            texts = [f"{text}  ({told})" for text, told in zip(rows["text"], reasons, strict=True) if told]
            errors.append(shown(rule, rows[broken], texts, f"{count(int(broken.sum()), 'row')} {phrase}."))
        why[broken & (why == "")] = rule
    fit, refused = rows[why == ""], rows[why != ""].assign(reason=why[why != ""])
    return Arrived(fit, tuple(errors), refused, tuple(marked_up(fit)), tuple(spared(fit, allowed)))


def several(name: str) -> str:
    """Return the intents of a name that is several of them, "" for one intent."""
    parts = [part for part in SEPARATOR.split(name.strip().strip("[]")) if part and part.strip()]
    return " and ".join(part.strip().strip("'\"") for part in parts) if len(parts) > 1 else ""


def marked_up(rows: pd.DataFrame) -> list[Finding]:
    """Warn of texts with HTML."""
    return _those(
        rows,
        has_html,
        "HTML",
        "with HTML (tags, or character references such as `&amp;`): `--unescape` undoes it",
    )


def spared(rows: pd.DataFrame, allowed: Collection[str]) -> list[Finding]:
    """Say how much personal data each pattern of `validation.personal_data_allowed` let through."""
    counts = dict.fromkeys(allowed, 0)
    touched = []
    for row, text in enumerate(rows["text"].tolist() if allowed else ()):
        found = let_through(text, allowed)
        touched += [row] if found else []
        for pattern in found:
            counts[pattern] += 1
    if not touched:
        return []
    named = ", ".join(f"{pattern} {number:,}" for pattern, number in counts.items() if number)
    said = f"{count(sum(counts.values()), 'piece')} of personal data let through by personal_data_allowed: {named}."
    some = rows.iloc[touched]
    return [shown("personal data allowed", some, some["text"].tolist(), said)]


def _those(rows: pd.DataFrame, test: Callable[[str], bool], rule: str, phrase: str) -> list[Finding]:
    found = rows[[test(text) for text in rows["text"].tolist()]] if len(rows) else rows
    said = f"{count(len(found), 'row')} {phrase}."
    return [shown(rule, found, found["text"].tolist(), said)] if len(found) else []
