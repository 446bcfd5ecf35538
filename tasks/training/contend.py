"""contend: train the bot with a sentence encoder and without, and score both on the holdout."""

from __future__ import annotations

import tempfile
from pathlib import Path

from ratchet.adapters.bot import archives, rasa, trial, weights
from ratchet.adapters.run import Run
from ratchet.domain.corpus.corpus import Corpus
from ratchet.domain.corpus.ledger import Split
from ratchet.domain.gate.scores import Scores
from tasks.step import say, step
from tasks.training.evaluate import score


@step(Scores.describe)
def contend(run: Run, corpus: Corpus, sides: Split, encoder: str) -> Scores:
    """Return the scores of `first`, with the encoder of a name, and `second`, without; nothing of either is kept."""
    settings = run.settings
    digest = weights.ensure(settings, encoder, say).digest
    locked = trial.locked(settings)
    predictions, scores = {}, {}
    with tempfile.TemporaryDirectory(prefix="ratchet-trial-") as name:
        bots = trial.copies(settings, encoder, Path(name))
        for which, bot, chosen in zip(("first", "second"), bots, (digest, ""), strict=True):
            say(f"training {'with' if chosen else 'without'} the sentence encoder")
            folder = Path(name) / which
            trained = rasa.train(
                settings, sides.train, corpus.extras, folder, say, bot=bot, locked=locked, encoder=chosen
            )
            archive = archives.Archive(trained.archive, trained.sha256)
            said, speed = rasa.evaluate(
                settings, {which: archive}, sides.holdout, folder, say, bot=bot, locked=locked
            )
            predictions[which] = said[which]
            scores[which] = score(run, sides.holdout, said[which], speed[which])
    return Scores(predictions, scores)
