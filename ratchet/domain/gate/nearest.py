"""The training messages that are nearest to a message, by the vectors of a sentence encoder."""

from __future__ import annotations

from dataclasses import dataclass

from ratchet.domain.record import Record


@dataclass(frozen=True)
class Nearest(Record):
    """A training message, the intents that it is labelled with (several by context), and the cosine of both vectors."""

    text: str
    intents: tuple[str, ...]
    cosine: float

    def __str__(self) -> str:
        """For instance `0.91 request_leave: how do I get days off`."""
        return f"{self.cosine:.2f} {', '.join(self.intents)}: {self.text}"


def joined(nearest: tuple[Nearest, ...]) -> str:
    """Write the nearest of a message into one cell of a table, with bars between them."""
    return " | ".join(str(one).replace("|", "/") for one in nearest)
