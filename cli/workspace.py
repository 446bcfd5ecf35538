"""`ratchet init` and `ratchet seed`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from cli.context import settings
from cli.output import out


def add_to(app: typer.Typer) -> None:
    """Add the commands."""
    app.command(epilog="Examples:\n\n  ratchet init my-bot\n\n  ratchet init demo --example helpdesk")(init)
    app.command(epilog="Example:\n\n  ratchet seed examples/helpdesk/data")(seed)


def init(
    folder: Annotated[Path, typer.Argument(help="A new or an empty folder.")],
    example: Annotated[str | None, typer.Option(help="Start with this example: helpdesk.")] = None,
) -> None:
    """Make a workspace, with Git, DVC and a local remote: empty, or with an example corpus."""
    from adapters.scaffold import make_workspace

    make_workspace(folder.expanduser().absolute(), example)
    out.print(f"Made the workspace {folder}.")
    out.print("Next:")
    out.print(f"  cd {folder}")
    if example is None:
        out.print("  ratchet ingest FILE.csv      # columns text and intent")
    out.print("  ratchet retrain")


def seed(
    source: Annotated[Path, typer.Argument(help="A folder with the very data that data.dvc points to.")],
) -> None:
    """Fill the empty data remote of a fresh clone from a folder; already there is fine."""
    from adapters import dvc

    workspace = settings().workspace
    if dvc.seed(workspace, source.absolute()):
        out.print(f"Seeded the data remote with revision {dvc.revision(workspace)[:12]}.")
    else:
        out.print("The data remote has this revision already.")
