"""`ratchet retrain`: the main job."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from ratchet.cli.context import Json, settings_for_flow
from ratchet.cli.output import as_json, facts, out, share, took
from ratchet.domain.operations.summary import Outcome, Summary

HEADLINES = {
    Outcome.RELEASED: "[green bold]Released.[/green bold]",
    Outcome.UNCHANGED: "[bold]Nothing new[/bold] since this model was trained.",
    Outcome.REJECTED: "[red bold]Rejected[/red bold]: the old release keeps serving.",
    Outcome.TRIED: "[bold]Tried[/bold]: nothing was registered or released.",
    Outcome.ASKS: "[yellow bold]Asks[/yellow bold]: a person has to decide; the old release keeps serving.",
}


class Target(StrEnum):
    """Where a release can run."""

    PROCESS = "process"
    SWARM = "swarm"


PROCESS = "process: one replica on this machine; --target swarm and docs/fleet.md give a fleet"


def add_to(app: typer.Typer) -> None:
    """Add the command."""
    app.command(
        epilog="Examples:\n\n  ratchet retrain\n\n  ratchet retrain --revision HEAD~3\n\n"
        "  ratchet retrain --json | jq .verdict\n\n"
        "  ratchet retrain --trial --markdown comment.md      # in a pull request"
    )(retrain)


def retrain(
    revision: Annotated[str | None, typer.Option(help="Use the corpus of this Git revision.")] = None,
    trigger: Annotated[str, typer.Option(help="Reason for the run, for the record.")] = "by hand",
    explain: Annotated[
        bool, typer.Option("--explain", help="Explain why accuracy changed, also if the gate promotes.")
    ] = False,
    target: Annotated[Target | None, typer.Option(help="Where to release; overrides RATCHET_TARGET.")] = None,
    trial: Annotated[
        bool, typer.Option("--trial", help="Train, judge and report, but register and release nothing.")
    ] = False,
    markdown: Annotated[
        Path | None, typer.Option(help="Also write the result to this file, for a pull request.")
    ] = None,
    json: Json = False,
) -> None:
    """Train on the corpus, compare with the champion, and release what the gate lets through.

    Exit code 0 also if the gate rejects: a verdict is a result. If nothing changed, nothing is trained.
    """
    settings = settings_for_flow(**({"target": target.value} if target else {}))
    from flows.retrain import retrain as flow

    summary = flow(
        workspace=str(settings.workspace),
        revision=revision,
        trigger=trigger,
        explained=explain,
        trial=trial,
        target=target.value if target else None,
    )
    if markdown:
        markdown.write_text(comment(summary, settings.runs / summary.run / "report.md"), encoding="utf-8")
    if json:
        as_json(summary.as_dict())
    else:
        show(summary)


def unjudged(summary: Summary) -> str:
    """Name the intents without a holdout message."""
    named = [f"{intent} ({share(of_all)})" for intent, of_all in summary.unjudged.items()]
    return f"{', '.join(named)}: without holdout messages, of all messages"


def comment(summary: Summary, report: Path) -> str:
    """Return the run's report as Markdown; in one sentence where nothing was trained."""
    if report.exists():
        return report.read_text(encoding="utf-8")
    return f"# Nothing to train\n\nVersion {summary.model_version} was trained from exactly this data and code.\n"


def show(summary: Summary) -> None:
    """Print the summary that ends a run."""
    low, high = summary.interval
    compared = (
        f"{share(summary.champion_accuracy)} (version {summary.champion}, same holdout)"
        if summary.champion
        else "none yet"
    )
    out.print()
    out.print(HEADLINES[summary.outcome])
    rows = [
        (
            "data",
            f"{summary.data_revision[:12]}: {summary.messages:,} messages, "
            f"{summary.training_rows:,} to train on, {summary.holdout_rows:,} held out",
        ),
        ("model", f"version {summary.model_version or 'none'}, sha256 {summary.model_sha256[:12]}"),
        ("accuracy", f"{share(summary.accuracy)} (95% interval {share(low)} to {share(high)})"),
        ("champion then", compared),
        ("verdict", summary.verdict),
        *[("", reason) for reason in summary.reasons],
        *([("unjudged", unjudged(summary))] if summary.unjudged else []),
        ("release", summary.release or "none is live"),
        ("talk to it", f"ratchet chat   ({summary.url}/chat)" if summary.url else "–"),
        *([("target", PROCESS)] if summary.target == "process" and summary.url else []),
        ("report", summary.report),
        ("took", took(summary.seconds)),
    ]
    facts(rows)
    if summary.outcome in (Outcome.REJECTED, Outcome.ASKS):
        out.print(
            f"\nTo release it all the same:\n  "
            f"ratchet approve {summary.model_version} --by NAME --reason TEXT"
        )
