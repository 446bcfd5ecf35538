"""`ratchet list`: the workspaces of this machine."""

from __future__ import annotations

import typer

from ratchet.cli.context import Json, settings
from ratchet.cli.output import as_json, columns, out
from ratchet.domain.errors import RatchetError


def add_to(app: typer.Typer) -> None:
    """Add the command."""
    app.command("list", epilog="Examples:\n\n  ratchet list\n\n  ratchet list --json")(list_workspaces)


def list_workspaces(json: Json = False) -> None:
    """List the workspaces of this machine of which something runs, and this one: port, live release, service."""
    from ratchet.adapters import listing

    try:
        found = listing.all_here(settings())
    except RatchetError:  # called outside of a workspace
        found = listing.all_here(None)
    if json:
        as_json([one.as_dict() for one in found])
        return
    if not found:
        out.print("No workspace runs here. Make one with `ratchet init DIR`.")
        return
    heads = ("name", "port", "live release", "replicas", "service", "workspace")
    rows = [
        (
            one.name or "?",
            str(one.port or "–"),
            one.release or "–",
            f"{one.ready}/{one.replicas}",
            f"up, pages on {one.prefect_port}" if one.service else "down",
            f"{one.workspace}{f' ({one.fault})' if one.fault else ''}",
        )
        for one in found
    ]
    columns(heads, rows)
