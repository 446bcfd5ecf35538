"""`ratchet chat`: talk to the live bot."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Annotated

import typer
from rich.markup import escape

from ratchet.adapters.targets import serving
from ratchet.cli.context import settings
from ratchet.cli.output import out
from ratchet.domain.errors import RatchetError, UsageError
from ratchet.domain.wording import percent

if TYPE_CHECKING:
    from ratchet.adapters.settings import Settings


def add_to(app: typer.Typer) -> None:
    """Add the command."""
    app.command(
        epilog="Examples:\n\n  ratchet chat\n\n  ratchet chat 'how do I get a laptop?'\n\n"
        "  ratchet chat --as role=contractor,location=berlin\n\n  ratchet chat --why 'how do I get a laptop?'"
    )(chat)


def chat(
    message: Annotated[
        str | None, typer.Argument(help="One message; without it, start a conversation.")
    ] = None,
    context: Annotated[
        str | None, typer.Option("--as", help="The person's context, as field=value,field=value.")
    ] = None,
    why: Annotated[
        bool, typer.Option("--why", help="Show the three nearest training messages, with their intents.")
    ] = False,
) -> None:
    """Chat with the live bot; an empty line or Ctrl-D ends."""
    import secrets

    from ratchet.adapters.bot import channel
    from ratchet.adapters.targets.choice import choose_target

    found = settings()
    target = choose_target(found)
    url = target.url()
    # A fleet answers no one without a token; on loopback only a claimed context needs one.
    token = channel.staging_token(found).read_text() if context or target.name == "swarm" else None
    sender = f"terminal-{secrets.token_hex(4)}"
    said = parse_context(context)
    explain = reasons(found) if why else None

    def ask(text: str) -> None:
        try:
            reply = channel.talk(url, sender, text, token, said)
        except channel.BotSilent as error:
            raise RatchetError(error.fact, wake(found, target.name)) from error
        for part in reply["messages"]:
            out.print(f"  {part.get('text', '')}")
        intent = reply.get("intent") or {}
        out.print(f"  [dim]{intent.get('name')} {percent(intent.get('confidence') or 0, 0)}[/dim]")
        for line in explain(text) if explain else ():
            out.print(f"    [dim]{escape(line)}[/dim]")

    for text in [message] if message is not None else typed():
        ask(text)


def reasons(found: Settings) -> Callable[[str], list[str]]:
    """Return what names the training messages nearest to a message; raises `RatchetError` without an encoder."""
    from ratchet.adapters.bot import near
    from ratchet.adapters.corpus import data_revisions
    from ratchet.adapters.registry import encoders
    from ratchet.adapters.registry.mlflow import Registry
    from ratchet.adapters.system import console
    from ratchet.domain.corpus import ledger

    registry = Registry(found)
    live = registry.live()
    if live is None:
        raise RatchetError("No release is live.", "Make the first one with `ratchet retrain`.")
    encoder = live.lineage.encoder
    if not encoder:
        raise RatchetError(
            "The live model works without a sentence encoder, so nothing says which training messages are near.",
            "`ratchet try encoder` measures what one would bring; or leave --why out.",
        )
    encoders.ready(found, registry, encoder, console.note)
    corpus = data_revisions.read_revision(found, None)
    train = ledger.split(corpus.frame, corpus.ledger, found.params.split).train

    def explain(text: str) -> list[str]:
        return [str(one) for one in near.find(found, encoder, train, [text], console.progress).get(text, ())]

    return explain


def typed() -> Iterator[str]:
    """Give what a person types, line by line, up to an empty line or the end of the input."""
    while True:
        try:
            text = input("you> ").strip()
        except (EOFError, KeyboardInterrupt):
            return
        if not text:
            return
        yield text


def wake(found: Settings, target: str) -> str:
    """Say what lets the bot answer, and where to see why it does not."""
    from ratchet.adapters.registry.mlflow import Registry

    live = Registry(found).live()
    if live is None:
        return serving.NOTHING
    mend = serving.mend(live, target)
    return f"{mend[0].upper()}{mend[1:]}; `ratchet fleet logs` shows what the replicas wrote."


def parse_context(text: str | None) -> dict[str, str]:
    """Read `role=manager,location=berlin`; raises `UsageError` for anything else."""
    pairs = [pair.partition("=") for pair in (text or "").split(",") if pair]
    if any(not name or not sign or not value for name, sign, value in pairs):
        raise UsageError(
            f"--as {text!r} is not a list of field=value.",
            "Write for instance --as role=manager,location=berlin.",
        )
    return {name.strip(): value.strip() for name, _, value in pairs}
