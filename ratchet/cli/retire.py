"""`ratchet data retire`: from the holdout to training, one way."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.markup import escape

from ratchet.cli.context import Json, settings, settings_for_flow
from ratchet.cli.output import as_json, facts, out
from ratchet.domain.errors import UsageError

if TYPE_CHECKING:
    from ratchet.domain.corpus.retirement import Retirement

BY_HAND, WORN = "by hand", "worn"


def add_to(data: typer.Typer) -> None:
    """Add the command."""
    data.command(
        epilog="Examples:\n\n  ratchet data retire book_table weather\n\n"
        "  ratchet data retire --worn --commit\n\n"
        "  ratchet data retire --worn --json      # only show what would move"
    )(retire)


def retire(
    intents: Annotated[list[str] | None, typer.Argument(help="Intents whose messages move.")] = None,
    worn: Annotated[
        bool,
        typer.Option(
            "--worn", help="Move only messages that decided more verdicts than gate.wear.max_decisions."
        ),
    ] = False,
    reason: Annotated[
        str | None, typer.Option(help='Why, for the ledger; default "worn" with --worn, else "by hand".')
    ] = None,
    yes: Annotated[bool, typer.Option("--yes", help="Move them without asking.")] = False,
    commit: Annotated[
        bool, typer.Option(help="Commit data.dvc to Git; the message lists what moved.")
    ] = False,
    json: Json = False,
) -> None:
    """Move messages from the holdout to training. There is no way back, and the next verdict asks a person.

    A message takes its near-duplicates in the holdout along, whatever their intent. What moves is shown first;
    with --json and without --yes it is only shown.
    """
    named = list(dict.fromkeys(intents or []))
    if not named and not worn:
        raise UsageError("Nothing was named.", "Name intents, or give --worn for the worn messages.")
    found = settings()
    from ratchet.adapters.corpus import data_revisions
    from ratchet.adapters.corpus.retirement import plan
    from ratchet.adapters.registry.mlflow import Registry

    corpus = data_revisions.read_revision(found, None)
    planned = plan(found, Registry(found), (corpus.frame, corpus.ledger), named, worn)
    revision = ""
    if not json:
        show(planned, worn)
    if planned.rows and (yes or not json):
        if not yes:
            ask()
        workspace = str(settings_for_flow().workspace)
        from flows.retire import retire as flow

        revision = flow(
            shown=planned.digest,
            workspace=workspace,
            intents=named,
            worn=worn,
            reason=reason or (WORN if worn else BY_HAND),
            commit=commit,
        )
    if json:
        as_json(machine(planned, revision))
    elif revision:
        done(planned, revision, commit)


def show(planned: Retirement, worn: bool) -> None:
    """Print what would move."""
    if not planned.rows:
        what = "is worn" if worn else "is in the holdout"
        out.print(f"[bold]Nothing to retire[/bold]: none of these messages {what}.")
        return
    out.print(escape(planned.sentence))
    if planned.unjudged:
        out.print(f"Without a message in the holdout afterwards: {escape(', '.join(planned.unjudged))}.")
    out.print("What is trained on can never be held out again. The next verdict asks a person.")


def ask() -> None:
    """Let a person agree; raises `UsageError` where no one can be asked."""
    if not sys.stdin.isatty():
        raise UsageError(
            "This is not a terminal, so Ratchet cannot ask, and nothing was moved.",
            "Add --yes to agree in advance.",
        )
    typer.confirm("Move them?", abort=True)


def machine(planned: Retirement, revision: str) -> dict[str, Any]:
    """Return the result for machines; `revision` is "" where nothing was moved."""
    content = {name: value for name, value in planned.as_dict().items() if name != "keys"}
    return {**content, "rows": planned.rows, "remaining": planned.remaining, "revision": revision}


def done(planned: Retirement, revision: str, committed: bool) -> None:
    """Print what came of it."""
    out.print(f"\n[green bold]Retired[/green bold]: {planned.rows:,} messages are trained on from now on.")
    facts([("holdout", f"{planned.remaining:,} messages"), ("revision", revision[:12])])
    first = "" if committed else "git commit data.dvc, then "
    out.print(f"\nNext: {first}ratchet retrain, and ratchet approve VERSION --by NAME --reason TEXT.")
