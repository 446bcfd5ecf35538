"""`ratchet forget`: a person's words are removed from everywhere that can be reached."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Annotated

import typer

from ratchet.cli.context import Json, settings
from ratchet.cli.output import as_json, facts, out
from ratchet.domain.errors import UsageError

if TYPE_CHECKING:
    from ratchet.adapters.forgetting import Forgotten


def add_to(app: typer.Typer) -> None:
    """Add the command."""
    app.command(
        epilog='Examples:\n\n  ratchet forget --text "my name is Ana Lopez"\n\n'
        "  ratchet forget --person ana-lopez --yes"
    )(forget)


def forget(
    text: Annotated[
        list[str] | None,
        typer.Option("--text", help="A message; case and punctuation do not matter; repeatable."),
    ] = None,
    person: Annotated[str | None, typer.Option(help="A sender's id, as the channel gets it.")] = None,
    again: Annotated[
        bool, typer.Option("--again", help="Remove again what was forgotten before and has come back.")
    ] = False,
    yes: Annotated[bool, typer.Option("--yes", help="Remove without asking.")] = False,
    json: Json = False,
) -> None:
    """Remove messages from the corpus, its older revisions, the conversation events and the samples, forever.

    Older data revisions are written again without them, in cache and remote; their ledgers stay, so that releases and
    rollbacks stay valid. What cannot be reached is listed.
    """
    if not text and not person and not again:
        raise UsageError("Nothing was named.", "Give --text, --person or --again.")
    found = settings()
    from ratchet.adapters import forgetting
    from ratchet.adapters.corpus import following
    from ratchet.adapters.registry.mlflow import Registry
    from ratchet.adapters.system import console
    from ratchet.adapters.system.lock import hold

    if not yes:
        ask()
    with hold(found.state / "run.lock", "A removal of someone's words"):
        following.bring_along(found.workspace, console.note)
        registered = [model.lineage.data_revision for model in Registry(found).models()]
        done = forgetting.forget(found, text or [], person, registered, console.progress)
    if json:
        as_json(done.as_dict())
        return
    show(done)


def ask() -> None:
    """Let a person agree; raises `UsageError` where no one can be asked."""
    if not sys.stdin.isatty():
        raise UsageError(
            "This is not a terminal, so Ratchet cannot ask, and nothing was removed.",
            "Add --yes to agree in advance.",
        )
    typer.confirm("The messages cannot be brought back. Remove them?", abort=True)


def show(done: Forgotten) -> None:
    """Print what was removed, and what could not be reached."""
    from ratchet.domain.wording import count

    parts = [count(done.messages, "message"), count(done.events, "event"), count(done.samples, "row")]
    out.print(f"Removed: {parts[0]}, {parts[1]}, {parts[2]} of samples.")
    facts(
        [
            ("data", f"revision {done.revision[:12]}; {len(done.rewritten):,} revisions were written again"),
            *[("lost", f"revision {one[:12]} could not be read") for one in done.lost],
            *[("still in", path) for path in done.left],
            *[("not reached", one) for one in done.beyond],
        ]
    )
    out.print("\nNext: git push, then ratchet retrain.")
