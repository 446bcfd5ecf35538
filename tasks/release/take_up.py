"""take_up: find a version that may be released and is not live."""

from __future__ import annotations

from ratchet.adapters.registry import waiting
from ratchet.adapters.run import Run
from tasks.step import step


@step(lambda version: f"version {version} may be released and is not live" if version else "none waits")
def take_up(run: Run) -> str:
    """Return the newest such version, "" where there is none."""
    found = waiting.find(run.registry)
    return found.version if found else ""
