"""What can come out of a gate."""

from __future__ import annotations

from enum import StrEnum


class Decision(StrEnum):
    """What the gate, or a person in its place, decides about a candidate."""

    PROMOTE = "promote"
    REJECT = "reject"
    ASK = "ask"
