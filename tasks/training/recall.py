"""recall: find out whether the model to come was trained already."""

from __future__ import annotations

from dataclasses import dataclass, replace

import pandas as pd

from ratchet.adapters.corpus import data_folder, data_revisions
from ratchet.adapters.run import Run
from ratchet.domain.corpus.corpus import Corpus
from ratchet.domain.corpus.ledger import Split
from ratchet.domain.corpus.unchecked import Unchecked
from ratchet.domain.corpus.wear import holdout_version
from ratchet.domain.release.manifest import Lineage
from ratchet.domain.release.model import Model, Next, next_step
from tasks.step import note, step

RELABELLED = "whether holdout messages got another label since the champion was trained"


@dataclass(frozen=True)
class Recalled:
    """The model already trained from the same rows, code and seed, the champion, and what is left to do.

    `before` holds the champion's messages: None where they are today's, or where `unchecked` says why they cannot
    be had. `ledger_rows` is how many rows today's ledger has.
    """

    known: Model | None
    champion: Model | None
    history: tuple[Model, ...]
    holdout_version: str
    next: Next
    before: pd.DataFrame | None
    unchecked: tuple[Unchecked, ...] = ()
    ledger_rows: int = 0


def describe(recalled: Recalled) -> str:
    """Say what is known."""
    serving = (
        f"version {recalled.champion.version} is the champion" if recalled.champion else "no champion yet"
    )
    if recalled.known is None or recalled.next is Next.TRAIN:
        return f"{serving}; there is something new to train"
    return f"{serving}; version {recalled.known.version} was trained from exactly this data and code"


@step(describe)
def recall(run: Run, corpus: Corpus, lineage: Lineage, split: Split) -> Recalled:
    """Compare the fingerprint with those of the registered models."""
    registry, version = run.registry, holdout_version(split.holdout["key"])
    champion = registry.champion()
    known = registry.trained_from(lineage.fingerprint)
    released = {release.model_version for release in registry.releases()}
    live = registry.live()
    elsewhere = live is not None and live.target != run.target.name
    following = next_step(known, champion, released, version, elsewhere)
    before = messages_of(run, corpus, champion) if champion and following is Next.TRAIN else None
    recalled = Recalled(
        known, champion, tuple(registry.models()), version, following, None, ledger_rows=len(corpus.ledger)
    )
    if isinstance(before, Unchecked):
        note(before.sentence)
        return replace(recalled, unchecked=(before,))
    return replace(recalled, before=before)


def messages_of(run: Run, corpus: Corpus, champion: Model) -> pd.DataFrame | Unchecked | None:
    """Return the corpus that the champion was trained on; None where it is today's, a finding where it is lost."""
    revision = champion.lineage.data_revision
    if revision == corpus.revision:
        return None
    folder = data_revisions.earlier(run.settings, revision, RELABELLED)
    if isinstance(folder, Unchecked):
        return folder
    return data_folder.read_messages(folder, run.settings.params.corpus)
