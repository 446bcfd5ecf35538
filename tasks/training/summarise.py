"""summarise: say what came of a run."""

from __future__ import annotations

from datetime import date

from ratchet.adapters.prefect import flow_runs
from ratchet.adapters.run import Run
from ratchet.adapters.system.files import write_json
from ratchet.domain.corpus import coverage
from ratchet.domain.corpus.corpus import Corpus
from ratchet.domain.corpus.ledger import Split
from ratchet.domain.operations import run_names
from ratchet.domain.operations.summary import Outcome, Summary
from ratchet.domain.release.model import Model, Next
from tasks.step import step
from tasks.training.recall import Recalled

OUTCOMES = {"promote": Outcome.RELEASED, "reject": Outcome.REJECTED, "ask": Outcome.ASKS}


@step(lambda summary: f"{summary.outcome}: {summary.reasons[0] if summary.reasons else ''}".rstrip(": "))
def summarise(
    run: Run, corpus: Corpus, split: Split, model: Model, recalled: Recalled, trial: bool = False
) -> Summary:
    """Return the figures that people want to see, and keep them in the run's folder: the run went through.

    A release has given the run's page another name; it gets its own back.
    """
    summary = outline(run, corpus, split, model, recalled, trial)
    write_json(run.folder / "summary.json", summary.as_dict())
    flow_runs.rename(run_names.retrained(date.today(), summary))
    return summary


def outline(
    run: Run, corpus: Corpus, split: Split, model: Model, recalled: Recalled, trial: bool = False
) -> Summary:
    """Return the figures as they stand now."""
    live = run.registry.live()
    outcome = Outcome.TRIED if trial else OUTCOMES[model.decision]
    return Summary(
        outcome=Outcome.UNCHANGED if recalled.next is Next.NOTHING else outcome,
        run=run.name,
        trigger=run.trigger,
        data_revision=corpus.revision,
        messages=len(corpus.frame),
        training_rows=len(split.train),
        holdout_rows=len(split.holdout),
        model_version=model.version,
        model_id=model.model_id,
        model_sha256=model.sha256,
        accuracy=model.accuracy,
        interval=model.interval,
        champion=model.champion,
        champion_accuracy=model.champion_accuracy,
        verdict=model.decision,
        reasons=model.reasons,
        release=live.id if live else "",
        target=run.target.name,
        url=run.target.url() if live else "",
        report=model.report,
        unjudged={one.intent: round(one.share, 4) for one in coverage.of_split(split).unjudged},
        seconds=round(run.seconds, 1),
    )
