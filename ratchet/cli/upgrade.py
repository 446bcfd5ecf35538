"""`ratchet upgrade`: bring a workspace to the installed version."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Annotated

import typer

from ratchet.cli.context import Json, shared
from ratchet.cli.output import as_json, out
from ratchet.domain.operations.upgrading import ASIDE, COPY, Fate

ENCODER = (
    "The classifier stays without a sentence encoder. `ratchet try encoder` measures on your own holdout what one "
    "would bring, and changes nothing."
)

if TYPE_CHECKING:
    from ratchet.adapters.upgrade import Upgrade


def add_to(app: typer.Typer) -> None:
    """Add the command."""
    app.command(
        epilog="Examples:\n\n  ratchet upgrade             # only show\n\n  ratchet upgrade --commit"
    )(upgrade)


def upgrade(
    commit: Annotated[
        bool,
        typer.Option("--commit", help="Change the files and commit them; without it, only show the changes."),
    ] = False,
    json: Json = False,
) -> None:
    """Upgrade the workspace to the installed version: the bot's framework, workflows, new keys of params.yaml.

    Your own files stay. Framework files that you changed are moved aside and listed.
    """
    from ratchet.adapters import upgrade as upgrading
    from ratchet.adapters.bot import encoders
    from ratchet.adapters.settings import chosen_folder, find_workspace
    from ratchet.adapters.workspace import identity

    root = find_workspace(chosen_folder(shared.workspace))
    identity.claim(root)
    planned = upgrading.plan(root)
    if not json:
        show(planned)
    done = upgrading.carry_out(root, planned) if commit and planned.files else ""
    if json:
        names = ("before", "now", "dependencies")
        steps = [step.as_dict() for step in planned.steps]
        as_json({**{name: getattr(planned, name) for name in names}, "steps": steps, "commit": done})
        return
    if planned.files:
        end(planned, done)
    if not encoders.wanted(root / "bot"):
        out.print(ENCODER)


def show(planned: Upgrade) -> None:
    """Print what changes, each kind of change with its files."""
    if not planned.files:
        out.print(f"The workspace is up to date with Ratchet {planned.now}.")
    else:
        out.print(f"From: {planned.before}\nTo:   Ratchet {planned.now}\n", markup=False)
    copies = [step for step in planned.steps if step.why == COPY]
    if copies:
        folders = Counter(step.path.rpartition("/")[0] for step in copies)
        named = ", ".join(f"{folder}/ {count}" for folder, count in sorted(folders.items()))
        out.print(
            f"  {Fate.REMOVED:<10}  {len(copies)} unchanged copies of the framework: {named}", markup=False
        )
    for fate in Fate:
        for step in (step for step in planned.steps if step.fate is fate and step not in copies):
            out.print(f"  {fate:<10}  {step.path}   ({step.why})", markup=False)


def end(planned: Upgrade, commit: str) -> None:
    """Print what to do next."""
    count = len(planned.files)
    out.print()
    if not commit:
        out.print(f"Nothing was changed. Change these {count} files: `ratchet upgrade --commit`.")
        return
    out.print(f"Changed {count} files in commit {commit[:8]}; `git revert {commit[:8]}` undoes it.")
    if planned.aside:
        out.print(
            f"Your changes to the framework are in {ASIDE}/ and do not run. Make each one a module of your own in "
            "bot/, name it in bot/config.yml, and delete the copy; docs/workspaces.md shows how."
        )
    out.print("Next: ratchet retrain")
