"""contend: train the bot with a sentence encoder and without, and score both on the holdout."""

from __future__ import annotations

import tempfile
from pathlib import Path

from ratchet.adapters.bot import archives, rasa, trial
from ratchet.adapters.bot.installing import with_uv
from ratchet.adapters.registry import encoders
from ratchet.adapters.run import Run
from ratchet.domain.corpus.corpus import Corpus
from ratchet.domain.corpus.ledger import Split
from ratchet.domain.errors import RatchetError
from ratchet.domain.gate.scores import Scores
from tasks.step import say, step
from tasks.training.evaluate import score


@step(Scores.describe)
def contend(run: Run, corpus: Corpus, sides: Split, encoder: str) -> Scores:
    """Return the scores of `first`, with the encoder of a name, and `second`, without; nothing of either is kept.

    Raises `RatchetError` where the bot's pipeline or framework takes no encoder, or this one cannot be fetched or
    cannot run: two linear classifiers would be compared.
    """
    settings = run.settings
    locked = trial.locked(settings)
    predictions, scores = {}, {}
    with tempfile.TemporaryDirectory(prefix="ratchet-trial-") as name:
        bots = trial.copies(settings, encoder, Path(name))
        digest = encoders.obtained(settings, run.registry, encoder, say).digest
        for which, bot, chosen in zip(("first", "second"), bots, (digest, ""), strict=True):
            say(f"training {'with' if chosen else 'without'} the sentence encoder")
            folder = Path(name) / which
            trained = rasa.train(
                settings, sides.train, corpus.extras, folder, say, bot=bot, locked=locked, encoder=chosen
            )
            if chosen and not trained.report.get("encoder"):
                raise unusable(encoder, str(trained.report.get("without_encoder") or ""))
            archive = archives.Archive(trained.archive, trained.sha256)
            said, speed = rasa.evaluate(
                settings, {which: archive}, sides.holdout, folder, say, bot=bot, locked=locked
            )
            predictions[which] = said[which]
            scores[which] = score(run, sides.holdout, said[which], speed[which])
    return Scores(predictions, scores)


def unusable(encoder: str, why: str) -> RatchetError:
    """Return the error of an encoder with which nothing was trained."""
    return RatchetError(
        f"The sentence encoder {encoder} cannot run in the bot's environment: {why or 'it is not known why.'}",
        with_uv("Run `uv add onnxruntime tokenizers` in bot/, then the same command again."),
    )
