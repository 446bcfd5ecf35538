"""cool: end a release that was kept warm and whose time is over."""

from __future__ import annotations

from ratchet.adapters.settings import Settings
from ratchet.adapters.targets import warmth
from tasks.step import say, step


@step(lambda done: done)
def cool(settings: Settings) -> str:
    """Return what was done; a run in progress is not disturbed."""
    return warmth.end(settings, say)
