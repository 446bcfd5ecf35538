"""publish: put what came of a training on its page in Prefect, before a release is tried."""

from __future__ import annotations

from datetime import date

from ratchet.adapters.prefect import flow_runs
from ratchet.adapters.run import Run
from ratchet.adapters.system.files import read_json
from ratchet.domain.corpus.corpus import Corpus
from ratchet.domain.corpus.ledger import Split
from ratchet.domain.gate.rules import Unit
from ratchet.domain.gate.verdict import Verdict
from ratchet.domain.operations import run_names
from ratchet.domain.operations.summary import Outcome
from ratchet.domain.release.model import Model
from ratchet.domain.wording import percent, points
from tasks.step import step
from tasks.training.recall import Recalled
from tasks.training.summarise import outline


@step(lambda name: name)
def publish(
    run: Run, corpus: Corpus, split: Split, model: Model, recalled: Recalled, trial: bool = False
) -> str:
    """Name the run by its verdict; show verdict, plots, and the ways to report and bot. Returns the name."""
    summary = outline(run, corpus, split, model, recalled, trial)
    name = run_names.retrained(date.today(), summary)
    flow_runs.rename(name)
    page = run.registry.page(model, "report.html") if model.version else ""
    links = {"The report": page, "The bot": "" if trial else run.target.url()}
    flow_runs.show_text(
        "summary", name, "\n".join(f"- [{label}]({url})" for label, url in links.items() if url)
    )
    if summary.outcome is not Outcome.UNCHANGED and (found := read_json(run.folder / "verdict.json")):
        verdict = Verdict.from_dict(found)
        flow_runs.show_table("verdict", f"{name}: {' '.join(verdict.reasons)}", rows(verdict))
        for plot in sorted(run.folder.glob("*.svg")):
            flow_runs.show_plot(plot.stem, f"{plot.stem} of version {summary.model_version}", plot)
    return name


def written(value: float, unit: Unit) -> str:
    """Write a rule's number as people read it."""
    match unit:
        case "share":
            return percent(value)
        case "points":
            return points(value)
        case "count":
            return f"{value:,.0f}"


def rows(verdict: Verdict) -> list[dict[str, str]]:
    """Return a row for each rule: its value beside its threshold."""
    return [
        {
            "rule": rule.name,
            "outcome": rule.outcome,
            "value": written(rule.value, rule.unit),
            "threshold": written(rule.threshold, rule.unit),
            "p": "" if rule.p_value is None else f"{rule.p_value:.3g}",
            "in words": rule.sentence,
        }
        for rule in verdict.rules
    ]
