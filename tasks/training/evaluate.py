"""evaluate: ask the candidate and, again, the champion today's holdout, and what else the gate looks at."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pandas as pd

from ratchet.adapters.bot import archives, bot_code, rasa
from ratchet.adapters.run import Run
from ratchet.domain.corpus.ledger import Split
from ratchet.domain.gate import evaluation, whole
from ratchet.domain.gate.case import Case
from ratchet.domain.gate.cost import Cost
from ratchet.domain.gate.evaluation import Evaluation, Latency
from ratchet.domain.gate.scores import Scores
from ratchet.domain.gate.sheets import stacked, unstacked
from ratchet.domain.release.model import Model
from tasks.step import say, step
from tasks.training.play import archive_of

HOLDOUT = "holdout"


@step(Scores.describe)
def evaluate(
    run: Run, sides: Split, case: Case | None = None, **models: archives.Trained | Model | None
) -> Scores:
    """Score each model on the whole holdout, in batches; an old score is never used again.

    Models of the same code share a process; a model of older code is run with that code, as people knew it.
    The names of `models` are those of the scores; a registered model's archive is verified first. With a case they are
    asked what else its gate looks at, too.
    """
    here, params = run.settings.bot, run.settings.params
    sheets = {HOLDOUT: sides.holdout, **(whole.sheets(case, params.gate, params.corpus) if case else {})}
    groups: dict[Path, dict[str, archives.Archive]] = {}
    for name, model in models.items():
        if model is not None:
            groups.setdefault(code_of(run, model), {})[name] = archive_of(run, model)
    predicted: dict[str, dict[str, pd.DataFrame]] = {}
    said: dict[str, dict[str, Any]] = {}
    for number, (code, group) in enumerate(groups.items()):
        folder = run.folder / ("predictions" if code == here else f"predictions-{number}")
        try:
            rows = stacked(sheets, list(params.corpus.context))
            answers, summary = rasa.evaluate(run.settings, group, rows, folder, say, bot=code)
        finally:
            if whole.RECENT in sheets:  # what people wrote is kept by the events alone, for `days`
                (folder / "holdout.jsonl").unlink(missing_ok=True)
        predicted |= {name: unstacked(frame, sheets) for name, frame in answers.items()}
        said |= summary
    return scores(run, sides.holdout, predicted, said)


def scores(
    run: Run,
    holdout: pd.DataFrame,
    predicted: Mapping[str, Mapping[str, pd.DataFrame]],
    said: Mapping[str, Mapping[str, Any]],
) -> Scores:
    """Put together what the models answered to each sheet, and what was said of them."""
    beside = {sheet for frames in predicted.values() for sheet in frames} - {HOLDOUT}
    known = {name: facts for name, facts in said.items() if "archive_bytes" in facts}
    return Scores(
        {name: frames[HOLDOUT] for name, frames in predicted.items()},
        {name: score(run, holdout, frames[HOLDOUT], said[name]) for name, frames in predicted.items()},
        {sheet: {name: frames[sheet] for name, frames in predicted.items()} for sheet in beside},
        {name: cost_of(facts) for name, facts in known.items()},
        {name: facts["synonyms"] for name, facts in known.items()},
    )


def cost_of(facts: Mapping[str, Any]) -> Cost:
    """Return what a model costs."""
    return Cost(
        facts["latency_p50_ms"], facts["latency_p95_ms"], facts["archive_bytes"], facts.get("memory_bytes")
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


def code_of(run: Run, model: archives.Trained | Model) -> Path:
    """Return the code to run a model with: the one that it was trained with, where the workspace's differs."""
    here = run.settings.bot
    if not isinstance(model, Model):
        return here
    lineage = model.lineage
    if (lineage.code_hash, lineage.lock_hash) == (bot_code.shaping_hash(here), bot_code.lock_hash(here)):
        return here
    return run.registry.code(model)
