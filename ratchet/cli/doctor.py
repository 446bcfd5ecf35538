"""`ratchet doctor`: what is wrong, and the command that repairs it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Annotated

import typer
from rich.markup import escape

from ratchet.cli.context import Json, settings, settings_for_flow
from ratchet.cli.output import as_json, err, out

if TYPE_CHECKING:
    from ratchet.adapters.settings import Settings
    from ratchet.domain.operations.doctor import Fault

FOUND = 1
"""The exit code where something is left that is wrong."""


def add_to(app: typer.Typer) -> None:
    """Add the command."""
    app.command(
        epilog="Examples:\n\n  ratchet doctor\n\n  ratchet doctor --mend\n\n"
        "  ratchet doctor --offline --json      # asks no server, registry or store outside this machine"
    )(doctor)


def doctor(
    mend: Annotated[bool, typer.Option("--mend", help="Repair what can be repaired.")] = False,
    offline: Annotated[bool, typer.Option("--offline", help="Make no network requests.")] = False,
    json: Json = False,
) -> None:
    """Find faults in this workspace and in what serves it. Exit code 0 without faults, else 1.

    It looks at the registry and its aliases, the bundles or images of the live and the last good release, the replicas,
    secrets, the disk, data.dvc and the data remote, and the service. Without --mend it changes nothing.
    """
    found = settings()
    from ratchet.adapters.rescue import examination
    from ratchet.adapters.system import console

    running = examination.busy(found)
    with console.step("doctor") as line:
        faults = examination.examine(found, console.progress, not offline, moving=bool(running))
        line.result = f"{len(faults)} found" if faults else "nothing is wrong"
    before = faults
    if mend and any(fault.mendable for fault in faults):
        faults = put_right(found, faults, offline)
    if json:
        mended = [one for one in before if one not in faults]
        as_json(
            {
                "faults": [fault.as_dict() for fault in faults],
                "mended": [fault.as_dict() for fault in mended],
                "in_progress": running,
            }
        )
    else:
        show(faults, running)
    if faults:
        raise typer.Exit(FOUND)


def put_right(found: Settings, faults: Sequence[Fault], offline: bool) -> list[Fault]:
    """Mend what can be mended and return what is wrong after that."""
    from ratchet.adapters.rescue import examination
    from ratchet.adapters.rescue.mending import BY_COMMAND
    from ratchet.adapters.service import running
    from ratchet.adapters.system import console

    if any(fault.mendable and fault.name not in BY_COMMAND for fault in faults):
        settings_for_flow()
        from flows.mend import mend as flow

        flow(workspace=str(found.workspace))
    if any(fault.name in BY_COMMAND for fault in faults) and not running.running(found):
        running.detach(settings(), [])
    return examination.examine(settings(), console.progress, not offline)


def show(faults: Sequence[Fault], in_progress: str) -> None:
    """Print each fault with its remedy."""
    if in_progress:
        err.print(f"{in_progress} is in progress: release and replicas are not looked at.", markup=False)
    if not faults:
        out.print("Nothing is wrong.")
        return
    for fault in faults:
        out.print(f"[red]✗[/red] [bold]{escape(fault.name)}[/bold]: {escape(fault.fact)}")
        if fault.remedy:
            out.print(f"  {escape(fault.remedy)}")
    can = sum(fault.mendable for fault in faults)
    if can:
        out.print(f"\n`ratchet doctor --mend` puts {can} of {len(faults)} right.")
