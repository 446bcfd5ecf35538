"""What the tests of this folder found, for the tables of docs/reliability.md."""

from __future__ import annotations

import os
import random
import statistics
from dataclasses import dataclass, field

HEADER = (
    "| killed or failed | times | serves right after: old / new / none | asked | failed | next run finished "
    "| seconds |\n"
    "| --- | --- | --- | --- | --- | --- | --- |"
)


@dataclass
class Row:
    """One kind of kill or failure: how often, what served right after it, and how the next run went.

    `asked` and `failed` count the messages that were sent to the bot all the time; `seconds` holds the time that
    each next run took.
    """

    name: str
    times: int = 0
    served: dict[str, int] = field(default_factory=lambda: {"old": 0, "new": 0, "neither": 0})
    asked: int = 0
    failed: int = 0
    finished: int = 0
    seconds: list[float] = field(default_factory=list)

    def text(self) -> str:
        """The row as Markdown."""
        served = " / ".join(str(number) for number in self.served.values())
        took = (
            f"{statistics.median(self.seconds):.0f} (at most {max(self.seconds):.0f})" if self.seconds else ""
        )
        return (
            f"| {self.name} | {self.times} | {served} | {self.asked:,} | {self.failed:,} "
            f"| {self.finished} of {self.times} | {took} |"
        )


SEED = int(os.environ.get("RATCHET_KILL_SEED") or random.SystemRandom().randrange(10_000))
"""What the random moments follow from; RATCHET_KILL_SEED gives the same ones again."""
ROWS: dict[str, Row] = {}


def row(name: str) -> Row:
    """Return the row of this name, made at first use."""
    return ROWS.setdefault(name, Row(name))
