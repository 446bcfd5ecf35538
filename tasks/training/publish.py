"""publish: put what came of a training on its page in Prefect, before a release is tried."""

from __future__ import annotations

from datetime import date

from ratchet.adapters.prefect import flow_runs
from ratchet.adapters.run import Run
from ratchet.adapters.system.files import read_json
from ratchet.domain.corpus import coverage
from ratchet.domain.gate.case import Case
from ratchet.domain.gate.verdict import Verdict
from ratchet.domain.operations import run_names
from ratchet.domain.operations.summary import Outcome, Summary
from ratchet.domain.release.model import Model, Next
from ratchet.domain.wording import measured, p_value
from tasks.step import step

OUTCOMES = {"promote": Outcome.RELEASED, "reject": Outcome.REJECTED, "ask": Outcome.ASKS}


@step(lambda summary: name_of(summary))
def publish(run: Run, case: Case, model: Model, trial: bool = False) -> Summary:
    """Name the run by its verdict; show verdict, plots, and the ways to report and bot. Returns the figures so far."""
    summary = outline(run, case, model, trial)
    name = name_of(summary)
    flow_runs.rename(name)
    flow_runs.show_text("summary", name, links(run, model, trial))
    if summary.outcome is not Outcome.UNCHANGED and (found := read_json(run.folder / "verdict.json")):
        verdict = Verdict.from_dict(found)
        flow_runs.show_table("verdict", f"{name}: {' '.join(verdict.reasons)}", rows(verdict))
        for plot in sorted(run.folder.glob("*.svg")):
            flow_runs.show_plot(plot.stem, f"{plot.stem} of version {summary.model_version}", plot)
    return summary


def name_of(summary: Summary) -> str:
    """Name a run whose release is not tried yet by its verdict; one without news has ended."""
    if summary.outcome is Outcome.UNCHANGED:
        return run_names.retrained(date.today(), summary)
    return run_names.trained(date.today(), summary.data_revision, summary.accuracy, summary.verdict)


def links(run: Run, model: Model, trial: bool) -> str:
    """Return the ways to the report, to the model in MLflow's pages and to the bot, as a list in Markdown."""
    known = {
        "The report": run.registry.page(model, "report.html") if model.version else "",
        "The model": run.registry.model_page(model) if model.version else "",
        "The bot": "" if trial else run.target.url(),
    }
    return "\n".join(f"- [{label}]({url})" for label, url in known.items() if url)


def outline(run: Run, case: Case, model: Model, trial: bool) -> Summary:
    """Return the figures that people want to see, as they are now."""
    live = run.registry.live()
    outcome = Outcome.TRIED if trial else OUTCOMES[model.decision]
    return Summary(
        outcome=Outcome.UNCHANGED if case.next is Next.NOTHING else outcome,
        run=run.name,
        trigger=run.trigger,
        data_revision=case.corpus.revision,
        messages=len(case.corpus.frame),
        training_rows=len(case.sides.train),
        holdout_rows=len(case.sides.holdout),
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
        unjudged={one.intent: round(one.share, 4) for one in coverage.of_split(case.sides).unjudged},
        seconds=round(run.seconds, 1),
    )


def rows(verdict: Verdict) -> list[dict[str, str]]:
    """Return a row for each rule: its value beside its threshold, in few columns, which a phone has room for."""
    return [
        {
            "rule": f"{rule.outcome}: {rule.name}",
            "value (threshold)": f"{measured(rule.value, rule.unit)} ({measured(rule.threshold, rule.unit)})"
            + ("" if rule.p_value is None else f", p {p_value(rule.p_value)}"),
            "in words": rule.sentence,
        }
        for rule in verdict.rules
    ]
