"""The application: options that all commands share, and the groups of commands."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from cli import corpus, fleet, gate, harvest, monitor, release, retrain, service, up, workspace
from cli.context import shared

app = typer.Typer(
    help="Retrain, gate and release a Rasa chatbot. Quality clicks forward and does not slip back.",
    no_args_is_help=True,
    rich_markup_mode="rich",
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)


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
) -> None:
    """Read the options before the command."""
    shared.workspace = workspace


for group in (workspace, corpus, retrain, release, fleet, gate, monitor, harvest, service, up):
    group.add_to(app)
