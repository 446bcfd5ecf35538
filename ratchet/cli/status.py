"""`ratchet status` and `history`: what serves, how good it is, what waits, and what was before."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.markup import escape

from ratchet.adapters.targets import serving
from ratchet.cli.context import Json, settings
from ratchet.cli.output import as_json, duration, facts, out, share
from ratchet.domain.gate.override import Override
from ratchet.domain.release.manifest import Release
from ratchet.domain.release.model import Model
from ratchet.domain.release.serving import right

if TYPE_CHECKING:
    from ratchet.adapters.overview import Status
    from ratchet.domain.release.attempt import Attempt


def add_to(app: typer.Typer) -> None:
    """Add the commands."""
    app.command()(status)
    app.command()(history)


def status(json: Json = False) -> None:
    """Show what is live, on which data it was trained, how accurate it is, and what failed last.

    Ends with exit code 1 if a release is recorded and does not serve on every replica, else with 0.
    """
    from ratchet.adapters import overview

    found = overview.look(settings())
    if json:
        as_json(machine(found))
    else:
        facts(pending(found) + live(found))
        if not (found.live or found.waits or found.question):
            out.print(serving.NOTHING)
    if found.live and not found.serving:
        raise typer.Exit(1)


def machine(found: Status) -> dict[str, Any]:
    """Return the status for machines."""
    live, model, waits, asks = found.live, found.model, found.waits, found.question
    failed = found.attempt
    return {
        "workspace": found.workspace,
        "outdated": found.outdated or None,
        "serving": found.serving,
        "url": found.url if live else None,
        "release": live.id if live else None,
        "model_version": live.model_version if live else None,
        "digest": live.model_sha256 if live else None,
        "data_revision": live.lineage.data_revision if live else None,
        "code_commit": live.code_commit if live else None,
        "accuracy": model.accuracy if model else None,
        "interval": model.interval if model else None,
        "holdout_rows": model.holdout_rows if model else None,
        "traffic": found.traffic.as_dict() if found.traffic else None,
        "manifest": live.as_dict() if live else None,
        "waiting": waits.as_dict() | {"sentence": waits.sentence} if waits else None,
        "question": asks.as_dict() | {"sentence": asks.sentence} if asks else None,
        "last_attempt": failed.as_dict() | {"sentence": failed.sentence} if failed else None,
        "paused": found.paused or None,
        "replicas": [vars(replica) for replica in found.replicas],
    }


def pending(found: Status) -> list[tuple[str, str]]:
    """Return what waits for someone."""
    waits, failed = found.waits, found.attempt
    if waits and failed and waits.version == failed.version and not waits.busy:
        waits = replace(waits, why="its release failed")  # the attempt's own line says why
    said = [("workspace", found.outdated)] if found.outdated else []
    said += [("waiting", waits.sentence)] if waits else []
    said += [("last attempt", f"{failed.when:%Y-%m-%d %H:%M} UTC {failed.sentence}")] if failed else []
    return said + ([("question", found.question.sentence)] if found.question else [])


def live(found: Status) -> list[tuple[str, str]]:
    """Return what is said of the live release, nothing where there is none."""
    live, model = found.live, found.model
    if live is None or model is None:
        return []
    low, high = model.interval
    interval = f"{share(low)} to {share(high)}"
    states = [f"{r.name} {'ready' if r.ready else 'not ready'}" for r in found.replicas]
    serves = f"yes, at {found.url}"
    if not found.serving:
        how = "not everywhere" if right(live, found.replicas) else "no"
        mend = serving.mend(live, found.target, found.replicas)
        serves = f"{how}: {serving.lacking(live, found.replicas)}; {mend}"
    return [
        ("serving", serves),
        *([("paused", found.paused)] if found.paused else []),
        ("release", f"{live.id}, live since {live.live_since}, {live.reason}"),
        ("model", f"version {model.version}, sha256 {model.sha256[:12]}"),
        ("accuracy", f"{share(model.accuracy)} ({interval}) on {model.holdout_rows:,} messages"),
        *([("on real traffic", f"{found.traffic.sentence}, {found.traffic.name}")] if found.traffic else []),
        ("data", live.lineage.data_revision),
        ("code", live.code_commit or "without Git"),
        ("replicas", ", ".join(states) or "none"),
    ]


def history(
    limit: Annotated[int, typer.Option(help="How many of each to show, newest first.")] = 20,
    json: Json = False,
) -> None:
    """List the models with their verdicts, the releases, and the failed attempts to release, go back or serve."""
    from ratchet.adapters.registry.mlflow import Registry

    registry = Registry(settings())
    overrides = registry.overrides()
    models, releases = registry.models()[::-1][:limit], registry.releases()[::-1][:limit]
    failed = registry.attempts()[::-1][:limit]
    if json:
        as_json(
            {
                "models": [model.as_dict() for model in models],
                "releases": [release.as_dict() for release in releases],
                "attempts": [one.as_dict() for one in failed],
                "overrides": [made.as_dict() for made in overrides.values()],
            }
        )
        return
    list_models(models, overrides)
    out.print()
    list_releases(releases)
    if failed:
        out.print()
        list_attempts(failed)


def list_models(models: Sequence[Model], overrides: Mapping[str, Override]) -> None:
    """Print the models with their verdicts and what people said."""
    from rich.table import Table

    table = Table(
        "version", "trained", "data", "accuracy", "verdict", "reason", box=None, padding=(0, 2, 0, 0)
    )
    for model in models:
        made = overrides.get(model.version)
        table.add_row(
            model.version,
            model.created_at[:16],
            model.lineage.data_revision[:8],
            share(model.accuracy),
            f"{model.decision}; {made.decision} by {made.by}" if made else model.decision,
            model.reasons[0] if model.reasons else "",
        )
    out.print(table)


def list_releases(releases: Sequence[Release]) -> None:
    """Print the releases."""
    from rich.table import Table

    table = Table("release", "live since", "version", "took", "why", box=None, padding=(0, 2, 0, 0))
    for one in releases:
        table.add_row(one.id, one.live_since[:16], one.model_version, duration(one.seconds), one.reason)
    out.print(table)


def list_attempts(attempts: Sequence[Attempt]) -> None:
    """Print the failed attempts."""
    from rich.table import Table

    table = Table(box=None, padding=(0, 2, 0, 0))
    table.add_column("failed attempt", no_wrap=True)
    table.add_column("what, why, and what to do", overflow="fold")
    for one in attempts:
        table.add_row(one.at[:16], escape(one.sentence))
    out.print(table)
