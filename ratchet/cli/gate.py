"""`ratchet approve`, `reject`, `compare`: a person's part in the gate."""

from __future__ import annotations

from typing import Annotated

import typer

from ratchet.cli.context import Json, settings_for_models
from ratchet.cli.output import as_json, facts, out, share, took

Version = Annotated[str, typer.Argument(help="A registered model's version; see `ratchet history`.")]
By = Annotated[str, typer.Option(help="Name of the person who decides.")]
Reason = Annotated[str, typer.Option(help="Why; it is in the manifest and in the report.")]


def add_to(app: typer.Typer) -> None:
    """Add the commands."""
    app.command(
        epilog="Example:\n\n  ratchet approve 7 --by Ana --reason 'client wants the new intents' --expires 7d"
    )(approve)
    app.command(epilog="Example:\n\n  ratchet reject 7 --by Ana --reason 'wrong answers on visas'")(reject)
    app.command(epilog="Example:\n\n  ratchet compare 7 6")(compare)


def approve(
    version: Version,
    by: By,
    reason: Reason,
    expires: Annotated[str, typer.Option(help="How long the approval is valid: 12h, 7d, 2w.")] = "7d",
    json: Json = False,
) -> None:
    """Approve a model that the gate did not promote, and release it."""
    found = settings_for_models(version)
    from flows.override import override

    done = override(version=version, by=by, reason=reason, expires=expires, workspace=str(found.workspace))
    assert done is not None  # what is approved is released
    if json:
        as_json(done.as_dict())
    else:
        out.print(f"\nApproved by {by}. Release {done.id} is live after {took(done.seconds)}.")


def reject(version: Version, by: By, reason: Reason, json: Json = False) -> None:
    """Reject a model: it is not released again, whatever the gate decided."""
    found = settings_for_models(version)
    from flows.override import override
    from ratchet.domain.gate.verdict import Decision

    override(
        version=version,
        by=by,
        reason=reason,
        expires="90d",
        decision=Decision.REJECT,
        workspace=str(found.workspace),
    )
    if json:
        as_json({"version": version, "decision": "reject", "by": by, "reason": reason})
    else:
        out.print(f"\nVersion {version} is rejected by {by}. If it serves now: ratchet rollback")


def compare(
    first: Annotated[str, typer.Argument(help="A registered model's version.")],
    second: Annotated[str, typer.Argument(help="Another one.")],
    json: Json = False,
) -> None:
    """Compare two registered models on today's holdout."""
    found = settings_for_models(first, second)
    from flows.compare import compare as flow

    result = flow(first=first, second=second, workspace=str(found.workspace))
    if json:
        as_json(result.as_dict())
        return
    facts(
        [
            (f"version {first}", f"{share(result.first_accuracy)} on {result.rows:,} holdout messages"),
            (f"version {second}", share(result.second_accuracy)),
            ("only the first right", f"{len(result.comparison.gained):,}"),
            ("only the second right", f"{len(result.comparison.lost):,}"),
            ("p that the first is no worse", f"{result.comparison.p_worse:.3f}"),
        ]
    )
