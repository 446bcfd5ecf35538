"""The application: options that all commands share, and the groups of commands."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from ratchet.cli import (
    backup,
    chat,
    corpus,
    data,
    doctor,
    encoder,
    fleet,
    forget,
    gate,
    handoff,
    harvest,
    listing,
    monitor,
    must,
    page,
    pause,
    release,
    rename,
    retrain,
    service,
    status,
    upgrade,
    workspace,
)
from ratchet.cli.context import shared
from ratchet.cli.output import out

app = typer.Typer(
    help="Retrain, gate and release a Rasa chatbot. Quality clicks forward and does not slip back.",
    no_args_is_help=True,
    rich_markup_mode="rich",
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)


def show_version(asked: bool) -> None:
    """Print the version and exit."""
    if asked:
        from importlib.metadata import version

        out.print(f"ratchet {version('ratchet')}")
        raise typer.Exit


@app.callback()
def options(
    workspace: Annotated[
        Path | None,
        typer.Option(
            "--workspace",
            "-w",
            envvar="RATCHET_WORKSPACE",
            help="The folder with params.yaml, data.dvc and bot/.",
        ),
    ] = None,
    version: Annotated[
        bool,
        typer.Option("--version", is_eager=True, callback=show_version, help="Print the version and exit."),
    ] = False,
) -> None:
    """Read the options before the command."""
    shared.workspace = workspace


for group in (
    workspace,
    corpus,
    data,
    rename,
    retrain,
    release,
    status,
    fleet,
    gate,
    must,
    encoder,
    monitor,
    harvest,
    forget,
    chat,
    handoff,
    pause,
    service,
    page,
    listing,
    upgrade,
    doctor,
    backup,
):
    group.add_to(app)
