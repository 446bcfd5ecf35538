"""The switch of a rollback, before there is a run: what a command does while people get the wrong answers."""

from __future__ import annotations

from ratchet.adapters.registry.mlflow import Registry
from ratchet.adapters.settings import STATE_FOLDER, Settings
from ratchet.adapters.system.lock import hold
from ratchet.adapters.targets import ports
from ratchet.adapters.targets.choice import choose_target
from ratchet.adapters.targets.target import Say
from ratchet.domain.errors import RatchetError
from ratchet.domain.release.manifest import Release


def switch(settings: Settings, registry: Registry, chosen: Release, say: Say) -> bool:
    """Give all traffic to a release that is still warm, and return whether; the run that follows records it.

    Nothing is done where another run is in progress or a release was left half done: the run that follows
    settles that first. Nor where the target refuses: that run tells why.
    """
    try:
        with hold(settings.workspace / STATE_FOLDER / "run.lock", "A rollback"):
            if registry.begun() is not None or chosen.target != settings.target:
                return False
            target = choose_target(ports.choose(settings))
            target.check()
            return target.switch_back(chosen, say)
    except RatchetError:
        return False
