"""`ratchet data merge` and `ratchet data reset`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.markup import escape

from ratchet.cli.context import Json, settings
from ratchet.cli.output import as_json, facts, out
from ratchet.domain.errors import UsageError

if TYPE_CHECKING:
    from ratchet.adapters.corpus.merges import Outcome
    from ratchet.adapters.settings import Settings
    from ratchet.domain.corpus.questions import Answers

SHOWN = 20
DRIVER_SECONDS = 600.0


def add_to(data: typer.Typer) -> None:
    """Add the commands."""
    data.command(
        epilog="Examples:\n\n  ratchet data merge                  # after 'conflict' in git merge, pull or rebase\n\n"
        "  ratchet data merge origin/main      # merge a branch, data and all\n\n"
        "  ratchet data merge --theirs         # answers all questions alike\n\n"
        "  ratchet data merge --answers .ratchet/merge/questions.csv"
    )(merge)
    data.command(
        epilog="Example:\n\n  ratchet data reset      # nothing is deleted: see .ratchet/set-aside/"
    )(reset)
    data.command("merge-driver", hidden=True)(merge_driver)


def merge(
    revision: Annotated[
        str | None, typer.Argument(help="A Git revision to merge; default: what is waiting to be merged.")
    ] = None,
    ours: Annotated[
        bool, typer.Option("--ours", help="If both changed a message, keep the version here.")
    ] = False,
    theirs: Annotated[
        bool, typer.Option("--theirs", help="If both changed it, take the incoming version.")
    ] = False,
    skip: Annotated[
        bool, typer.Option("--skip", help="If both changed it, keep it as it was before both changes.")
    ] = False,
    answers: Annotated[
        Path | None, typer.Option(help="The file with questions, its column `answer` filled in.")
    ] = None,
    json: Json = False,
) -> None:
    """Merge two people's messages and ledgers into one new data revision, pushed and committed.

    What only one side did holds, on both sides. Messages that both changed differently are listed, with exit code 1:
    answer all of them with --ours, --theirs or --skip, or each in the file that is named. In that file an answer is
    ours, theirs, skip or an intent. In a rebase `ours` is what was there before your commits, as Git has it.
    """
    found = settings()
    from ratchet.adapters.corpus import merges
    from ratchet.adapters.system import console
    from ratchet.adapters.system.lock import hold

    given = answered(answers, {"ours": ours, "theirs": theirs, "skip": skip})
    with hold(found.state / "run.lock", "A merge of data"):
        result = merges.merge(found, given, revision, (lambda text: None) if json else console.note)
    if json:
        as_json(result.as_dict())
    else:
        show(found, result)
    if result.state in ("asked", "waits"):
        raise typer.Exit(1)


def answered(file: Path | None, flags: dict[str, bool]) -> Answers:
    """Return the answers of a file and of the flag for all others; raises `UsageError` for two flags."""
    from ratchet.adapters.corpus import merging
    from ratchet.domain.corpus.questions import Answers, Choice

    chosen = [Choice(name) for name, given in flags.items() if given]
    if len(chosen) > 1:
        raise UsageError("Only one answer holds for all messages.", "Give --ours, --theirs or --skip.")
    rest = chosen[0] if chosen else None
    return merging.read_answers(file, rest) if file else Answers({}, rest)


def show(found: Settings, result: Outcome) -> None:
    """Print what came of a merge, and what comes next."""
    for note in result.notes:
        out.print(f"[yellow]note[/yellow] {escape(note)}")
    match result.state:
        case "nothing":
            out.print("[bold]Nothing to merge[/bold]: data/ is what data.dvc and Git's history say.")
        case "asked":
            print_questions(result)
        case "carried":
            out.print("[green bold]Your changes lie on top of the new messages[/green bold].")
            out.print("Next: ratchet ingest --commit, which checks them.")
        case "waits":
            out.print("The data is merged. Git could not merge these files either:")
            for path in result.left:
                out.print(f"  {path}", markup=False)
            out.print("Next: correct them, git add them, then ratchet data merge.")
        case _:
            print_merged(found, result)


def print_merged(found: Settings, result: Outcome) -> None:
    """Print the account of a merge."""
    from ratchet.adapters.triggers import follow

    done = result.account
    out.print(
        f"[green bold]Merged[/green bold]: data revision {result.revision[:12]}, commit {result.commit[:8]}."
    )
    if done is not None:
        facts(
            [
                (
                    "messages",
                    f"{done.messages:,}: {done.ours:,} came from one side, {done.theirs:,} from the other",
                ),
                ("changes", f"{done.removed:,} removed, {done.relabelled:,} relabelled"),
                *[("", line) for line in done.lines()],
                *([("left out", f"see {result.skipped}")] if result.skipped else []),
            ]
        )
    out.print(f"\nNext: {'git push, then ' if follow.upstream(found) else ''}ratchet retrain.")


def print_questions(result: Outcome) -> None:
    """Print what both sides changed differently, and the ways to answer."""
    from ratchet.domain.corpus.questions import SAID
    from ratchet.domain.wording import count

    out.print(f"[bold]{count(len(result.questions), 'question')}[/bold]; nothing was changed yet.")
    for one in result.questions[:SHOWN]:
        out.print(f"  [dim]{SAID[one.kind]}[/dim]  {escape(one.sentence)}")
    if len(result.questions) > SHOWN:
        out.print(f"  … and {len(result.questions) - SHOWN:,} more")
    out.print("\nAnswer all of them: ratchet data merge --ours, --theirs or --skip (as it was before both).")
    out.print(
        "Or each of them: fill in the column `answer` (ours, theirs, skip or an intent) of", markup=False
    )
    out.print(f"  {result.file}", markup=False)
    out.print(f"and run: ratchet data merge --answers {result.file}", markup=False)


def reset(
    data_only: Annotated[
        bool, typer.Option("--data-only", help="Leave data.dvc; put only data/ back to what it names.")
    ] = False,
    json: Json = False,
) -> None:
    """Put data.dvc and data/ back to the checked-out commit; what is there now is kept under .ratchet/set-aside/."""
    found = settings()
    from ratchet.adapters.corpus import following
    from ratchet.adapters.system.lock import hold

    with hold(found.state / "run.lock", "A reset of data/"):
        revision, aside = following.put_aside(found.workspace, data_only)
    if json:
        as_json({"revision": revision, "aside": str(aside or "")})
        return
    out.print(
        f"data/ holds data revision {revision[:12]}, as {'data.dvc' if data_only else 'the commit'} says."
    )
    if aside:
        out.print(f"What was there is kept in {aside}.", markup=False)


def merge_driver(ancestor: Path, ours: Path, theirs: Path, path: str) -> None:
    """Called by Git: merge the data revisions of three pointer files."""
    import os

    from ratchet.adapters.corpus import merging
    from ratchet.adapters.settings import load_settings
    from ratchet.adapters.system.lock import hold
    from ratchet.cli.output import err

    found = load_settings((Path.cwd() / path).parent)
    files = [Path(os.path.abspath(one)) for one in (ancestor, ours, theirs)]
    with hold(found.state / "run.lock", "A merge of data", DRIVER_SECONDS):
        for line in merging.drive(found, *files):
            err.print(line, markup=False)
