"""report: write the run's page, for people to read and to keep."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, date, datetime
from pathlib import Path

from ratchet.adapters.bot import near, traffic
from ratchet.adapters.monitoring import harvest
from ratchet.adapters.report.charts import HistoryPoint, history_points
from ratchet.adapters.report.page import MOST_EXAMPLES, Report, render_plots, write
from ratchet.adapters.run import Run
from ratchet.adapters.settings import Settings
from ratchet.adapters.system.files import write_text
from ratchet.domain.corpus import coverage, wear
from ratchet.domain.corpus.changes import DataChanges, data_changes
from ratchet.domain.corpus.ledger import Split
from ratchet.domain.corpus.retirement import listed_rows
from ratchet.domain.corpus.unchecked import Unchecked
from ratchet.domain.errors import RatchetError
from ratchet.domain.gate import comparison
from ratchet.domain.gate.attribution import Attribution
from ratchet.domain.gate.case import Case
from ratchet.domain.gate.comparison import Comparison, Example
from ratchet.domain.gate.evaluation import correctness
from ratchet.domain.gate.judgement import Judgement
from ratchet.domain.gate.nearest import Nearest
from ratchet.domain.gate.scores import CANDIDATE, CHAMPION, Scores
from ratchet.domain.gate.suspects import Suspect, suspects
from tasks.step import note, say, step


@step(str)
def report(run: Run, judgement: Judgement) -> Path:
    """Write one self-contained page of HTML, with plots and Markdown beside it; return the page's path."""
    content = contents(run, judgement)
    for name, plot in render_plots(content).items():
        write_text(run.folder / name, plot)
    return write(content, run.folder)


def contents(run: Run, judgement: Judgement) -> Report:
    """Return all that the page shows."""
    params, case, scores, why = run.settings.params, judgement.case, judgement.scores, judgement.why
    corpus, split, champion = case.corpus, case.sides, case.champion
    predicted = scores.predictions[CANDIDATE]
    right = correctness(split.holdout, predicted, out_of_scope=params.corpus.out_of_scope)
    decisions = wear.decisions_by_row(split.holdout, case.history, case.holdout_version)
    compared_rows = compared(run, split, scores)
    doubted = suspects(split.holdout, predicted, params.validation.suspect_ratio)
    return Report(
        title=f"Retrain of {run.settings.workspace.name}",
        run=run.name,
        made_at=datetime.now(UTC),
        data_revision=corpus.revision,
        code_commit=case.lineage.code_commit,
        training_rows=len(split.train),
        verdict=judgement.verdict,
        candidate=scores.evaluations[CANDIDATE],
        champion=scores.evaluations.get(CHAMPION),
        champion_version=champion.version if champion else "",
        ramp=judgement.ramp,
        history=history(run, judgement),
        comparison=compared_rows,
        data=data_since(case, list(params.corpus.context)),
        unjudged=coverage.of_split(split).unjudged,
        retired=listed_rows(split.retired),
        suspects=doubted,
        wear=wear.measure(split.holdout, right, decisions, params.gate.wear),
        attribution=why if isinstance(why, Attribution) else None,
        unattributed=why.reason if isinstance(why, Unchecked) else "",
        traffic=tuple(harvest.estimates(run.settings)),
        rated=rated(run.settings),
        nearest=nearest(run, judgement, [*doubted[:MOST_EXAMPLES], *shown(compared_rows)]),
        links=(("The bot", run.target.url()),),
        whole=judgement.whole,
        dialogue=judgement.dialogue,
        successions=case.successions,
        entity_attribution=judgement.why_entities,
    )


def rated(settings: Settings) -> tuple[int, int]:
    """Return how many answers users rated up, and down; where that cannot be found, a note says so."""
    try:
        return traffic.rated(settings, harvest.began(settings, datetime.now(UTC)))
    except RatchetError as error:
        note(f"The report does not show what users rated: {error.fact}")
        return 0, 0


def nearest(
    run: Run, judgement: Judgement, rows: Sequence[Suspect | Example]
) -> dict[str, tuple[Nearest, ...]]:
    """Return the nearest training messages of those that the page shows; {} without a sentence encoder.

    If they cannot be found, a note says so and the page omits them.
    """
    encoder = judgement.case.lineage.encoder
    try:
        texts = [row.text for row in rows]
        return near.find(run.settings, encoder, judgement.case.sides.train, texts, say) if encoder else {}
    except RatchetError as error:
        note(f"The report does not show the nearest training messages: {error.fact}")
        return {}


def shown(compared_rows: Comparison | None) -> list[Example]:
    """Return the compared rows that the page lists."""
    if compared_rows is None:
        return []
    return [*compared_rows.lost[:MOST_EXAMPLES], *compared_rows.gained[:MOST_EXAMPLES]]


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


def data_since(case: Case, context: list[str]) -> DataChanges | None:
    """Return how the corpus changed since the champion's; None where there is nothing to compare."""
    if case.before is None:
        return None
    return data_changes(case.before, case.corpus.frame, context, case.sides.form)


def history(run: Run, judgement: Judgement) -> tuple[HistoryPoint, ...]:
    """Return all gated runs, this one last."""
    points = history_points(judgement.case.history, run.registry.releases())
    now = judgement.scores.evaluations[CANDIDATE]
    decision = judgement.verdict.decision.value
    return (*points, HistoryPoint(date.today(), now.accuracy, now.interval, judgement.ramp.target, decision))
