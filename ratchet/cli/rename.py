"""`ratchet rename`: another name for an intent, everywhere."""

from __future__ import annotations

import re
from typing import Annotated

import typer

from ratchet.cli.context import Json, settings_for_flow
from ratchet.cli.output import as_json, facts, out
from ratchet.domain.errors import UsageError


def add_to(app: typer.Typer) -> None:
    """Add the command."""
    app.command(
        epilog="Examples:\n\n  ratchet rename it_outage service_disruption\n\n  ratchet rename vpn network --merge"
    )(rename)


def rename(
    old: Annotated[str, typer.Argument(help="The intent's name.")],
    new: Annotated[str, typer.Argument(help="The name that it gets.")],
    merge: Annotated[
        bool, typer.Option("--merge", help="NEW is another intent: the two become one.")
    ] = False,
    json: Json = False,
) -> None:
    """Rename an intent in the corpus, the domain, rules, stories, tests and its answer, in one commit.

    Each message keeps its side. The next verdict compares both models under the new name.
    """
    if not re.fullmatch(r"[\w-]+(/[\w-]+)?", new) or old == new:
        raise UsageError(
            f"{new!r} cannot be the new name of {old!r}.",
            "Use letters, digits, - and _; faq/name for a group.",
        )
    found = settings_for_flow()
    from flows.rename import rename as flow

    done = flow(old=old, new=new, workspace=str(found.workspace), merge=merge)
    if json:
        as_json(done)
        return
    in_words = f"{done['messages']:,} messages" if done["messages"] else "the data had the new name already"
    out.print(f"\n[green bold]Renamed[/green bold]: {old} → {new} ({in_words}).")
    facts(
        [
            ("files", ", ".join(map(str, done["files"])) or "no file of the bot named it"),
            ("commit", str(done["commit"])[:12]),
        ]
    )
    out.print("\nNext: ratchet retrain.")
