"""How many people wait for a person, since when, and how fast they were answered."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from ratchet_bot.channel import happened
from ratchet_bot.channel.desk import Desk
from ratchet_bot.channel.hours import Hours


async def of(desk: Desk, hours: Hours, over: float, now: float) -> dict[str, Any]:
    """Return the figures of now, and those of the last `over` hours.

    `waiting` conversations no one has, `taken` someone. `longest_seconds` is how long one waits, counted from the
    last opening; None where none does, or it is closed, as `open` says. `opened` conversations were handed off in those
    hours, and `replied` got their first reply, after `first_reply_p50_seconds` and `first_reply_p90_seconds`.
    """
    found = (await desk.open()).values()
    waits = [since for state in found if (since := state.waits_since(now)) is not None]
    begun = hours.since(now)
    opened, seconds = happened.counted(await desk.log(now - 3600 * over))
    return {
        "waiting": len(waits),
        "taken": len(found) - len(waits),
        "longest_seconds": max(now - max(min(waits), begun), 0.0) if waits and begun is not None else None,
        "open": begun is not None,
        "hours": over,
        "opened": opened,
        "replied": len(seconds),
        "first_reply_p50_seconds": quantile(seconds, 0.5),
        "first_reply_p90_seconds": quantile(seconds, 0.9),
    }


def quantile(ascending: Sequence[float], share: float) -> float | None:
    """Return the value that this share does not exceed; None without any."""
    return ascending[min(int(share * len(ascending)), len(ascending) - 1)] if ascending else None
