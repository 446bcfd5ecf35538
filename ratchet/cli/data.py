"""`ratchet data`: a look into the corpus, the way back, and retirement."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer
from rich.markup import escape

from ratchet.cli import data_log, merge, restore, retire
from ratchet.cli.context import Json, settings
from ratchet.cli.output import as_json, facts, out, share
from ratchet.domain.errors import RatchetError, UsageError

if TYPE_CHECKING:
    from ratchet.domain.corpus.corpus import Corpus
    from ratchet.domain.corpus.difference import Difference
    from ratchet.domain.corpus.policies import SplitPolicy

FORM_NOTES = {
    1: "this ledger was begun before version 2 and keeps its keys; emoji that are written with U+FE0F are one message",
    2: "the newest; different emoji are different messages, with or without U+FE0F and skin tone",
}


def add_to(app: typer.Typer) -> None:
    """Add the commands."""
    data = typer.Typer(
        help="Inspect the corpus, merge two people's, go back, and retire messages of the holdout.",
        no_args_is_help=True,
    )
    data.command(epilog="Examples:\n\n  ratchet data diff HEAD~1\n\n  ratchet data diff v1 v2 --json")(diff)
    data.command(epilog="Examples:\n\n  ratchet data show\n\n  ratchet data show leave_request --side test")(
        show
    )
    data_log.add_to(data)
    merge.add_to(data)
    restore.add_to(data)
    retire.add_to(data)
    app.add_typer(data, name="data")


def diff(
    before: Annotated[str, typer.Argument(help="A Git revision.")],
    after: Annotated[str | None, typer.Argument(help="Another one; default: the working tree.")] = None,
    rows: Annotated[int, typer.Option(help="Changed messages to list.")] = 20,
    json: Json = False,
) -> None:
    """List messages that were added, removed or relabelled between two revisions."""
    found = settings()
    from ratchet.adapters.corpus import data_revisions
    from ratchet.domain.corpus.difference import difference

    params = found.params
    old, new = (data_revisions.read_revision(found, revision) for revision in (before, after))
    names = (before, after or "working tree")
    context = list(params.corpus.context)
    result = difference(old.frame, new.frame, new.ledger, names, context, params.split, old.ledger)
    if json:
        as_json(result.as_dict())
        return
    show_counts(result)
    for one in result.changes[:rows]:
        label = f"{one.was} → {one.intent}" if one.kind == "relabelled" else one.intent
        out.print(f"{one.kind:<10} {one.side or '–':<10} [bold]{escape(label)}[/bold]  {escape(one.text)}")
    if len(result.changes) > rows:
        out.print(f"… and {len(result.changes) - rows:,} more; see --rows or --json.")


def show_counts(result: Difference) -> None:
    """Print how many messages changed, on each side and in each intent."""
    counts = result.counts
    facts(
        [
            ("messages", f"{counts.before:,} → {counts.after:,}"),
            (
                "changes",
                f"{counts.added:,} added, {counts.removed:,} removed, {counts.relabelled:,} relabelled",
            ),
            *[
                (side or "no side", f"{result.sides_before.get(side, 0):,} → {number:,}")
                for side, number in result.sides_after.items()
            ],
            *[(one.kind, str(one)) for one in result.successions],
            *([("retired", f"{result.retired:,} from the holdout to training")] if result.retired else []),
        ]
    )
    if counts.intents:
        out.print()
        facts(
            [
                (
                    one.intent,
                    f"{one.before:,} → {one.after:,}: +{one.added} −{one.removed}, {one.relabelled} moved in",
                )
                for one in counts.intents
            ]
        )
        out.print()


def show(
    intent: Annotated[
        str | None, typer.Argument(help="An intent of the corpus; without it, a summary.")
    ] = None,
    side: Annotated[str | None, typer.Option(help="train, test or quarantine.")] = None,
    json: Json = False,
) -> None:
    """List the messages of an intent with their sides, or summarise the corpus and its ledger."""
    found = settings()
    from ratchet.adapters.corpus import data_revisions
    from ratchet.adapters.system import console
    from ratchet.domain.corpus.ledger import Side, with_sides

    if side is not None and side not in list(Side):
        raise UsageError(f"There is no side {side!r}.", f"Choose one of: {', '.join(Side)}.")
    corpus = data_revisions.read_revision(found, None, console.note)
    if intent is None:
        show_overview(corpus, found.params.split, json)
        return
    rows = corpus.frame[corpus.frame["intent"] == intent]
    if rows.empty:
        import difflib

        near = difflib.get_close_matches(intent, corpus.frame["intent"].unique(), n=3)
        hint = f"Did you mean {' or '.join(near)}?" if near else "See `ratchet validate` for the corpus."
        raise RatchetError(f"The corpus has no intent {intent!r}.", hint)
    rows = with_sides(rows, corpus.ledger, found.params.split)
    rows = rows[rows["side"] == side] if side else rows
    if json:
        as_json(rows.drop(columns="form").to_dict("records"))
        return
    for row in rows.to_dict("records"):
        known = [f"{field}={row[field]}" for field in found.params.corpus.context if row[field]]
        out.print(f"{row['side'] or '–':<10} {escape(row['text'])}  [dim]{escape(' '.join(known))}[/dim]")
    out.print(f"\n{len(rows):,} messages.")


def show_overview(corpus: Corpus, policy: SplitPolicy, json: bool) -> None:
    """Print the corpus and its ledger in figures."""
    from ratchet.domain.corpus.difference import overview

    result = overview(corpus.frame, corpus.ledger, corpus.revision, policy)
    if json:
        as_json(result.as_dict())
        return
    sides = ", ".join(f"{number:,} {name or 'without a side'}" for name, number in result.sides.items())
    covered = [
        (rule, ", ".join(f"{one.intent} ({one.messages:,} messages, {share(one.share)})" for one in intents))
        for rule, intents in (
            ("untrained", result.coverage.untrained),
            ("unjudged", result.coverage.unjudged),
        )
        if intents
    ]
    facts(
        [
            (
                "corpus",
                f"{result.messages:,} messages, {result.intents} intents, revision {result.revision[:12]}",
            ),
            ("sides", sides),
            ("retired", f"{result.retired:,} texts, from the holdout to training"),
            ("normal form", f"version {result.normal_form}: {FORM_NOTES[result.normal_form]}"),
            *covered,
        ]
    )
