"""`ratchet init`, `seed` and `adopt`."""

from __future__ import annotations

import shlex
import sys
from pathlib import Path
from typing import Annotated

import typer

from ratchet.adapters.system.console import note
from ratchet.cli.context import Json, settings, shared
from ratchet.cli.output import as_json, out
from ratchet.domain.errors import UsageError
from ratchet.domain.migration.project import Pipeline
from ratchet.domain.migration.table import HEADINGS
from ratchet.domain.operations.identity import Standing

SAID = {
    Standing.HOME: "{here} is where it belongs; there is nothing to adopt.",
    Standing.COPY: "{here} is a workspace of its own now; nothing of {home} was touched.",
    Standing.MOVED: "{here} is at home here now.",
}


def add_to(app: typer.Typer) -> None:
    """Add the commands."""
    app.command(
        epilog="Examples:\n\n  ratchet init my-bot\n\n  ratchet init demo --example helpdesk\n\n"
        "  ratchet init my-bot --from ../their-project --check      # only look\n\n"
        "  ratchet init my-bot --from ../their-project"
    )(init)
    app.command(epilog="Examples:\n\n  ratchet pipeline\n\n  ratchet pipeline own")(pipeline)
    app.command(epilog="Example:\n\n  ratchet seed examples/helpdesk/data")(seed)
    app.command(
        epilog="Examples:\n\n  ratchet adopt\n\n  ratchet adopt --copy      # where it cannot be seen which it is"
    )(adopt)


def init(
    folder: Annotated[Path, typer.Argument(help="A new or an empty folder.")],
    example: Annotated[str | None, typer.Option(help="Start with this example: helpdesk.")] = None,
    source: Annotated[
        Path | None, typer.Option("--from", help="Import this project of Rasa 1, 2 or 3.")
    ] = None,
    pipeline: Annotated[
        Pipeline,
        typer.Option(help="With --from: Ratchet's classifier, or the project's config.yml as it is."),
    ] = Pipeline.FAST,
    context: Annotated[
        list[str] | None, typer.Option(help="With --from: metadata that is a context field; repeatable.")
    ] = None,
    check: Annotated[
        bool, typer.Option("--check", help="With --from: print the table, write nothing.")
    ] = False,
    json: Json = False,
) -> None:
    """Make a workspace, with Git, DVC and a local remote: empty, with an example, or from a Rasa project."""
    target = folder.expanduser().absolute()
    if source is not None:
        if example is not None:
            raise UsageError(
                "A workspace begins with an example or with a project.", "Give --example or --from."
            )
        bring(source, target, pipeline, context or [], check, json)
        return
    if check or context:
        raise UsageError(
            "--check and --context belong to --from.", "Name the project: `--from ../their-project`."
        )
    from ratchet.adapters.scaffold import make_workspace

    make_workspace(target, example)
    if json:
        as_json({"workspace": str(target), "example": example})
        return
    out.print(f"Made the workspace {folder}.", markup=False)
    next_steps(folder, [] if example else ["ratchet ingest FILE.csv      # columns text and intent"])


def next_steps(folder: Path, first: list[str]) -> None:
    """Print what to do in a new workspace."""
    out.print("Next:")
    for line in (f"cd {shlex.quote(str(folder))}", *first, "ratchet retrain"):
        out.print(f"  {line}", markup=False)


def bring(source: Path, folder: Path, kind: Pipeline, context: list[str], check: bool, json: bool) -> None:
    """Bring a Rasa project, and print its table."""
    from ratchet.adapters.migration.migrate import PAGE, migrate

    done = migrate(source, folder, kind, context, check=check, say=note)
    if json:
        as_json({"workspace": str(folder), "counts": done.counts(), **done.as_dict()})
        return
    for name, heading in HEADINGS.items():
        rows = [row for row in done.rows if row.kind is name]
        out.print(f"[bold]{heading}[/bold]" if rows else f"[bold]{heading}[/bold]: nothing")
        for row in rows:
            out.print(f"  {row.sentence()}", markup=False)
    faulty = f", {done.faulty:,} faulty ones beside it" if done.faulty else ""
    said = f"{done.messages:,} messages of {done.intents} intents{faulty}, {done.rules} rules, {done.stories} stories"
    if check:
        out.print(f"\nNothing was written. It would have {said}.")
        return
    out.print(f"\nMade the workspace {folder}: {said}. The table is in {PAGE}.", markup=False)
    next_steps(folder, [])


def pipeline(
    name: Annotated[
        Pipeline | None, typer.Argument(help="fast or own; without it, print which one is in use.")
    ] = None,
    json: Json = False,
) -> None:
    """Switch a bot that came from Rasa between Ratchet's classifier and its own pipeline; both stay in bot/.

    The next report compares the two on the same holdout.
    """
    from ratchet.adapters.bot import pipelines

    bot = settings().bot
    changed = name is not None and pipelines.switch(bot, name)
    now = pipelines.in_use(bot)
    if json:
        as_json({"pipeline": now, "changed": changed})
        return
    out.print(f"The pipeline is {now.value}{' now' if changed else ''}: bot/config.yml.")
    if changed:
        out.print("Next: git commit -am 'Another pipeline', then ratchet retrain.")


def seed(
    source: Annotated[Path, typer.Argument(help="A folder with exactly the data that data.dvc points to.")],
) -> None:
    """Fill the empty data remote of a fresh clone from a folder; data that is there already is not an error."""
    from ratchet.adapters.corpus import dvc

    workspace = settings().workspace
    if dvc.seed(workspace, source.absolute()):
        out.print(f"Seeded the data remote with revision {dvc.revision(workspace)[:12]}.")
    else:
        out.print("The data remote has this revision already.")


def adopt(
    copy: Annotated[
        bool, typer.Option("--copy", help="It is a copy; the other one is still in use somewhere.")
    ] = False,
    moved: Annotated[bool, typer.Option("--moved", help="It was moved; there is only this one.")] = False,
    json: Json = False,
) -> None:
    """Make a copied or moved folder a workspace again: with an identity, ports and paths of its own.

    Ratchet finds out whether it was copied or moved; if it cannot, it asks you.
    """
    from ratchet.adapters import adopt as adoption
    from ratchet.adapters import environment
    from ratchet.adapters.settings import chosen_folder, find_workspace, read_settings
    from ratchet.adapters.workspace import identity

    if copy and moved:
        raise UsageError("A folder is not both a copy and moved.", "Give --copy or --moved.")
    here = find_workspace(chosen_folder(shared.workspace))
    found = read_settings(here)
    environment.tidy(found)
    seen, known = identity.standing(here)
    said = Standing.COPY if copy else Standing.MOVED if moved else None
    if seen is Standing.UNKNOWN and said is None and known and sys.stdin.isatty():
        out.print(
            f"{here} was at {known.home} when it was used last, and that cannot be looked at.", markup=False
        )
        only = typer.confirm("Is this the only one: was it moved?")
        said = Standing.MOVED if only else Standing.COPY
    notes: list[str] = []
    done = adoption.adopt(found, said, notes.append)
    home = known.home if known else str(here)
    if json:
        as_json({"workspace": str(here), "was": done, "home": home, "notes": notes})
        return
    for line in notes:
        out.print(f"  {line}", markup=False)
    out.print(SAID[done].format(here=here, home=home), markup=False)
    if done is not Standing.HOME:
        out.print("Start its bot with `ratchet serve`, its service with `ratchet up`.")
