"""give_up: keep what was tried, and say what to do about it."""

from __future__ import annotations

from dataclasses import replace

from ratchet.adapters.registry import attempts
from ratchet.adapters.run import Run
from ratchet.domain.errors import RatchetError
from ratchet.domain.release.attempt import Attempt, told
from tasks.step import step


@step(lambda failed: failed.sentence)
def give_up(run: Run, tried: Attempt, error: BaseException) -> Attempt:
    """Keep the failed attempt where `ratchet status` finds it on every machine, and add the next step to the error."""
    reason, remedy = told(error)
    failed = attempts.keep(run.registry, replace(tried, at=attempts.now(), reason=reason, remedy=remedy))
    if isinstance(error, RatchetError):
        error.remedy = f"{error.remedy} {failed.remedy.removeprefix(remedy).strip()}".strip()
    return failed
