"""`ratchet handoff`: answer people in the bot's place."""

from __future__ import annotations

import getpass
import time
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.markup import escape

from ratchet.cli.context import Json, settings
from ratchet.cli.output import as_json, columns, out
from ratchet.domain.operations import handoff

if TYPE_CHECKING:
    from ratchet.adapters.bot.desk import Desk

Conversation = Annotated[str, typer.Argument(help="As `ratchet handoff list` names it: web/anna.")]
Text = Annotated[str, typer.Argument(help="What to write.")]
By = Annotated[str | None, typer.Option(help="Who you are; default: your login.")]


def add_to(app: typer.Typer) -> None:
    """Add the commands."""
    group = typer.Typer(
        help="Answer people in the bot's place: the bot is silent in a conversation until you give it back.",
        no_args_is_help=True,
    )
    group.command("list", epilog="Example:\n\n  ratchet handoff list")(show)
    group.command(epilog="Example:\n\n  ratchet handoff take web/anna --minutes 30")(take)
    group.command(epilog="Example:\n\n  ratchet handoff read web/anna --mask")(read)
    group.command(epilog='Example:\n\n  ratchet handoff reply web/anna "Your laptop is at the desk."')(reply)
    group.command(epilog='Example:\n\n  ratchet handoff note web/anna "asked the facility team"')(note)
    group.command(epilog="Example:\n\n  ratchet handoff close web/anna")(close)
    group.command("return", epilog="Example:\n\n  ratchet handoff return web/anna")(give_back)
    app.add_typer(group, name="handoff")


def show(json: Json = False) -> None:
    """List the conversations that are handed off, the one that waits for longest first."""
    found = desk().conversations()
    if json:
        as_json({"conversations": found})
    elif found:
        columns(
            ("conversation", "who has it", "handed off for", "unanswered"), handoff.rows(found, time.time())
        )
    else:
        out.print("No conversation is handed off.")


def take(
    conversation: Conversation,
    minutes: Annotated[
        float, typer.Option(help="Minutes for which you keep it without writing.", min=0.1)
    ] = 15.0,
    by: By = None,
    json: Json = False,
) -> None:
    """Take a conversation: no one else can, until the time is over; each reply of yours begins 15 minutes again."""
    made = desk().change("take", conversation, by or getpass.getuser(), minutes=minutes)
    tell(made, f"{conversation} is yours for {minutes:g} minutes.", json)


def read(
    conversation: Conversation,
    mask: Annotated[
        bool, typer.Option("--mask", help="Mask e-mail addresses, phone, card and account numbers.")
    ] = False,
    json: Json = False,
) -> None:
    """Show what was said in a conversation that was handed off, before it and since."""
    found = desk().read(conversation)
    if mask:
        from ratchet.domain.corpus import personal_data

        parts = [
            {**one, "text": personal_data.mask(one.get("text") or "")}
            for one in [*found["before"], *found["lines"]]
        ]
        cut = len(found["before"])
        found = {**found, "before": parts[:cut], "lines": parts[cut:]}
    if json:
        as_json(found)
        return
    if found["left_out"]:
        out.print(f"{found['left_out']} older lines are not kept any more.")
    for at, who, text in handoff.transcript(found):
        out.print(f"[dim]{at}[/dim] [bold]{escape(who)}[/bold] {escape(text)}")


def reply(conversation: Conversation, text: Text, by: By = None, json: Json = False) -> None:
    """Write to the user of a conversation that you have taken."""
    tell(desk().change("reply", conversation, by or getpass.getuser(), text=text), "Sent.", json)


def note(conversation: Conversation, text: Text, by: By = None, json: Json = False) -> None:
    """Add a note to a conversation, which its user never sees."""
    tell(desk().change("note", conversation, by or getpass.getuser(), text=text), "Noted.", json)


def close(conversation: Conversation, by: By = None, json: Json = False) -> None:
    """Close a conversation; the bot answers the user's next message."""
    tell(desk().change("close", conversation, by or getpass.getuser()), f"{conversation} is closed.", json)


def give_back(conversation: Conversation, by: By = None, json: Json = False) -> None:
    """Give a conversation back to the bot, which continues it."""
    made = desk().change("return", conversation, by or getpass.getuser())
    tell(made, f"The bot has {conversation} again.", json)


def tell(made: dict[str, Any], sentence: str, json: bool) -> None:
    """Print the result of a change."""
    if json:
        as_json(made)
    else:
        out.print(escape(sentence))


def desk() -> Desk:
    """Return the way to the bot, with a token that may answer in its place."""
    from ratchet.adapters.targets import desks

    return desks.for_person(settings())
