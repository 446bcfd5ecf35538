"""authorise: a model reaches people only by the gate's verdict or by a person's decision."""

from __future__ import annotations

from datetime import UTC, datetime

from ratchet.adapters.run import Run
from ratchet.domain.gate import override
from ratchet.domain.gate.decision import Decision
from ratchet.domain.release.model import Model
from tasks.step import step


@step(lambda model: f"version {model.version}: {model.decision}")
def authorise(run: Run, version: str) -> Model:
    """Return the registered model; raises `RatchetError` when neither gate nor override lets it through."""
    model = run.registry.model(version)
    said = run.registry.override(model)
    override.authorise(Decision(model.decision), said, model.sha256, datetime.now(UTC))
    return model
