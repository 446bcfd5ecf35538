"""`ratchet init`, `seed` and `adopt`."""

from __future__ import annotations

import shlex
import sys
from pathlib import Path
from typing import Annotated

import typer

from ratchet.cli.context import Json, settings, shared
from ratchet.cli.output import as_json, out
from ratchet.domain.errors import UsageError
from ratchet.domain.operations.identity import Standing

SAID = {
    Standing.HOME: "{here} is where it belongs; there is nothing to adopt.",
    Standing.COPY: "{here} is a workspace of its own now; nothing of {home} was touched.",
    Standing.MOVED: "{here} is at home here now.",
}


def add_to(app: typer.Typer) -> None:
    """Add the commands."""
    app.command(epilog="Examples:\n\n  ratchet init my-bot\n\n  ratchet init demo --example helpdesk")(init)
    app.command(epilog="Example:\n\n  ratchet seed examples/helpdesk/data")(seed)
    app.command(
        epilog="Examples:\n\n  ratchet adopt\n\n  ratchet adopt --copy      # where it cannot be seen which it is"
    )(adopt)


def init(
    folder: Annotated[Path, typer.Argument(help="A new or an empty folder.")],
    example: Annotated[str | None, typer.Option(help="Start with this example: helpdesk.")] = None,
) -> None:
    """Make a workspace, with Git, DVC and a local remote: empty, or with an example corpus."""
    from ratchet.adapters.scaffold import make_workspace

    make_workspace(folder.expanduser().absolute(), example)
    out.print(f"Made the workspace {folder}.")
    out.print("Next:")
    out.print(f"  cd {shlex.quote(str(folder))}", markup=False)
    if example is None:
        out.print("  ratchet ingest FILE.csv      # columns text and intent")
    out.print("  ratchet retrain")


def seed(
    source: Annotated[Path, typer.Argument(help="A folder with the very data that data.dvc points to.")],
) -> None:
    """Fill the empty data remote of a fresh clone from a folder; already there is fine."""
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

    Whether it was copied or moved is found out by looking; where that cannot be seen, you are asked.
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
