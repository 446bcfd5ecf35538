"""`ratchet data restore`: back to older messages."""

from __future__ import annotations

from typing import Annotated

import typer

from ratchet.cli.context import Json, settings_for_flow
from ratchet.cli.output import as_json, facts, out


def add_to(data: typer.Typer) -> None:
    """Add the command to the group `data`."""
    data.command(
        epilog="Examples:\n\n  ratchet data restore HEAD~1 --commit\n\n"
        "  ratchet data restore 5f2b9c01d3a4 --commit      # a data revision, as data.dvc and status name it"
    )(restore)


def restore(
    revision: Annotated[str, typer.Argument(help="A Git revision, or a data revision's hash.")],
    commit: Annotated[bool, typer.Option(help="Commit data.dvc to Git, saying what came back.")] = False,
    json: Json = False,
) -> None:
    """Go back to the messages of an older revision, and keep the newest ledger: a new data revision has both.

    The gate judges the removed messages like any other data change.
    """
    found = settings_for_flow()
    from flows.restore import restore as flow
    from ratchet.adapters.system import git
    from ratchet.adapters.triggers import follow

    done = flow(revision=revision, workspace=str(found.workspace), commit=commit)
    if json:
        as_json(done.as_dict())
        return
    out.print()
    if done.changed:
        out.print(f"[green bold]Restored[/green bold]: the messages of data revision {done.wanted[:12]}.")
    else:
        out.print("[bold]Already so[/bold]: data.dvc has these messages under the newest ledger.")
    lost = ", ".join(one[:12] for one in done.unread)
    facts(
        [
            ("corpus", f"{done.messages:,} messages, {done.intents} intents, revision {done.revision[:12]}"),
            ("ledger", f"of revision {done.ledger[:12]}; {done.carried:,} of its texts are not in use now"),
            *([("new sides", f"{done.placed:,} texts that the ledger did not know")] if done.placed else []),
            *([("left out", left_out(done.left_out))] if done.left_out else []),
            *([("not looked at", f"lost ledgers: {lost}")] if lost else []),
        ]
    )
    push = ", git push" if follow.upstream(found) else ""
    left = git.in_repository(found.workspace) and git.git(
        found.workspace, "status", "--porcelain", "data.dvc"
    )
    commit_it = "git commit -m 'Older messages' data.dvc, " if left else ""
    out.print(f"\nNext: {commit_it}ratchet retrain{push}.")


def left_out(count: int) -> str:
    """Say which messages of the holdout could not come back."""
    return f"{count:,} messages of the holdout: their near-duplicates went to training since"
