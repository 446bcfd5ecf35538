"""look: see what is new in Git and in the inbox."""

from __future__ import annotations

from adapters import watch
from adapters.settings import Settings
from adapters.watch import Sighting
from tasks.step import step


@step(lambda seen: seen.describe())
def look(settings: Settings) -> Sighting:
    """Return what has to be announced now."""
    return watch.look(settings)
