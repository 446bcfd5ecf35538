"""`ratchet release` and `rollback`."""

from __future__ import annotations

from typing import Annotated

import typer
from rich.markup import escape

from ratchet.cli.context import Json, settings, settings_for_flow, settings_for_models
from ratchet.cli.output import as_json, out, took
from ratchet.domain.release.manifest import Release, rollback_target


def add_to(app: typer.Typer) -> None:
    """Add the commands."""
    app.command(
        epilog="Examples:\n\n  ratchet release 12\n\n  ratchet release      # new code, the same model"
    )(release)
    app.command(epilog="Examples:\n\n  ratchet rollback\n\n  ratchet rollback --to 2026-11-21-3fa9c1")(
        rollback
    )


def release(
    version: Annotated[
        str | None,
        typer.Argument(
            help="A version from `ratchet history`, or `champion` for the live one; default: one that was "
            "promoted or approved and is not live, else the live one."
        ),
    ] = None,
    json: Json = False,
) -> None:
    """Release a registered model with the code of the working tree. If exactly that is live, nothing changes."""
    from ratchet.adapters.registry.mlflow import CHAMPION, Registry

    found = settings_for_models(*([version] if version not in (None, CHAMPION) else []))
    from flows.release import release as flow

    before = Registry(found).live()
    done = flow(version=version, workspace=str(found.workspace))
    if before is not None and before.live_since == done.live_since and not json:
        out.print(f"\nAlready live: release {done.id} (version {done.model_version}). Nothing was changed.")
        return
    show(done, "Live:", json)


def rollback(
    to: Annotated[str | None, typer.Option(help="A release that was live; default: the one before.")] = None,
    json: Json = False,
) -> None:
    """Put the previous release back, or another one that was live."""
    from ratchet.adapters.registry.mlflow import Registry
    from ratchet.adapters.targets import at_once

    here = settings()
    registry = Registry(here)
    live = registry.live()
    chosen = rollback_target(
        registry.releases(), live.id if live else None, to
    )  # said before a run could fail
    at_once.switch(here, registry, chosen, lambda said: None if json else out.print(escape(said)))
    found = settings_for_flow()
    from flows.rollback import rollback as flow

    done = flow(to=chosen.id, workspace=str(found.workspace))
    show(done, "Back on", json)


def show(done: Release, said: str, json: bool) -> None:
    """Print a release that is live now."""
    if json:
        as_json(done.as_dict())
    else:
        out.print(f"\n{said} release {done.id} (version {done.model_version}) after {took(done.seconds)}.")
