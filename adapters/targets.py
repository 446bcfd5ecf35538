"""Choose the target that this workspace's releases run on."""

from __future__ import annotations

from adapters.process import ProcessTarget
from adapters.settings import Settings
from adapters.target import Target


def choose_target(settings: Settings) -> Target:
    """Return the target that the settings name."""
    if settings.target == "swarm":
        from adapters.swarm import SwarmTarget

        return SwarmTarget(settings)
    return ProcessTarget(settings)
