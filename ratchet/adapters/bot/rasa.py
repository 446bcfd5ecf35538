"""The bot environment as a subprocess: files and arguments are the whole contract.

The orchestrator never imports Rasa. Each function builds the argument list of one of the framework's tools and reads
the files that it leaves. `bot` is the folder of the Rasa project whose code runs.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ratchet.adapters.bot import archives, channel, encoders, flavour, framework, installing, jsonl, weights
from ratchet.adapters.settings import SOURCE, Settings
from ratchet.adapters.system import commands
from ratchet.adapters.system.files import read_json, read_record
from ratchet.domain.corpus.annotations import parse
from ratchet.domain.errors import RatchetError

if TYPE_CHECKING:
    import pandas as pd

QUIET = {
    "RASA_TELEMETRY_ENABLED": "false",
    "TF_CPP_MIN_LOG_LEVEL": "3",
    "PYTHONWARNINGS": "ignore",
    "SQLALCHEMY_SILENCE_UBER_WARNING": "1",
}
CONVERSE_SECONDS = 300.0


def python(settings: Settings, bot: Path) -> Path:
    """Return the Python of an environment with what the lock file of a bot's folder asks for, the framework aside.

    It is the one that RATCHET_BOT_PYTHON names, else that of the workspace's or Ratchet's own `bot/.venv` where
    the lock file asks for the same. One that is missing is installed at first use: into the workspace's `bot/.venv`,
    that of older code under `.ratchet/`. Raises `RatchetError` where that fails.
    """
    if settings.bot_python and (found := installing.named(settings, bot)):
        return found
    lock, ours, own = flavour.environment_hash(bot), SOURCE / "bot", settings.bot / ".venv"
    kept, version = settings.state / "environments" / lock[:16], flavour.of(bot).python
    for folder, environment_of in ((settings.bot, own), (ours, ours / ".venv"), (bot, kept)):
        if flavour.environment_hash(folder) == lock and installing.usable(
            settings, environment_of, lock, version
        ):
            return installing.python_of(environment_of).absolute()
    source, environment_of = (
        (settings.bot, own) if lock == flavour.environment_hash(settings.bot) else (bot, kept)
    )
    return installing.install(settings, source, environment_of, lock)


def tool(
    settings: Settings, bot: Path, name: str, *arguments: str | Path, locked: Path | None = None
) -> list[str]:
    """Build the argument list of one of the tools of a bot's folder; it has to run there, in its `environment`.

    `locked` is the folder of the lock file whose environment runs it, by default the same.
    """
    module = f"{framework.tools(bot)}.{name}"
    return [str(python(settings, locked or bot)), "-m", module, *(str(argument) for argument in arguments)]


def environment(bot: Path, cache: Path | None = None) -> dict[str, str]:
    """Return the environment of a bot's tools: its framework, no telemetry, no noise, a cache of their own.

    The framework is put on Python's path, so that it runs whichever one is installed beside that Python.
    """
    extra = {"RASA_CACHE_DIRECTORY": str(cache)} if cache else {}
    if source := framework.folder(bot):
        extra["PYTHONPATH"] = str(source)  # and nothing of the shell's, which is not passed on either
    return {**QUIET, **extra, "PYTHONDONTWRITEBYTECODE": os.environ.get("PYTHONDONTWRITEBYTECODE", "")}


def run_tool(
    settings: Settings, bot: Path, argv: Sequence[str], timeout: float, on_line: Callable[[str], None]
) -> None:
    """Run a tool to its end; its own `error: …` line becomes the error that the reader sees."""
    own = environment(bot, settings.state / "rasa-cache") | encoders.variables(settings, vectors=True)
    try:
        commands.run(argv, cwd=bot, env=own, timeout=timeout, on_line=on_line)
    except commands.CommandFailed as error:
        said = [line for line in error.completed.output.splitlines() if line.startswith("error: ")]
        if said:
            raise RatchetError(said[-1].removeprefix("error: "), "") from error
        raise


def train(
    settings: Settings,
    rows: pd.DataFrame,
    extras: Path | None,
    folder: Path,
    on_line: Callable[[str], None],
    *,
    bot: Path | None = None,
    locked: Path | None = None,
    seed: int | None = None,
    encoder: str = "",
) -> archives.Trained:
    """Train a model on `rows` (columns key, text, intent and the context fields) into `folder`.

    `bot` is the code to train with, by default the workspace's; `locked` the folder of the lock file whose
    environment runs it, by default the same; `seed` by default that of `params.yaml`; `encoder` the digest of the
    sentence encoder where `config.yml` names one, "" for none. The archive appears only
    when training has succeeded. Raises `RatchetError` when it fails, is killed or takes longer than
    `train.timeout_minutes`.
    """
    folder.mkdir(parents=True, exist_ok=True)
    data = folder / "train.jsonl"
    archive, report = folder / archives.ARCHIVE, folder / archives.REPORT
    archives.unseal(folder)
    jsonl.write(rows, data)
    bot = bot or settings.bot
    files = ("--data", data, "--out", archive, "--report", report)
    argv = tool(settings, bot, "train", *files, locked=locked)
    argv += ["--seed", str(settings.params.train.seed if seed is None else seed)]
    if encoders.wanted(bot):
        argv += ["--encoder", encoder or weights.NONE]
    if extras and extras.is_dir():
        argv += ["--extras", str(extras)]
    run_tool(settings, bot, argv, settings.params.train.timeout_minutes * 60, on_line)
    archives.seal(folder)
    trained = archives.read_trained(folder)
    if trained is None:
        raise RatchetError("Training ended without a model archive.", f"See {folder} and the run's log.")
    return trained


def evaluate(
    settings: Settings,
    models: Mapping[str, archives.Archive],
    rows: pd.DataFrame,
    folder: Path,
    on_line: Callable[[str], None],
    *,
    bot: Path | None = None,
    locked: Path | None = None,
) -> tuple[dict[str, pd.DataFrame], dict[str, dict[str, float]]]:
    """Predict `rows` with each of the named models in one process, with the code in `bot` (see `train`).

    Each archive's digest is verified before a process opens it.

    Models are asked the texts without entity markup. Returns by name the predictions (columns key, intent, confidence,
    ranking, and entities where the model's framework says them; in the order of `rows`) and the summary of speed,
    synonyms, size and memory.
    """
    import pandas as pd

    folder.mkdir(parents=True, exist_ok=True)
    data = folder / "holdout.jsonl"
    jsonl.write(rows.assign(text=[parse(text).text for text in rows["text"]]), data)
    named = [word for name, model in models.items() for word in ("--model", f"{name}={model.verified()}")]
    bot = bot or settings.bot
    argv = tool(settings, bot, "evaluate", *named, "--data", data, "--out", folder, locked=locked)
    run_tool(settings, bot, argv, settings.params.train.timeout_minutes * 60, on_line)
    predictions = {
        name: pd.read_json(folder / f"{name}.jsonl", lines=True, dtype={"key": str, "intent": str})
        for name in models
    }
    for name, table in predictions.items():
        if list(table["key"]) != list(rows["key"]):
            raise RatchetError(
                f"The predictions of {name} do not match the holdout's rows.", "Run `ratchet retrain` again."
            )
    return predictions, read_json(folder / "summary.json") or {}


class NotAsWritten(RatchetError):
    """A release does not answer as its conversations say: those of `names` do not go as written, of `played`."""

    def __init__(self, fact: str, remedy: str, names: Sequence[str] = (), played: int = 0) -> None:
        super().__init__(fact, remedy)
        self.names, self.played = tuple(names), played


def converse(settings: Settings, url: str, on_line: Callable[[str], None]) -> int:
    """Play the bot's conversations against a server and return how many there were.

    Raises `NotAsWritten` naming each reply that is not as written.
    """
    conversations = settings.bot / "tests" / "conversations"
    if not any(conversations.glob("*.yml")):
        return 0
    token = channel.staging_token(settings)
    out = settings.state / "conversations.json"
    argv = tool(settings, settings.bot, "converse", "--url", url, "--conversations", conversations)
    argv += ["--token-file", str(token), "--json", str(out)]
    out.unlink(missing_ok=True)
    try:
        run_tool(settings, settings.bot, argv, CONVERSE_SECONDS, on_line)
    except RatchetError as error:
        found = mismatches(out)
        wrong = [mismatch for _, conversation in found for mismatch in conversation]
        if not wrong:
            raise
        raise NotAsWritten(
            f"The release does not answer as {conversations.relative_to(settings.workspace)} says: {wrong[0]}"
            f"{f' ({len(wrong) - 1} more)' if wrong[1:] else ''}.",
            f"Correct the bot or the conversation; all mismatches are in {out}.",
            [name for name, conversation in found if conversation],
            len(found),
        ) from error
    return len(mismatches(out))


def mismatches(path: Path) -> list[tuple[str, list[str]]]:
    """Return, for each conversation that was played, its name and what was not as written; none without a result."""

    def make(document: Any) -> list[tuple[str, list[str]]]:
        return [
            (str(played["name"]), [str(one) for one in played["mismatches"]])
            for played in document["conversations"]
        ]

    return read_record(path, make, "Run the same command again.") or []
