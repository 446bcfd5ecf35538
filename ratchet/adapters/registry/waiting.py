"""The model that may be released and is not live, as the registry knows it."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime

from ratchet.adapters.registry.mlflow import Registry
from ratchet.adapters.system.lock import holder
from ratchet.domain.gate import waiting
from ratchet.domain.gate.waiting import Question, Waiting


def find(registry: Registry) -> Waiting | None:
    """Return it with why it is not live; None where there is none."""
    models, champion = registry.models(), registry.champion()
    released = {release.model_version for release in registry.releases()}
    after = int(champion.version) if champion else 0
    newer = [model for model in models if int(model.version) > after and model.version not in released]
    said = {model.version: found for model in newer if (found := registry.override(model))}
    waits = waiting.newest(newer, champion, released, said, datetime.now(UTC))
    return replace(waits, why=registry.failure(waits.version)) if waits else None


def seen(registry: Registry) -> Waiting | None:
    """Return it as seen from outside a run: one in progress may be bringing it out."""
    found = find(registry)
    return replace(found, busy=holder(registry.settings.state / "run.lock") is not None) if found else None


def question(registry: Registry) -> Question | None:
    """Return what the gate asks a person now; None where nothing is asked."""
    models = registry.models()
    said = {model.version: found for model in models[-1:] if (found := registry.override(model))}
    return waiting.asked(models, registry.champion(), said, datetime.now(UTC))
