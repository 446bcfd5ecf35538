"""Words that a person asked to be forgotten: the keys of their texts, which do not tell what was said."""

from __future__ import annotations

from dataclasses import dataclass

import pandas as pd

from ratchet.domain.corpus.corpus import keys, normalised
from ratchet.domain.corpus.findings import Finding
from ratchet.domain.wording import count

PRODUCTION = "production"
"""The source of messages that people wrote to the bot."""


@dataclass(frozen=True)
class Words:
    """Texts by the key of their newest normal form.

    `named` are forgotten whatever their source; `said` are what a person wrote, and stay where the team wrote the same.
    """

    named: frozenset[str] = frozenset()
    said: frozenset[str] = frozenset()

    def __or__(self, other: Words) -> Words:
        """Return both."""
        return Words(self.named | other.named, self.said | other.said)

    def among(self, frame: pd.DataFrame, salt: str) -> pd.Series[bool]:
        """Mark the rows of a frame (`text`, `source`) that hold one of them."""
        if not self.named and not self.said:
            return pd.Series(False, index=frame.index)
        found = pd.Series(keys(normalised(frame["text"]), salt), index=frame.index, dtype="str")
        return found.isin(self.named) | (found.isin(self.said) & (frame["source"] == PRODUCTION))


NONE = Words()


def finding(rows: pd.DataFrame) -> Finding:
    """Say how many rows were left out, and where they stood; never what they say."""
    said = (
        f"{count(len(rows), 'row')} left out whose words were forgotten on request (`ratchet forget`). Word what you "
        "need of it differently."
    )
    places = tuple(rows["place"].head(1)) if "place" in rows else ()
    return Finding("forgotten", places, ("",) * len(places), len(rows), said)
