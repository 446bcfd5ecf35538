"""look: see what is new in Git and in the inbox."""

from __future__ import annotations

from ratchet.adapters.settings import Settings
from ratchet.adapters.triggers import watch
from ratchet.adapters.triggers.watch import News
from tasks.step import step


@step(lambda seen: seen.describe())
def look(settings: Settings) -> News:
    """Return what has to be announced now."""
    return watch.look(settings)
