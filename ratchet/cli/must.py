"""`ratchet must`: messages that must never go wrong, in bot/tests/must.yml."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Annotated

import typer
from rich.markup import escape

from ratchet.cli.context import Json, settings
from ratchet.cli.corpus import pairs
from ratchet.cli.output import as_json, columns, out

if TYPE_CHECKING:
    from ratchet.adapters.settings import Settings
    from ratchet.domain.gate.must import Must


def add_to(app: typer.Typer) -> None:
    """Add the commands."""
    must = typer.Typer(
        help="Messages that must never go wrong (safety, law, money): one miss rejects a model.",
        no_args_is_help=True,
    )
    must.command(
        epilog='Examples:\n\n  ratchet must add "someone got hurt in the lab"\n\n'
        '  ratchet must add "I need a new laptop" --context role=contractor\n\n'
        '  ratchet must add "there is smoke on floor 3" --intent report_accident'
    )(add)
    must.command("list")(show)
    must.command(
        epilog='Examples:\n\n  ratchet must remove "there is smoke on floor 3"\n\n'
        '  ratchet must remove "I need a new laptop" --context role=contractor'
    )(remove)
    app.add_typer(must, name="must")


def add(
    message: Annotated[str, typer.Argument(help="A message of the corpus, of production, or your own.")],
    intent: Annotated[
        str | None,
        typer.Option(help="The right intent; default: that of the corpus, else what production answered."),
    ] = None,
    context: Annotated[
        list[str] | None, typer.Option(help="Who says it, as role=manager; repeatable.")
    ] = None,
    json: Json = False,
) -> None:
    """Write a message to bot/tests/must.yml, with the intent, context and entities that it has where it comes from."""
    found = settings()
    from ratchet.adapters.bot import musts

    source, must = looked_up(found, message, pairs(context))
    checked = with_intent(found, must, intent)
    file = musts.add(found, checked)
    if json:
        as_json({"file": str(file), "source": source, **checked.as_dict()})
        return
    said = f"[green bold]Added[/green bold] from {source}: “{escape(checked.message)}” is `{escape(checked.intent)}`"
    out.print(f"{said}{escape(''.join(f', {part}' for part in beside(checked)))}.")
    if source == "production" and not intent:
        out.print(f"That is what the bot answered: if it was wrong, correct it in {file}.", markup=False)
    out.print(f"Next: git add {file.relative_to(found.workspace)}; the next retrain is judged by it.")


def show(json: Json = False) -> None:
    """List the messages."""
    found = settings()
    from ratchet.adapters.bot import musts

    messages = musts.read(found)
    if json:
        as_json([one.as_dict() for one in messages])
    elif not messages:
        out.print('There are none. Add one with `ratchet must add "…"`.')
    else:
        heads = ("message", "intent", "context", "entities")
        columns(heads, [[musts.described(one)[head] for head in heads] for one in messages])


def remove(
    message: Annotated[str, typer.Argument(help="A message of bot/tests/must.yml.")],
    context: Annotated[
        list[str] | None, typer.Option(help="Which of several of this text, as role=manager; repeatable.")
    ] = None,
    json: Json = False,
) -> None:
    """Take a message out of bot/tests/must.yml; the rest of the file stays as it is."""
    found = settings()
    from ratchet.adapters.bot import musts

    gone = musts.remove(found, message, pairs(context))
    if json:
        as_json(gone.as_dict())
        return
    said = f"[green bold]Removed[/green bold]: “{escape(gone.message)}” is `{escape(gone.intent)}`"
    out.print(
        f"{said}{escape(''.join(f', {part}' for part in beside(gone)))}. Nothing holds a model to it any more."
    )


def looked_up(found: Settings, message: str, context: dict[str, str]) -> tuple[str, Must]:
    """Return where a message comes from, and what is known of it there."""
    from datetime import UTC, datetime, timedelta

    from ratchet.adapters.bot import musts, traffic
    from ratchet.adapters.corpus import data_folder
    from ratchet.domain.corpus import ledger
    from ratchet.domain.gate import must_source

    policy = found.params
    corpus = data_folder.messages_in_place(found.workspace, policy.corpus)
    form = ledger.form_of(data_folder.ledger_in_place(found.workspace, policy.split))
    chosen = musts.context_given(context, found)
    known = must_source.from_corpus(message, corpus, list(policy.corpus.context), chosen, form)
    if known:
        return must_source.CORPUS, known
    begin = datetime.now(UTC) - timedelta(days=policy.monitor.retention_days)
    said = must_source.from_production(message, traffic.since(found, begin.timestamp()), chosen, form)
    return (must_source.PRODUCTION, said) if said else (must_source.OWN, musts.of_words(message, chosen))


def with_intent(found: Settings, must: Must, intent: str | None) -> Must:
    """Return the message with the intent that was named, once it is seen to be one that may be written."""
    from ratchet.adapters.corpus import data_folder
    from ratchet.domain.gate import must_source

    intents = sorted(data_folder.messages_in_place(found.workspace, found.params.corpus)["intent"].unique())
    named = replace(must, intent=intent or must.intent)
    return must_source.checked(named, intents, found.params.validation.personal_data_allowed)


def beside(must: Must) -> list[str]:
    """Say context and entities."""
    from ratchet.adapters.bot import musts

    words = musts.described(must)
    return [f"{name} {words[name]}" for name in ("context", "entities") if words[name]]
