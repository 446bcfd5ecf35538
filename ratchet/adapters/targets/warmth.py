"""The end of a release that was kept warm, whichever target keeps it: whatever runs regularly sees to it."""

from __future__ import annotations

from datetime import UTC, datetime

from ratchet.adapters.settings import Settings
from ratchet.adapters.system.failures import first_line
from ratchet.adapters.system.lock import LockHeld, hold
from ratchet.adapters.targets.choice import choose_target
from ratchet.adapters.targets.target import Say, Target
from ratchet.domain.errors import RatchetError


def end(settings: Settings, say: Say) -> str:
    """End a warm release whose time is over, and return in a line what was done.

    Whatever is in the way is said and raises nothing: a run in progress, which may be about to go back to it, or an
    engine that does not answer. The next look tries again.
    """
    try:
        target = choose_target(settings)
        if not is_over(target):
            return "nothing is warm longer than it should be"
        with hold(settings.state / "run.lock", "The end of a warm release"):
            over = target.warm()
            target.cool(say)
            return f"ended release {over.release}, which was kept warm" if over else "nothing is warm"
    except LockHeld as error:
        return f"a warm release ends later: {error.fact}"
    except RatchetError as error:
        return f"a warm release could not be ended: {error.fact}"
    except Exception as error:  # whatever the engine's library raises must not end the monitor
        return f"a warm release could not be ended: {type(error).__name__}: {first_line(error)}"


def is_over(target: Target) -> bool:
    """Say whether a target keeps a release warm whose time is over."""
    warm = target.warm()
    return warm is not None and datetime.fromisoformat(warm.until) <= datetime.now(UTC)
