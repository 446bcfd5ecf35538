"""`ratchet harvest`, `label` and `estimate`: the way back from production to the corpus."""

from __future__ import annotations

import shlex
import sys
from collections.abc import Hashable, Mapping
from pathlib import Path
from typing import Annotated

import typer
from rich.markup import escape

from ratchet.cli.context import Json, settings, settings_for_flow
from ratchet.cli.output import as_json, out, share

OTHER, SKIP, UNDO, QUIT = "t", "s", "u", "q"
BY_HAND = "ratchet label"
"""Who gave the label, where the page says it."""
HELP = f"{OTHER} type an intent · {SKIP} skip · {UNDO} undo · {QUIT} quit; every label is saved at once"


def add_to(app: typer.Typer) -> None:
    """Add the commands."""
    app.command(epilog="Example:\n\n  ratchet harvest")(harvest)
    app.command(epilog="Example:\n\n  ratchet label .ratchet/harvest/2026-W47/sample.csv")(label)
    app.command()(estimate)


def harvest(json: Json = False) -> None:
    """Draw recent messages for labelling, without personal data, equally from each fifth of confidence."""
    found = settings_for_flow()
    from flows.harvest import harvest as flow

    path = flow(workspace=str(found.workspace))
    if json:
        as_json({"file": path})
    else:
        quoted = shlex.quote(str(path))
        out.print(
            f"\nNext: ratchet label {quoted}\n  or fill in the column `intent` in any editor.", markup=False
        )


def label(
    file: Annotated[Path, typer.Argument(help="The sample.csv of a harvest.")],
    json: Json = False,
) -> None:
    """Label a harvest, one key a message; continue later where you stopped.

    Writes labelled.csv beside it, which `ratchet ingest` takes.
    """
    from ratchet.adapters.corpus import data_folder
    from ratchet.adapters.monitoring import harvest as store
    from ratchet.adapters.monitoring import labels
    from ratchet.adapters.system import console
    from ratchet.domain.operations import labelling

    found = settings()
    intents = sorted(data_folder.messages_in_place(found.workspace, found.params.corpus)["intent"].unique())
    sample = store.read(file, console.note)
    places, keys, done = labelling.to_do(sample), labelling.keys_of(sample), 0
    history: list[tuple[int, bool]] = []
    while done < len(places):
        place = places[done]
        if sample.loc[place, "intent"]:  # meanwhile someone labelled it on the page
            done += 1
            continue
        row = sample.astype(str).to_dict("index")[place]
        offered = labelling.offers(row, found.params.corpus.out_of_scope)
        said = ask(row, offered, intents, f"{done + 1} of {len(places)}", labelling.context_of(sample))
        if said == QUIT:
            break
        if said == UNDO:
            if history:
                done, given = history.pop()
                sample = labels.put(file, {keys[places[done]]: labelling.Mark()}) if given else sample
        else:
            history.append((done, said != SKIP))
            done += 1
            if said != SKIP:
                sample = labels.put(file, {keys[place]: labelling.Mark(said, BY_HAND)})
    summarise(file, json)


def ask(
    row: Mapping[Hashable, str], offered: list[str], intents: list[str], where: str, context: list[str]
) -> str:
    """Show a message and return the intent that was chosen, or one of SKIP, UNDO, QUIT."""
    known = ", ".join(f"{name} {row[name]}" for name in context if row[name])
    out.print(f"\n[dim]{where}[/dim]  [bold]{escape(row['text'])}[/bold]  [dim]{escape(known)}[/dim]")
    for near in filter(None, str(row.get("nearest", "")).split(" | ")):
        out.print(f"    [dim]{escape(near)}[/dim]")
    for number, intent in enumerate(offered, start=1):
        who = [
            who
            for who, name in (("answered", row["guess"]), ("candidate", row["candidate"]))
            if name == intent
        ]
        out.print(f"  [bold]{number}[/bold] {escape(intent)} [dim]{', '.join(who)}[/dim]")
    out.print(f"  [dim]{HELP}[/dim]")
    while True:
        key = read_key()
        if key.isdigit() and 1 <= int(key) <= len(offered):
            return offered[int(key) - 1]
        if key in (SKIP, UNDO, QUIT):
            return key
        if key == OTHER and (typed := ask_intent(intents)):
            return typed


def read_key() -> str:
    """Return a key, without Enter in a terminal; the input's end quits."""
    if sys.stdin.isatty():
        return str(typer.getchar())
    line = sys.stdin.readline()
    return line.strip() or (QUIT if not line else "")


def ask_intent(intents: list[str]) -> str:
    """Let an intent be typed, its beginning being enough; a new one has to be typed twice. "" for none."""
    from ratchet.domain.operations.labelling import closest

    typed = read_line("  intent: ")
    found = closest(typed, intents) if typed else []
    if len(found) == 1:
        return found[0]
    if found:
        out.print(f"  [dim]{', '.join(found[:12])}[/dim]")
        return ask_intent(intents)
    if typed and read_line(f"  {typed} is new. Type it again to make it: ") == typed:
        return typed
    return ""


def read_line(prompt: str) -> str:
    """Return what is typed, "" at the input's end."""
    try:
        return input(prompt).strip()
    except EOFError:
        return ""


def summarise(file: Path, json: bool) -> None:
    """Write what can be ingested, and say what the labels tell about real traffic."""
    from ratchet.adapters.monitoring import harvest as store
    from ratchet.domain.operations import labelling

    sample = store.read(file)
    ready = store.write_labelled(file, settings().params.corpus)
    found = store.estimate_of(file)
    left = len(labelling.to_do(sample))
    if json:
        as_json({"left": left, "file": str(ready), "estimate": found.as_dict() if found else None})
        return
    out.print(f"\n{store.labelled_by_people(sample)} labelled, {left} left.")
    if found:
        out.print(f"Right on real traffic: {found.sentence}.")
    out.print(f"Next: ratchet ingest {shlex.quote(str(ready))} --commit", markup=False)


def estimate(json: Json = False) -> None:
    """Show how often the bot was right on real traffic, week by week, beside the holdout's figure."""
    from rich.table import Table

    from ratchet.adapters.monitoring import harvest as store

    found = store.estimates(settings())
    if json:
        as_json([one.as_dict() for one in found])
        return
    if not found:
        out.print("No harvest has been labelled yet: ratchet harvest, then ratchet label.")
        return
    table = Table(
        "week", "real traffic", "95% interval", "holdout", "messages", "labels", "versions", box=None
    )
    for one in found:
        low, high = one.interval
        table.add_row(
            one.name,
            share(one.accuracy),
            f"{share(low)} to {share(high)}",
            share(one.holdout_accuracy),
            f"{one.messages:,}",
            f"{one.labelled:,}",
            ", ".join(one.versions),
        )
    out.print(table)
