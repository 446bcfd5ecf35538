"""`ratchet fleet`, `serve` and `stop`: the replicas that serve."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Annotated

import typer

from ratchet.adapters.targets import serving
from ratchet.cli.context import Json, settings, settings_for_flow
from ratchet.cli.output import as_json, columns, out
from ratchet.domain.release.serving import everywhere
from ratchet.domain.wording import count

if TYPE_CHECKING:
    from ratchet.adapters.targets.target import ReplicaStatus, Target

fleet = typer.Typer(
    help="Show the replicas and their output.\n\nEnds with exit code 1 if a release is recorded and "
    "does not serve on every replica, else with 0.",
    invoke_without_command=True,
)


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
    from ratchet.adapters.registry.mlflow import Registry
    from ratchet.adapters.targets.choice import choose_target

    found = settings()
    target = choose_target(found)
    replicas = target.replicas()
    if json:
        as_json({"target": target.name, "url": target.url(), "replicas": [vars(one) for one in replicas]})
    elif replicas:
        table(target, replicas)
    live = Registry(found).live()  # asked last: what runs can be seen without it
    if live is None:
        if not replicas and not json:
            out.print(serving.NOTHING)
        return
    if everywhere(live, replicas):
        return
    if not json:
        mend = serving.mend(live, target.name, replicas)
        out.print(f"Release {live.id} is live, but {serving.lacking(live, replicas)}; {mend}.", markup=False)
    raise typer.Exit(1)


def table(target: Target, replicas: Sequence[ReplicaStatus]) -> None:
    """Print the replicas, and how they are spread over nodes."""
    columns(
        ["replica", "node", "release", "model", "health", "restarts", "since"],
        [
            [
                one.name,
                one.node or "–",
                one.release or "–",
                one.model_id[:12] or "–",
                "ready" if one.ready else "not ready",
                str(one.restarts),
                one.since[5:16].replace("T", " "),
            ]
            for one in replicas
        ],
    )
    nodes = sorted({one.node for one in replicas if one.node})
    out.print(
        f"\n{count(len(replicas), 'replica')} on {count(len(nodes), 'node')}, at {target.url()}", markup=False
    )
    if target.name == "process":
        out.print("One server on this machine; docs/fleet.md says how to get a fleet of replicas.")


@fleet.command()
def logs(
    lines: Annotated[int, typer.Option("--lines", "-n", min=1, help="Number of lines per replica.")] = 50,
) -> None:
    """Print the last lines of the replicas' output, from every node."""
    from ratchet.adapters.targets.choice import choose_target

    said = choose_target(settings()).logs(lines)
    out.print(said or "No replica runs.", markup=False)


def serve() -> None:
    """Start the live release again if it does not serve, for example after a reboot or `ratchet stop`."""
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
