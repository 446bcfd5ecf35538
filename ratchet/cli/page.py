"""`ratchet page` and `ratchet people`: the page for the people who own the bot."""

from __future__ import annotations

from typing import Annotated

import typer
from rich.markup import escape

from ratchet.cli.context import Json, settings
from ratchet.cli.output import as_json, columns, out
from ratchet.domain.operations.people import Role

Name = Annotated[str, typer.Argument(help="What the person is called on the page and in records.")]


def add_to(app: typer.Typer) -> None:
    """Add the commands."""
    app.command(epilog="Examples:\n\n  ratchet page\n\n  ratchet page --port 4301")(page)
    group = typer.Typer(
        help="The people who may sign in to the page, each with a role and a token.", no_args_is_help=True
    )
    group.command(
        epilog="Examples:\n\n  ratchet people add Ana --role release\n\n  ratchet people add Ben --role label"
    )(add)
    group.command("list")(show)
    group.command(epilog="Example:\n\n  ratchet people remove Ben")(remove)
    app.add_typer(group, name="people")


def page(port: Annotated[int | None, typer.Option(help="Its port on this machine.")] = None) -> None:
    """Serve the page for the people who own the bot, on loopback. `ratchet up` does it, too."""
    from ratchet.adapters.page import app
    from ratchet.adapters.targets import ports

    found = settings(**({"page_port": port} if port else {}))
    if not port:
        found = ports.take(found, ["page_port"])
        out.print(f"The page is at http://127.0.0.1:{found.page_port}. Ctrl-C ends it.")
    app.serve(found, found.page_port)


def add(
    name: Name,
    role: Annotated[
        Role,
        typer.Option(
            help="read: look. label: also teach and answer people. release: also release and go back."
        ),
    ] = Role.READ,
    json: Json = False,
) -> None:
    """Let a person sign in, or give one another role and a new token. The token is shown once and kept nowhere."""
    from ratchet.adapters.page import people

    found = settings()
    token = people.add(found, name, role)
    if json:
        as_json({"name": name.strip(), "role": role, "token": token})
        return
    out.print(
        f"[green bold]{escape(name.strip())}[/green bold] may sign in with the role {role} and this token:"
    )
    out.print(f"\n  {token}\n")
    out.print("It is shown once. Send it over a channel that no one else reads.")


def show(json: Json = False) -> None:
    """List the people with their roles."""
    from ratchet.adapters.page import people

    found = people.read(settings()).people
    if json:
        as_json([{"name": one.name, "role": one.role, "since": one.since} for one in found])
    elif not found:
        out.print("No one can sign in yet. Add someone with `ratchet people add NAME --role release`.")
    else:
        columns(("name", "role", "token since"), [(one.name, one.role, one.since[:16]) for one in found])


def remove(name: Name) -> None:
    """Remove a person; sessions and token end immediately."""
    from ratchet.adapters.page import people

    people.remove(settings(), name)
    out.print(f"{escape(name)} cannot sign in any more.")
