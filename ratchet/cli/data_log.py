"""`ratchet data log` and `ratchet data blame`: who did what to the messages."""

from __future__ import annotations

from typing import Annotated

import typer
from rich.markup import escape

from ratchet.cli.context import Json, settings
from ratchet.cli.output import as_json, out


def add_to(data: typer.Typer) -> None:
    """Add the commands."""
    data.command(epilog="Examples:\n\n  ratchet data log\n\n  ratchet data log --rows 100 --json")(log)
    data.command(epilog='Example:\n\n  ratchet data blame "my card is gone"')(blame)


def log(
    rows: Annotated[int, typer.Option(help="Revisions to list.", min=1)] = 20,
    json: Json = False,
) -> None:
    """List the data revisions, the newest first: when, who, and what came in from where."""
    from ratchet.adapters.corpus import data_log

    found = data_log.entries(settings())
    if json:
        as_json([one.as_dict() for one in found[:rows]])
        return
    for one in found[:rows]:
        out.print(
            f"{one.date[:16].replace('T', ' ')}  [bold]{one.revision[:12] or '–':<12}[/bold]  {escape(one.author)}:"
            f" {escape(one.subject.removeprefix('Data: '))}"
        )
    if len(found) > rows:
        out.print(f"… and {len(found) - rows:,} more; see --rows or --json.")


def blame(
    text: Annotated[str, typer.Argument(help="A message; case and punctuation do not matter.")],
    json: Json = False,
) -> None:
    """Show when a message was added, by whom, its labels since, and its side."""
    from ratchet.adapters.corpus import data_log
    from ratchet.adapters.system import console

    found = data_log.blame(settings(), text, console.progress)
    if json:
        as_json(found.as_dict())
        return
    for one in found.events:
        label = " / ".join(one.intents) or "–"
        change = f"{' / '.join(one.was)} → {label}" if one.what == "relabelled" else label
        source = f", from {one.source}" if one.source and one.what != "removed" else ""
        out.print(
            f"{one.entry.date[:10]}  {one.what:<10} [bold]{escape(change)}[/bold]  {escape(one.entry.author)}"
            f" [dim]({one.entry.commit[:8]}, {escape(one.entry.subject)}{escape(source)})[/dim]"
        )
    moved = f", since {found.moved}: {found.reason}" if found.moved else ""
    out.print(f"side: {found.side or 'none'}, first seen {found.first_seen or '–'}{escape(moved)}")
