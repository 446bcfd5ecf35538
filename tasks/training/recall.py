"""recall: find out where the model to come comes from, and whether it was trained already."""

from __future__ import annotations

from datetime import UTC, datetime

import pandas as pd

from ratchet.adapters.bot import lineage, musts, naming, recent
from ratchet.adapters.corpus import data_folder, data_revisions
from ratchet.adapters.registry import encoders
from ratchet.adapters.run import Run
from ratchet.domain.corpus.corpus import Corpus
from ratchet.domain.corpus.ledger import Split
from ratchet.domain.corpus.renames import Succession, successions, summary, with_keys
from ratchet.domain.corpus.unchecked import Unchecked
from ratchet.domain.corpus.wear import holdout_version
from ratchet.domain.gate import must
from ratchet.domain.gate.case import Case
from ratchet.domain.release.model import Model, Next, next_step
from tasks.step import note, say, step

RELABELLED = "whether holdout messages got another label since the champion was trained"


@step(Case.describe)
def recall(run: Run, corpus: Corpus, sides: Split) -> Case:
    """Compare the fingerprint of rows, code, seed and encoder with those of the registered models.

    The weights of the encoder are fetched where they are not here; if they cannot be fetched, Ratchet says so and
    trains the linear classifier.
    """
    registry = run.registry
    encoder, why = encoders.for_training(run.settings, registry, say)
    if why:
        note(why)
    origin = lineage.trace(run.settings, corpus, sides, encoder)
    say(f"code {origin.code_commit[:8] or 'without Git'}, fingerprint {origin.fingerprint[:8]}")
    champion, known = registry.champion(), registry.trained_from(origin.fingerprint)
    must_go_right = musts.read(run.settings)
    released = {release.model_version for release in registry.releases()}
    live = registry.live()
    elsewhere = live is not None and live.target != run.target.name
    version, digest = holdout_version(sides.holdout["key"]), must.digest(must_go_right)
    following = next_step(known, champion, released, version, elsewhere, digest)
    before, unchecked = known_before(run, corpus, champion if following is Next.TRAIN else None)
    became = names_of(run, before, corpus, sides)
    return Case(
        corpus=corpus,
        sides=sides,
        lineage=origin,
        known=None if following is Next.TRAIN else known,
        champion=champion,
        history=tuple(registry.models()),
        next=following,
        before=before,
        unchecked=unchecked,
        musts=must_go_right,
        recent=recent.read(run.settings, datetime.now(UTC)) if champion and following is Next.TRAIN else None,
        allowed=tuple(run.settings.params.validation.personal_data_allowed),
        successions=became,
        leftovers=tuple(naming.leftovers(run.settings, became, corpus.frame["intent"])),
    )


def known_before(
    run: Run, corpus: Corpus, champion: Model | None
) -> tuple[pd.DataFrame | None, tuple[Unchecked, ...]]:
    """Return the champion's messages, None where they are today's, and what cannot be checked without them."""
    before = messages_of(run, corpus, champion) if champion else None
    if isinstance(before, Unchecked):
        note(before.sentence)
        return None, (before,)
    return before, ()


def names_of(run: Run, before: pd.DataFrame | None, corpus: Corpus, sides: Split) -> tuple[Succession, ...]:
    """Return the intents that were renamed, split or merged since the champion's data."""
    if before is None:
        return ()
    found = successions(
        *(with_keys(one, run.settings.params.split, sides.form) for one in (before, corpus.frame))
    )
    for line in summary(found):
        say(line)
    return found


def messages_of(run: Run, corpus: Corpus, champion: Model) -> pd.DataFrame | Unchecked | None:
    """Return the corpus that the champion was trained on; None where it is today's, a finding where it is lost."""
    revision = champion.lineage.data_revision
    if revision == corpus.revision:
        return None
    folder = data_revisions.earlier(run.settings, revision, RELABELLED)
    if isinstance(folder, Unchecked):
        return folder
    return data_folder.read_messages(folder, run.settings.params.corpus)
