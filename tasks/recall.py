"""recall: find out whether the model to come was trained already."""

from __future__ import annotations

from dataclasses import dataclass

from adapters.run import Run
from domain.ledger import Split
from domain.model import Model, Next, next_step
from domain.release import Lineage
from domain.wear import holdout_version
from tasks.step import step


@dataclass(frozen=True)
class Recalled:
    """The model already trained from the same rows, code and seed, the champion, and what is left to do."""

    known: Model | None
    champion: Model | None
    history: tuple[Model, ...]
    holdout_version: str
    next: Next


def describe(recalled: Recalled) -> str:
    """Say what is known."""
    serving = (
        f"version {recalled.champion.version} is the champion" if recalled.champion else "no champion yet"
    )
    if recalled.known is None or recalled.next is Next.TRAIN:
        return f"{serving}; there is something new to train"
    return f"{serving}; version {recalled.known.version} was trained from exactly this data and code"


@step(describe)
def recall(run: Run, lineage: Lineage, split: Split) -> Recalled:
    """Compare the fingerprint with those of the registered models."""
    registry, version = run.registry, holdout_version(split.holdout["key"])
    champion = registry.champion()
    known = registry.trained_from(lineage.fingerprint)
    released = {release.model_version for release in registry.releases()}
    following = next_step(known, champion, released, version)
    return Recalled(known, champion, tuple(registry.models()), version, following)
