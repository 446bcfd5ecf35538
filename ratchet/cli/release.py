"""`ratchet release` and `rollback`."""

from __future__ import annotations

from typing import Annotated

import typer

from ratchet.cli.context import Json, settings_for_flow
from ratchet.cli.output import as_json, duration, out
from ratchet.domain.release.manifest import Release


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
    """Release a registered model with the code of the working tree; what is live already stays as it is."""
    found = settings_for_flow()
    from flows.release import release as flow

    done = flow(version=version, workspace=str(found.workspace))
    show(done, "Live:", json)


def rollback(
    to: Annotated[str | None, typer.Option(help="A release that was live; default: the one before.")] = None,
    json: Json = False,
) -> None:
    """Put the previous release back, or another one that was live."""
    found = settings_for_flow()
    from flows.rollback import rollback as flow

    done = flow(to=to, workspace=str(found.workspace))
    show(done, "Back on", json)


def show(done: Release, said: str, json: bool) -> None:
    """Print a release that is live now."""
    if json:
        as_json(done.as_dict())
    else:
        out.print(
            f"\n{said} release {done.id} (version {done.model_version}) after {duration(done.seconds)}."
        )
