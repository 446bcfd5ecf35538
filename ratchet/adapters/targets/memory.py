"""Whether the machine's memory holds a second replica beside the live one."""

from __future__ import annotations

import psutil

from ratchet.adapters.bot import encoders
from ratchet.adapters.system.processes import Replica, resident
from ratchet.domain.errors import RatchetError
from ratchet.domain.release import room

SPARE_BYTES = 100_000_000
"""What stays free of the machine's memory where a second replica is started."""


def require(live: Replica, warm: Replica | None, encoder: str) -> None:
    """Raise `RatchetError` unless another replica can be started beside the live one.

    It needs what the live one holds, with the sentence encoder of a digest at least what such a replica may hold. What
    the warm one holds is counted as free, because it is ended first.
    """
    least = encoders.reserved_mib(encoder) * room.MEBI if encoder else 0
    needed = max(resident(live), least) + SPARE_BYTES
    free = psutil.virtual_memory().available + (resident(warm) if warm else 0)
    if free < needed:
        raise RatchetError(
            f"A second replica beside the live one needs {shown(needed)} of memory, and {shown(free)} are free.",
            "Free some, or set `rollout.order: rolling` in params.yaml: then it is started without this check, and "
            "the old replica stops right after the switch.",
        )


def shown(number: int) -> str:
    """Write a number of bytes for people."""
    return f"{number / 1e6:,.0f} MB"
