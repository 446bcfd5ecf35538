"""`ratchet chat` and `ratchet stop`."""

from __future__ import annotations

from typing import Annotated

import typer

from ratchet.cli.context import settings, settings_for_flow
from ratchet.cli.output import out
from ratchet.domain.errors import UsageError


def add_to(app: typer.Typer) -> None:
    """Add the commands."""
    app.command(
        epilog="Examples:\n\n  ratchet chat\n\n  ratchet chat 'how do I get a laptop?'\n\n"
        "  ratchet chat --as role=contractor,location=berlin"
    )(chat)
    app.command()(serve)
    app.command()(stop)


def chat(
    message: Annotated[
        str | None, typer.Argument(help="One message; without it a conversation begins.")
    ] = None,
    context: Annotated[
        str | None, typer.Option("--as", help="The person's context, as field=value,field=value.")
    ] = None,
) -> None:
    """Talk to the live bot; an empty line or Ctrl-D ends."""
    import secrets

    from ratchet.adapters.bot import channel
    from ratchet.adapters.targets.choice import choose_target

    found = settings()
    target = choose_target(found)
    url = target.url()
    # A fleet answers nobody without a token; on loopback only a claimed context needs one.
    token = channel.staging_token(found).read_text() if context or target.name == "swarm" else None
    sender = f"terminal-{secrets.token_hex(4)}"
    said = parse_context(context)

    def ask(text: str) -> None:
        reply = channel.talk(url, sender, text, token, said)
        for part in reply["messages"]:
            out.print(f"  {part.get('text', '')}")
        intent = reply.get("intent") or {}
        out.print(f"  [dim]{intent.get('name')} {intent.get('confidence') or 0:.0%}[/dim]")

    if message is not None:
        ask(message)
        return
    while True:
        try:
            text = input("you> ").strip()
        except (EOFError, KeyboardInterrupt):
            break
        if not text:
            break
        ask(text)


def parse_context(text: str | None) -> dict[str, str]:
    """Read `role=manager,location=berlin`; raises `UsageError` for anything else."""
    pairs = [pair.partition("=") for pair in (text or "").split(",") if pair]
    if any(not name or not sign or not value for name, sign, value in pairs):
        raise UsageError(
            f"--as {text!r} is not a list of field=value.",
            "Write for instance --as role=manager,location=berlin.",
        )
    return {name.strip(): value.strip() for name, _, value in pairs}


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
