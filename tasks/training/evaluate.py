"""evaluate: predict today's holdout with the candidate and, again, with the champion."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import pandas as pd

from ratchet.adapters.bot import archives, bot_code, rasa
from ratchet.adapters.registry import encoders
from ratchet.adapters.run import Run
from ratchet.domain.corpus.ledger import Split
from ratchet.domain.gate import evaluation
from ratchet.domain.gate.evaluation import Evaluation, Latency
from ratchet.domain.gate.scores import Scores
from ratchet.domain.release.model import Model
from tasks.step import say, step


@step(Scores.describe)
def evaluate(run: Run, sides: Split, **models: archives.Trained | Model | None) -> Scores:
    """Score each model on the whole holdout, in batches; an old score is never used again.

    Models of the same code share a process; a model of older code is run with that code, as people knew it.
    The names of `models` are those of the scores; a registered model's archive is verified first.
    """
    here, holdout = run.settings.bot, sides.holdout
    groups: dict[Path, dict[str, archives.Archive]] = {}
    for name, model in models.items():
        if model is not None:
            groups.setdefault(code_of(run, model), {})[name] = archive_of(run, model)
    predictions: dict[str, pd.DataFrame] = {}
    speed: dict[str, dict[str, float]] = {}
    for number, (code, group) in enumerate(groups.items()):
        folder = run.folder / ("predictions" if code == here else f"predictions-{number}")
        predicted, took = rasa.evaluate(run.settings, group, holdout, folder, say, bot=code)
        predictions |= predicted
        speed |= took
    return Scores(
        predictions, {name: score(run, holdout, predictions[name], speed[name]) for name in predictions}
    )


def score(run: Run, holdout: pd.DataFrame, predicted: pd.DataFrame, speed: Mapping[str, float]) -> Evaluation:
    """Evaluate one model's predictions under the corpus's policy."""
    corpus = run.settings.params.corpus
    return evaluation.evaluate(
        holdout,
        predicted,
        context=list(corpus.context),
        out_of_scope=corpus.out_of_scope,
        latency=Latency(speed["latency_p50_ms"], speed["latency_p95_ms"]),
    )


def archive_of(run: Run, model: archives.Trained | Model) -> archives.Archive:
    """Return a model's archive with the digest that was registered, or seen when it was trained."""
    if isinstance(model, Model):
        encoders.ready(run.settings, run.registry, model.lineage.encoder, say)
    path = run.registry.archive(model) if isinstance(model, Model) else model.archive
    return archives.Archive(path, model.sha256)


def code_of(run: Run, model: archives.Trained | Model) -> Path:
    """Return the code to run a model with: the one that it was trained with, where the workspace's differs."""
    here = run.settings.bot
    if not isinstance(model, Model):
        return here
    lineage = model.lineage
    if (lineage.code_hash, lineage.lock_hash) == (bot_code.shaping_hash(here), bot_code.lock_hash(here)):
        return here
    return run.registry.code(model)
