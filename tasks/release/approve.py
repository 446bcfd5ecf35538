"""approve: store a person's decision about a model in the registry."""

from __future__ import annotations

from datetime import UTC, datetime

from ratchet.adapters.bot import bot_code
from ratchet.adapters.run import Run
from ratchet.adapters.system import git
from ratchet.domain.gate import override
from ratchet.domain.gate.override import Override
from ratchet.domain.gate.verdict import Decision
from tasks.step import step


@step(
    lambda made: f"version {made.version}: {made.decision} by {made.by}, until {made.expires:%Y-%m-%d %H:%M}"
)
def approve(run: Run, version: str, by: str, reason: str, expires: str, decision: Decision) -> Override:
    """Bind the decision to the registered model's digest and the code as it is now; a later decision replaces it."""
    model = run.registry.model(version)
    made = override.make(
        model_sha256=model.sha256,
        version=model.version,
        by=by,
        reason=reason,
        expires=expires,
        now=datetime.now(UTC),
        decision=decision,
        code=bot_code.code_digest(run.settings.bot),
        commit=git.code_commit(run.settings.workspace),
    )
    run.registry.set_override(made)
    return made
