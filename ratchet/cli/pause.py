"""`ratchet pause` and `ratchet resume`: stop the bot, and let it answer again."""

from __future__ import annotations

import getpass
from typing import Annotated, Any

import typer
from rich.markup import escape

from ratchet.cli.context import Json, settings
from ratchet.cli.output import as_json, out
from ratchet.domain.operations.fleet import sentence
from ratchet.domain.operations.handoff import paused_sentence


def add_to(app: typer.Typer) -> None:
    """Add the commands."""
    app.command(
        epilog='Examples:\n\n  ratchet pause --say "We are back at 2 pm."\n\n'
        '  ratchet pause --say "A colleague will answer you." --handoff'
    )(pause)
    app.command(epilog="Example:\n\n  ratchet resume")(resume)


def pause(
    say: Annotated[str, typer.Option(help="Text that every user gets as the answer.")],
    handoff: Annotated[
        bool,
        typer.Option(
            "--handoff", help="Hand each new conversation to a person, and send the text only once in it."
        ),
    ] = False,
    by: Annotated[str | None, typer.Option(help="Who stops it; default: your login.")] = None,
    json: Json = False,
) -> None:
    """Stop the bot on all replicas at once, without a release. It lasts over restarts and releases, until `resume`.

    Ratchet's own checks are still answered by the bot.
    """
    from ratchet.adapters.targets import desks

    made = desks.for_operator(settings()).pause(say, handoff, by or getpass.getuser())
    if json:
        as_json({"paused": made})
        return
    out.print(escape(sentence(paused_sentence(made))))


def resume(json: Json = False) -> None:
    """Let the bot answer again, on all replicas at once; people keep the conversations that they have."""
    from ratchet.adapters.targets import desks

    before: dict[str, Any] | None = desks.for_operator(settings()).resume()
    if json:
        as_json({"paused": None, "before": before})
    elif before:
        out.print("The bot answers again.")
    else:
        out.print("The bot was not stopped.")
