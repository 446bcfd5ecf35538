"""`ratchet release`, `rollback`, `status`, `history`, `stop`, `chat`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from ratchet.cli.context import Json, settings, settings_for_flow
from ratchet.cli.output import as_json, duration, facts, out, share
from ratchet.domain.release.manifest import Release

if TYPE_CHECKING:
    from ratchet.adapters.settings import Settings
    from ratchet.domain.operations.sampling import Estimate


def add_to(app: typer.Typer) -> None:
    """Add the commands."""
    app.command(
        epilog="Examples:\n\n  ratchet release 12\n\n  ratchet release      # new code, the same model"
    )(release)
    app.command(epilog="Examples:\n\n  ratchet rollback\n\n  ratchet rollback --to 2026-11-21-3fa9c1")(
        rollback
    )
    app.command()(status)
    app.command()(history)


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


def status(json: Json = False) -> None:
    """Say what serves, on which data it was trained, and how good it is."""
    from ratchet.adapters.registry import waiting
    from ratchet.adapters.registry.mlflow import Registry
    from ratchet.adapters.targets.choice import choose_target
    from ratchet.adapters.workspace import version

    found = settings()
    outdated = version.outdated(found.workspace)
    traffic = newest_estimate(found)
    registry, target = Registry(found), choose_target(found)
    live = registry.live()
    model = registry.model(live.model_version) if live else None
    replicas = target.replicas()
    waits = waiting.seen(registry)
    serving = bool(live and replicas and all(r.ready and r.release == live.id for r in replicas))
    if json:
        as_json(
            {
                "workspace": str(found.workspace),
                "outdated": outdated or None,
                "serving": serving,
                "url": target.url() if live else None,
                "release": live.id if live else None,
                "model_version": live.model_version if live else None,
                "digest": live.model_sha256 if live else None,
                "data_revision": live.lineage.data_revision if live else None,
                "code_commit": live.code_commit if live else None,
                "accuracy": model.accuracy if model else None,
                "interval": model.interval if model else None,
                "holdout_rows": model.holdout_rows if model else None,
                "traffic": traffic.as_dict() if traffic else None,
                "manifest": live.as_dict() if live else None,
                "waiting": waits.as_dict() | {"sentence": waits.sentence} if waits else None,
                "replicas": [vars(replica) for replica in replicas],
            }
        )
        return
    about = [("workspace", outdated)] if outdated else []
    if live is None or model is None:
        facts(about + ([("waiting", waits.sentence)] if waits else []))
        if not waits:
            out.print("Nothing was released yet. Make the first release with `ratchet retrain`.")
        return
    low, high = model.interval
    facts(
        [
            *about,
            ("serving", f"yes, at {target.url()}" if serving else "no: start it with `ratchet retrain`"),
            ("release", f"{live.id}, live since {live.live_since}, {live.reason}"),
            *([("waiting", waits.sentence)] if waits else []),
            ("model", f"version {model.version}, sha256 {model.sha256[:12]}"),
            (
                "accuracy",
                f"{share(model.accuracy)} ({share(low)} to {share(high)}) on {model.holdout_rows:,} messages",
            ),
            *([("on real traffic", f"{traffic.sentence}, {traffic.name}")] if traffic else []),
            ("data", live.lineage.data_revision),
            ("code", live.code_commit or "without Git"),
            (
                "replicas",
                ", ".join(f"{r.name} {'ready' if r.ready else 'not ready'}" for r in replicas) or "none",
            ),
        ]
    )


def newest_estimate(found: Settings) -> Estimate | None:
    """Return the newest estimate on real traffic; what reads tables is imported only where there is a harvest."""
    if not (found.state / "harvest").is_dir():
        return None
    from ratchet.adapters.monitoring import harvest

    return next(iter(harvest.estimates(found)[::-1]), None)


def history(
    limit: Annotated[int, typer.Option(help="How many to show, newest first.")] = 20,
    json: Json = False,
) -> None:
    """List the models with their verdicts, and the releases."""
    from rich.table import Table

    from ratchet.adapters.registry.mlflow import Registry

    registry = Registry(settings())
    overrides = registry.overrides()
    models, releases = registry.models()[::-1][:limit], registry.releases()[::-1][:limit]
    if json:
        as_json(
            {
                "models": [model.as_dict() for model in models],
                "releases": [release.as_dict() for release in releases],
                "overrides": [made.as_dict() for made in overrides.values()],
            }
        )
        return
    table = Table(
        "version", "trained", "data", "accuracy", "verdict", "reason", box=None, padding=(0, 2, 0, 0)
    )
    for model in models:
        reason = model.reasons[0] if model.reasons else ""
        made = overrides.get(model.version)
        table.add_row(
            model.version,
            model.created_at[:16],
            model.lineage.data_revision[:8],
            share(model.accuracy),
            f"{model.decision}; {made.decision} by {made.by}" if made else model.decision,
            reason,
        )
    out.print(table)
    out.print()
    table = Table("release", "live since", "version", "took", "why", box=None, padding=(0, 2, 0, 0))
    for one in releases:
        table.add_row(one.id, one.live_since[:16], one.model_version, duration(one.seconds), one.reason)
    out.print(table)
