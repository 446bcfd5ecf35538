"""find: look a registered model up."""

from __future__ import annotations

from ratchet.adapters.run import Run
from ratchet.domain.release.model import Model
from tasks.step import step


@step(lambda model: f"version {model.version} of {model.created_at[:10]}")
def find(run: Run, version: str) -> Model:
    """Return the model; raises `RatchetError` when the registry has none of that version."""
    return run.registry.model(version)
