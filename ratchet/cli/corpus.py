"""`ratchet ingest`, `validate` and `remote set`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.markup import escape

from ratchet.cli.context import Json, settings, settings_for_flow
from ratchet.cli.output import as_json, facts, out
from ratchet.domain.errors import UsageError

if TYPE_CHECKING:
    from ratchet.domain.corpus.findings import Finding, ValidationReport
    from ratchet.domain.corpus.intake import Intake

SHOWN, SAMPLES = 5, 2

Files = Annotated[
    list[Path] | None, typer.Argument(help="CSV, TSV, JSON Lines, Excel, Rasa NLU YAML, or folders.")
]
TextColumn = Annotated[str, typer.Option("--text-column", help="The column with the messages.")]
IntentColumn = Annotated[str, typer.Option("--intent-column", help="The column with the labels.")]
Context = Annotated[
    list[str] | None, typer.Option("--context", help="A context field's column, as role=dept; repeatable.")
]

Sheet = Annotated[str | None, typer.Option("--sheet", help="The sheet of an Excel workbook.")]
Encoding = Annotated[
    str | None,
    typer.Option(
        "--encoding", help="Encoding of a text file, such as windows-1250; by default detected, or asked for."
    ),
]
Unescape = Annotated[
    bool, typer.Option("--unescape", help="Convert HTML to text: &amp; and tags such as <br>.")
]


def add_to(app: typer.Typer) -> None:
    """Add the commands."""
    app.command(
        epilog="Examples:\n\n  ratchet ingest new.csv --commit\n\n"
        "  ratchet ingest export.xlsx --text-column Question --intent-column Process --context role=Dept\n\n"
        "  ratchet ingest nlu/\n\n  ratchet ingest      # take in what was edited in data/utterances.csv"
    )(ingest)
    app.command(
        epilog="Examples:\n\n  ratchet validate new.csv\n\n  ratchet validate      # the corpus itself"
    )(validate)
    remote = typer.Typer(help="Where the data is kept.", no_args_is_help=True)
    remote.command(
        "set",
        epilog="Examples:\n\n  ratchet remote set s3://bucket/path\n\n  ratchet remote set /mnt/share/bot",
    )(set_remote)
    app.add_typer(remote, name="remote")


def ingest(
    files: Files = None,
    text_column: TextColumn = "text",
    intent_column: IntentColumn = "intent",
    context: Context = None,
    sheet: Sheet = None,
    encoding: Encoding = None,
    unescape: Unescape = False,
    relabel: Annotated[
        bool, typer.Option(help="Replace the old label of the same text by the new one.")
    ] = False,
    drop_faulty: Annotated[
        bool, typer.Option(help="Skip rows with errors instead of refusing the file.")
    ] = False,
    remember: Annotated[
        bool, typer.Option(help="Save the options for columns, sheet and encoding in params.yaml.")
    ] = True,
    commit: Annotated[
        bool, typer.Option(help="Commit data.dvc to Git; the message lists what was ingested.")
    ] = False,
    json: Json = False,
) -> None:
    """Add labelled messages to the corpus: all of them or none.

    Without files, ingest manual changes in data/utterances.csv. Exit code 1 if rows are refused.
    """
    found = settings_for_flow()
    from flows.ingest import ingest as flow
    from ratchet.adapters.corpus import uncommitted

    before = uncommitted.pending(found.workspace)
    result = flow(
        workspace=str(found.workspace),
        files=[str(file.absolute()) for file in files or []],
        text_column=text_column,
        intent_column=intent_column,
        context_columns=pairs(context),
        sheet=sheet,
        encoding=encoding,
        unescape=unescape,
        remember=remember,
        relabel=relabel,
        drop_faulty=drop_faulty,
        commit=commit,
    )
    if json:
        as_json(result.as_dict())
    else:
        left = uncommitted.pending(found.workspace)
        print_intake(result, left, before and not left)
    if not result.accepted:
        raise typer.Exit(1)


def validate(
    files: Files = None,
    text_column: TextColumn = "text",
    intent_column: IntentColumn = "intent",
    context: Context = None,
    sheet: Sheet = None,
    encoding: Encoding = None,
    unescape: Unescape = False,
    review: Annotated[
        bool, typer.Option(help="List suspected label errors too; trains a small model.")
    ] = True,
    json: Json = False,
) -> None:
    """Check files as if they were ingested, or the corpus itself, and change nothing.

    Exit code 1 if there are errors.
    """
    found = settings()
    from ratchet.adapters.corpus import dry_run
    from ratchet.adapters.readers.reading import Columns
    from ratchet.adapters.report import validation

    columns = Columns(text_column, intent_column, pairs(context), sheet, encoding)
    report = dry_run.check(found, files or [], columns, review, unescape)
    page = validation.write_validation(found.state / "validation", report)
    if json:
        as_json(report.as_dict())
    else:
        print_report(report)
        out.print(f"\nThe whole report: {page}", markup=False)
    if not report.ok:
        raise typer.Exit(1)


def set_remote(
    url: Annotated[str, typer.Argument(help="s3://bucket/path, or a folder.")],
    endpoint: Annotated[str | None, typer.Option(help="An S3 endpoint other than AWS.")] = None,
    profile: Annotated[
        str | None, typer.Option(help="A profile in the AWS configuration of this machine.")
    ] = None,
) -> None:
    """Move the data to another remote: checks that it is writable and readable, then copies the data.

    Keys come from the environment (AWS_ACCESS_KEY_ID, …) or the AWS configuration; they are not written to a file.
    """
    found = settings()
    from ratchet.adapters.corpus import remote

    address, brought = remote.move(found, url, endpoint or found.s3_endpoint, profile)
    out.print(f"The data is kept in {address}.", markup=False)
    if brought:
        out.print(f"Data revision {brought[:12]} was copied there.")
    out.print("Commit .dvc/config, so that others use it too.")


def pairs(words: list[str] | None) -> dict[str, str]:
    """Read `field=column` words."""
    split = [word.partition("=") for word in words or []]
    for (field, _, column), word in zip(split, words or [], strict=True):
        if not field or not column:
            raise UsageError(
                f"--context {word} is not of the form field=column.", "For instance: --context role=Dept."
            )
    return {field: column for field, _, column in split}


def print_intake(result: Intake, left: bool, finished: bool) -> None:
    """Print what came of an ingest; `left`: data.dvc is not committed; `finished`: an earlier one is now."""
    print_report(result.report)
    out.print()
    if not result.accepted:
        out.print("[red bold]Refused[/red bold]: nothing was changed.")
        leave_out = (
            ", or leave them out with --drop-faulty" if result.report.faulty or result.report.unread else ""
        )
        out.print(f"Correct {'the rows' if leave_out else 'what the errors name'}{leave_out}.")
    elif not result.changed and left:
        out.print("[bold]No new messages[/bold], and data.dvc of an earlier ingest is not committed yet.")
    elif not result.changed and finished:
        out.print("[bold]No new messages[/bold]; what an earlier ingest left uncommitted is committed now.")
    elif not result.changed:
        out.print("[bold]Nothing new[/bold]: the corpus has all these messages.")
    else:
        out.print(f"[green bold]Taken in[/green bold]: {escape(result.headline().removeprefix('Data: '))}.")
    sides = ", ".join(f"{number:,} {side}" for side, number in result.sides.items())
    facts(
        [
            (
                "corpus",
                f"{result.messages:,} messages, {result.intents} intents, revision {result.revision[:12]}",
            ),
            *([("new texts", sides)] if sides else []),
            *([("known", f"{result.known:,} rows were in the corpus already")] if result.known else []),
            *([("left out", f"{result.left_out:,} faulty rows")] if result.left_out else []),
            ("report", result.page),
        ]
    )
    if result.accepted and left:
        out.print("\nNext: git commit data.dvc, then ratchet retrain.")


def print_report(report: ValidationReport) -> None:
    """Print what was done to the rows, then errors, then warnings, each with its first rows."""
    groups = (
        ("cyan", "note", report.account),
        ("red", "error", report.errors),
        ("yellow", "warning", report.warnings),
    )
    for style, kind, findings in groups:
        for finding in findings:
            out.print(
                f"[{style} bold]{kind}[/{style} bold] {escape(finding.rule)}: {escape(finding.sentence)}"
            )
            print_rows(finding, SAMPLES if kind == "note" else SHOWN)


def print_rows(finding: Finding, most: int) -> None:
    """Print the first rows of a finding."""
    for place, text in finding.lines()[:most]:
        out.print(f"    [dim]{escape(place)}[/dim]  {escape(text)}")
    if finding.rows and finding.count > most:
        out.print(f"    [dim]… and {finding.count - most:,} more[/dim]")
