"""give_up: note why a model that may be released is not live, and say what to do about it."""

from __future__ import annotations

from ratchet.adapters.registry import waiting
from ratchet.adapters.run import Run
from ratchet.domain.errors import RatchetError
from ratchet.domain.gate.waiting import REMEDY
from ratchet.domain.operations.failure import reason
from ratchet.domain.release.model import Model
from tasks.step import step


@step(lambda said: said)
def give_up(run: Run, model: Model, error: Exception) -> str:
    """Keep the reason with the model, where `ratchet status` finds it on every machine, and add the next step."""
    why = error.fact if isinstance(error, RatchetError) else f"{type(error).__name__}: {error}"
    run.registry.note_failure(model.version, reason(why))
    found = waiting.find(run.registry)
    if found is None or found.version != model.version:
        return f"version {model.version} is not live"
    if isinstance(error, RatchetError):
        error.remedy = f"{error.remedy} {REMEDY}.".strip()
    return found.sentence
