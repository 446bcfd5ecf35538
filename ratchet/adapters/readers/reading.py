"""What every reader gives back: rows, what is beside them, and an account of what it did to them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

import pandas as pd

from ratchet.domain.corpus.corpus import CorpusPolicy
from ratchet.domain.corpus.findings import SHOWN, Finding
from ratchet.domain.wording import count

EXTRAS = ("synonym", "lookup", "regex")
"""What Rasa's training data has beside the messages."""


@dataclass(frozen=True)
class Columns:
    """How a source is written: the columns of text, intent and context fields, the sheet, the encoding.

    None leaves sheet and encoding to the reader, who says what it chose. `source` is the entry of `params.yaml` that
    this is from, "" without one.
    """

    text: str = "text"
    intent: str = "intent"
    context: Mapping[str, str] = field(default_factory=dict)
    sheet: str | None = None
    encoding: str | None = None
    source: str = ""


@dataclass(frozen=True)
class Reading:
    """What files held: rows with the corpus columns and `place`, and extras by kind and name.

    `extras` maps `synonym`, `lookup` and `regex` to their names and examples. `account` says what was left out,
    guessed, repaired or joined; `faults` name the rows that cannot be read, which are not in `frame`.
    """

    frame: pd.DataFrame
    extras: Mapping[str, Mapping[str, list[str]]] = field(default_factory=dict)
    account: tuple[Finding, ...] = ()
    faults: tuple[Finding, ...] = ()


def nothing(policy: CorpusPolicy) -> pd.DataFrame:
    """Return a reading without rows."""
    return pd.DataFrame({name: pd.Series(dtype="str") for name in [*policy.columns, "place"]})


class Notes:
    """An account in the making: each kind of thing counted, with the first places and texts."""

    def __init__(self, file: str) -> None:
        self.file = file
        self._kinds: dict[tuple[bool, str, str, str], list[tuple[str, str]]] = {}
        self._counts: dict[tuple[bool, str, str, str], int] = {}
        self._said: list[Finding] = []

    def note(self, rule: str, phrase: str, line: int | str, text: str, noun: str = "row") -> None:
        """Count something that was left out, guessed, repaired or joined."""
        self._add(False, rule, phrase, line, text, noun)

    def fault(self, rule: str, phrase: str, line: int | str, text: str, noun: str = "row") -> None:
        """Count a row that cannot be read."""
        self._add(True, rule, phrase, line, text, noun)

    def _add(self, bad: bool, rule: str, phrase: str, line: int | str, text: str, noun: str) -> None:
        kind = (bad, rule, phrase, noun)
        self._counts[kind] = self._counts.get(kind, 0) + 1
        shown = self._kinds.setdefault(kind, [])
        if len(shown) < SHOWN:
            shown.append((f"{self.file}:{line}", text[:300]))

    def said(self, rule: str, sentence: str, samples: Iterable[tuple[int, str]] = ()) -> None:
        """Note something about the whole file."""
        rows = [(f"{self.file}:{line}", text[:300]) for line, text in samples]
        places, texts = tuple(place for place, _ in rows), tuple(text for _, text in rows)
        self._said.append(Finding(rule, places, texts, max(len(rows), 1), f"{self.file}: {sentence}"))

    def _findings(self, wanted: bool) -> Iterable[Finding]:
        for (bad, rule, phrase, noun), rows in self._kinds.items():
            if bad == wanted:
                number = self._counts[bad, rule, phrase, noun]
                sentence = f"{self.file}: {count(number, noun)} {phrase}."
                yield Finding(
                    rule, tuple(row[0] for row in rows), tuple(row[1] for row in rows), number, sentence
                )

    @property
    def account(self) -> tuple[Finding, ...]:
        """What was left out, guessed, repaired or joined."""
        return (*self._said, *self._findings(False))

    @property
    def faults(self) -> tuple[Finding, ...]:
        """The rows that cannot be read."""
        return tuple(self._findings(True))


class Rows:
    """The rows of a file in the making."""

    def __init__(self, file: str, stem: str, policy: CorpusPolicy) -> None:
        self.file, self.stem, self.policy = file, stem, policy
        self._taken: dict[str, list[str]] = {name: [] for name in [*policy.columns, "place"]}

    def __len__(self) -> int:
        return len(self._taken["place"])

    def add(self, line: int | str, text: str, intent: str, known: Mapping[str, object]) -> None:
        """Add a row; `known` has its context fields and `source`, without one it is the file's name."""
        row = {"text": text, "intent": intent, "source": str(known.get("source") or self.stem)}
        row |= {name: "" if known.get(name) is None else str(known[name]) for name in self.policy.context}
        for name, value in row.items():
            self._taken[name].append(value)
        self._taken["place"].append(f"{self.file}:{line}")

    def frame(self) -> pd.DataFrame:
        """Return them as a frame with the corpus columns and `place`."""
        return pd.DataFrame(self._taken, dtype="str")
