"""report: write the run's page, for people to read and to keep."""

from __future__ import annotations

from datetime import UTC, date, datetime
from pathlib import Path

from ratchet.adapters.monitoring import harvest
from ratchet.adapters.report.charts import HistoryPoint
from ratchet.adapters.report.page import Report, render, render_markdown, render_plots
from ratchet.adapters.run import Run
from ratchet.adapters.system.files import write_text
from ratchet.domain.corpus import coverage, wear
from ratchet.domain.corpus.changes import DataChanges, data_changes
from ratchet.domain.corpus.corpus import Corpus
from ratchet.domain.corpus.ledger import Split
from ratchet.domain.corpus.retirement import listed_rows
from ratchet.domain.corpus.unchecked import Unchecked
from ratchet.domain.gate import comparison
from ratchet.domain.gate.attribution import Attribution
from ratchet.domain.gate.comparison import Comparison
from ratchet.domain.gate.evaluation import correctness
from ratchet.domain.gate.suspects import suspects
from ratchet.domain.release.manifest import Lineage
from tasks.step import step
from tasks.training.evaluate import CANDIDATE, CHAMPION, Scores
from tasks.training.gate import Judgement
from tasks.training.recall import Recalled


@step(str)
def report(
    run: Run,
    corpus: Corpus,
    split: Split,
    lineage: Lineage,
    scores: Scores,
    judgement: Judgement,
    recalled: Recalled,
    attribution: Attribution | Unchecked | None,
) -> Path:
    """Write one page of HTML that needs nothing but itself, plots and Markdown beside it; return the page's path."""
    params, champion = run.settings.params, recalled.champion
    predicted = scores.predictions[CANDIDATE]
    right = correctness(split.holdout, predicted, out_of_scope=params.corpus.out_of_scope)
    decisions = wear.decisions_by_row(split.holdout, recalled.history, recalled.holdout_version)
    content = Report(
        title=f"Retrain of {run.settings.workspace.name}",
        run=run.name,
        made_at=datetime.now(UTC),
        data_revision=corpus.revision,
        code_commit=lineage.code_commit,
        training_rows=len(split.train),
        verdict=judgement.verdict,
        candidate=scores.evaluations[CANDIDATE],
        champion=scores.evaluations.get(CHAMPION),
        champion_version=champion.version if champion else "",
        ramp=judgement.ramp,
        history=history(run, recalled, scores, judgement),
        comparison=compared(run, split, scores),
        data=data_since(corpus, recalled, list(params.corpus.context), split.form),
        unjudged=coverage.of_split(split).unjudged,
        retired=listed_rows(split.retired),
        suspects=suspects(split.holdout, predicted),
        wear=wear.measure(split.holdout, right, decisions, params.gate.wear),
        attribution=attribution if isinstance(attribution, Attribution) else None,
        unattributed=attribution.reason if isinstance(attribution, Unchecked) else "",
        traffic=tuple(harvest.estimates(run.settings)),
        links=(("The bot", run.target.url()),),
    )
    page = run.folder / "report.html"
    for name, plot in render_plots(content).items():
        write_text(page.parent / name, plot)
    write_text(page.with_suffix(".md"), render_markdown(content))
    write_text(page, render(content))
    return page


def compared(run: Run, split: Split, scores: Scores) -> Comparison | None:
    """Return what the candidate gained and lost against the champion; None for the first model."""
    if CHAMPION not in scores.predictions:
        return None
    corpus = run.settings.params.corpus
    return comparison.compare(
        split.holdout,
        scores.predictions[CANDIDATE],
        scores.predictions[CHAMPION],
        context=list(corpus.context),
        out_of_scope=corpus.out_of_scope,
    )


def data_since(corpus: Corpus, recalled: Recalled, context: list[str], form: int) -> DataChanges | None:
    """Return how the corpus changed since the champion's; None where there is nothing to compare."""
    if recalled.before is None:
        return None
    return data_changes(recalled.before, corpus.frame, context, form)


def history(run: Run, recalled: Recalled, scores: Scores, judgement: Judgement) -> tuple[HistoryPoint, ...]:
    """Return all gated runs, this one last."""
    released = {release.model_version: release.id for release in run.registry.releases()}
    points = [
        HistoryPoint(
            date.fromisoformat(model.created_at[:10]),
            model.accuracy,
            model.interval,
            model.target,
            model.decision,
            released.get(model.version, ""),
        )
        for model in recalled.history
    ]
    now = scores.evaluations[CANDIDATE]
    decision = judgement.verdict.decision.value
    return (*points, HistoryPoint(date.today(), now.accuracy, now.interval, judgement.ramp.target, decision))
