"""What the options before the command said, and the connection to the Prefect server that flows need."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

if TYPE_CHECKING:
    from ratchet.adapters.settings import Settings

Json = Annotated[bool, typer.Option("--json", help="Print JSON for machines.")]


@dataclass
class Shared:
    """The options before the command."""

    workspace: Path | None = None
    tidied: bool = False
    """Whether this process's environment is already Ratchet's own."""


shared = Shared()


def settings(**overrides: Any) -> Settings:
    """Return the settings of the workspace that the command is for, whose identity is noted at its first use."""
    from ratchet.adapters import environment
    from ratchet.adapters.corpus import driver
    from ratchet.adapters.settings import load_settings  # with pandas and SciPy: no help text waits for those
    from ratchet.adapters.workspace import identity, linked

    found = load_settings(shared.workspace, **overrides)
    identity.claim(found.workspace)
    driver.install(found.workspace)
    linked.keep_out(found.workspace)
    if not shared.tidied:  # later on there is in it what Ratchet itself tells its tools
        environment.tidy(found)
        shared.tidied = True
    return found


def settings_for_flow(**overrides: Any) -> Settings:
    """Return the settings, with this process connected to the Prefect server that records the run."""
    from ratchet.adapters.prefect import server

    found = settings(**overrides)
    server.connect(found)
    return found


def settings_for_models(*versions: str) -> Settings:
    """Return the same for a flow on these models; a version that is not there is said before there is a run to fail."""
    from ratchet.adapters.registry.mlflow import Registry

    registry = Registry(settings())
    for version in versions:
        registry.model(version)
    return settings_for_flow()
