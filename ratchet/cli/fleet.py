"""`ratchet fleet`, `serve` and `stop`: the replicas that serve."""

from __future__ import annotations

from typing import Annotated

import typer

from ratchet.cli.context import Json, settings, settings_for_flow
from ratchet.cli.output import as_json, out

fleet = typer.Typer(help="Show the replicas that serve, and what they write.", invoke_without_command=True)


def add_to(app: typer.Typer) -> None:
    """Add the commands."""
    app.add_typer(fleet, name="fleet")
    app.command()(serve)
    app.command()(stop)


@fleet.callback()
def show(context: typer.Context, json: Json = False) -> None:
    """List the replicas: node, release, model, health, restarts, and how they are spread over nodes."""
    if context.invoked_subcommand is not None:
        return
    from rich.table import Table

    from ratchet.adapters.targets.choice import choose_target

    target = choose_target(settings())
    replicas = target.replicas()
    if json:
        as_json({"target": target.name, "url": target.url(), "replicas": [vars(one) for one in replicas]})
        return
    if not replicas:
        out.print("No replica runs. Make the first release with `ratchet retrain`.")
        return
    table = Table(
        "replica", "node", "release", "model", "health", "restarts", "since", box=None, padding=(0, 2, 0, 0)
    )
    for column in table.columns:
        column.no_wrap = True
    for one in replicas:
        health = "ready" if one.ready else "not ready"
        table.add_row(
            one.name,
            one.node or "–",
            one.release or "–",
            one.model_id[:12] or "–",
            health,
            str(one.restarts),
            one.since[5:16].replace("T", " "),
        )
    out.print(table)
    nodes = sorted({one.node for one in replicas if one.node})
    out.print(
        f"\n{len(replicas)} replicas on {len(nodes)} {'node' if len(nodes) == 1 else 'nodes'}, at {target.url()}"
    )
    if target.name == "process":
        out.print("One server on this machine; docs/fleet.md says how to get a fleet of replicas.")


@fleet.command()
def logs(
    lines: Annotated[int, typer.Option("--lines", "-n", min=1, help="How many of each replica.")] = 50,
) -> None:
    """Print the last lines that the replicas wrote, on whichever node they run."""
    from ratchet.adapters.targets.choice import choose_target

    said = choose_target(settings()).logs(lines)
    out.print(said or "No replica runs.", markup=False)


def serve() -> None:
    """Start the live release again where it does not serve: after a reboot or `ratchet stop`."""
    found = settings_for_flow()
    from flows.serve import serve as flow

    out.print(flow(workspace=str(found.workspace)))


def stop() -> None:
    """Stop the bot on this machine and the embedded Prefect server; `ratchet serve` starts them again."""
    from ratchet.adapters.prefect import server
    from ratchet.adapters.service import running
    from ratchet.adapters.targets.choice import choose_target
    from ratchet.adapters.targets.process import ProcessTarget

    found = settings()
    stopped: list[str] = []
    choose_target(found).stop(stopped.append)
    if found.target != ProcessTarget.name:  # what served before the target changed
        ProcessTarget(found).stop(stopped.append)
    if running.running(found):
        stopped.append("The service runs on, and can start the bot again; stop it with `ratchet down`.")
    elif server.stop_server(found):
        stopped.append("stopped: Prefect server")
    for line in stopped or ["Nothing was running."]:
        out.print(line)
