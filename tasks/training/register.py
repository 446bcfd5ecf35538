"""register: store the candidate with its lineage, its figures and its verdict."""

from __future__ import annotations

import shutil
from datetime import UTC, datetime
from pathlib import Path

from ratchet.adapters.bot import bot_code
from ratchet.adapters.bot.archives import Trained
from ratchet.adapters.prefect import flow_runs
from ratchet.adapters.registry import encoders
from ratchet.adapters.registry.mlflow import CODE
from ratchet.adapters.report.page import CONTENT
from ratchet.adapters.run import Run
from ratchet.adapters.system.files import write_json
from ratchet.domain.errors import RatchetError
from ratchet.domain.gate import must
from ratchet.domain.gate.judgement import Judgement
from ratchet.domain.gate.scores import CANDIDATE, CHAMPION
from ratchet.domain.release.manifest import Lineage
from ratchet.domain.release.model import Model
from tasks.step import step


@step(
    lambda model: (
        f"version {model.version}, sha256 {model.sha256[:12]}"
        if model.version
        else "a trial: nothing is kept in the registry"
    )
)
def register(run: Run, trained: Trained, judgement: Judgement, page: Path, trial: bool = False) -> Model:
    """Register the trained model, whatever the verdict: a rejected one can still be approved by a person.

    A trial's model has no version: the registry never gets it. Raises `RatchetError` when the bot's code is no
    longer what the lineage names.
    """
    require_unchanged(run, trained, judgement.case.lineage)
    model = described(run, trained, judgement, page)
    if trial:
        return model
    evaluation = judgement.scores.evaluations[CANDIDATE]
    contents = {"verdict.json": judgement.verdict.as_dict(), "evaluation.json": evaluation.as_dict()}
    for name, content in contents.items():
        write_json(run.folder / name, content)
    bot_code.pack(run.settings.bot, run.folder / CODE)
    files = [run.folder / name for name in contents] + [
        page,
        page.with_name(CONTENT),
        run.folder / CODE,
        *sorted(page.parent.glob("*.svg")),
    ]
    metrics = evaluation.metrics | judgement.whole.metrics
    if encoder := judgement.case.lineage.encoder:
        encoders.keep(run.registry, encoder)
    registered = run.registry.register(model, trained.archive, files, metrics, noted(model))
    shutil.rmtree(trained.archive.parent)  # what an interrupted run would have taken up
    return registered


def noted(model: Model) -> str:
    """Return what MLflow's pages show above a model: why it was judged so, and the way to its run in Prefect."""
    page = flow_runs.page()
    return "\n\n".join([*model.reasons[:1], *([f"[Its run in Prefect]({page})"] if page else [])])


def require_unchanged(run: Run, trained: Trained, lineage: Lineage) -> None:
    """Raise `RatchetError`, and drop the model, where code that shapes it was changed since the lineage was noted."""
    bot = run.settings.bot
    if (bot_code.shaping_hash(bot), bot_code.lock_hash(bot)) != (lineage.code_hash, lineage.lock_hash):
        shutil.rmtree(trained.archive.parent)  # no one knows with which code it was trained
        raise RatchetError(
            "Code in bot/ that shapes the model was changed while the run was in progress.",
            "Nothing was registered. Run `ratchet retrain` again, and leave bot/ as it is until it has ended.",
        )


def described(run: Run, trained: Trained, judgement: Judgement, page: Path) -> Model:
    """Return all that is known of the trained model; it has no version yet."""
    case, scores = judgement.case, judgement.scores
    champion = case.champion
    candidate, compared = scores.evaluations[CANDIDATE], scores.evaluations.get(CHAMPION)
    return Model(
        version="",
        run_id="",
        model_id=trained.model_id,
        sha256=trained.sha256,
        lineage=case.lineage,
        training_rows=trained.rows,
        intents=judgement.trained.intents,
        holdout_version=case.holdout_version,
        holdout_rows=candidate.rows,
        accuracy=candidate.accuracy,
        interval=candidate.interval,
        champion=champion.version if champion else "",
        champion_accuracy=compared.accuracy if compared else None,
        target=judgement.ramp.target,
        miss=judgement.ramp.miss,
        data_grew=judgement.data_grew,
        decision=judgement.verdict.decision.value,
        reasons=judgement.verdict.reasons,
        created_at=datetime.now(UTC).isoformat(timespec="seconds"),
        run_name=run.name,
        report=str(page),
        ledger_rows=len(case.corpus.ledger),
        musts=must.digest(case.musts),
    )
