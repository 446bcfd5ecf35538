"""Choose the target that this workspace's releases run on."""

from __future__ import annotations

from ratchet.adapters.settings import Settings
from ratchet.adapters.targets.process import ProcessTarget
from ratchet.adapters.targets.target import Target


def choose_target(settings: Settings) -> Target:
    """Return the target that the settings name."""
    if settings.target == "swarm":
        from ratchet.adapters.targets.swarm.target import SwarmTarget

        return SwarmTarget(settings)
    return ProcessTarget(settings)
