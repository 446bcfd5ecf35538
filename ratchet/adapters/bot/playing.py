"""Conversations, stories and first answers, played in a bot's environment with its own code and no server."""

from __future__ import annotations

import tarfile
import tempfile
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from ratchet.adapters.bot import archives, framework, rasa
from ratchet.adapters.settings import Settings
from ratchet.adapters.system import commands, git
from ratchet.adapters.system.files import read_record, write_json
from ratchet.domain.errors import RatchetError
from ratchet.domain.gate.played import Played

if TYPE_CHECKING:
    import pandas as pd

TESTS = "tests"
MOST_VALUES = 50
"""Values of one context field that answers are heard in, those with the most messages."""


def can(bot: Path) -> bool:
    """Say whether a bot's framework has the tool: code from before there was one does not have it."""
    source = framework.folder(bot)
    return source is not None and (source / framework.PACKAGE / "tools" / "play.py").is_file()


def play(
    settings: Settings,
    models: Mapping[str, archives.Archive],
    contexts: list[dict[str, str]],
    earlier: Path | None,
    folder: Path,
    on_line: Callable[[str], None],
    *,
    bot: Path | None = None,
    known: Path | None = None,
) -> dict[str, Played]:
    """Play everything with each of the named models in one process, with the code in `bot`, by default the workspace's.

    Tests, stories and rules are the workspace's, `earlier` the folder of those that the champion was released with
    (None where that is not known: then today's are taken for them). `known` is what was written of the champion,
    whose understanding of each message the others are given; without it that is the first model's. Raises
    `RatchetError` where a test cannot be read, or a model cannot be loaded.
    """
    here, code = settings.bot, bot or settings.bot
    write_json(folder / "contexts.json", contexts)
    named = [word for name, model in models.items() for word in ("--model", f"{name}={model.verified()}")]
    argv = rasa.tool(settings, code, "play", *named, "--out", folder, "--contexts", folder / "contexts.json")
    argv += ["--dialogue", str(here)]
    if (here / TESTS).is_dir():
        argv += ["--tests", str(here / TESTS), "--earlier", str(earlier or here / TESTS)]
    if known:
        argv += ["--known", str(known)]
    if (directory := settings.workspace / "directory.csv").exists():
        argv += ["--directory", str(directory)]
    if settings.params.gate.play_actions:
        argv.append("--actions")
    rasa.run_tool(settings, code, argv, settings.params.train.timeout_minutes * 60, on_line)
    return {name: read(written(folder, name)) for name in models}


def written(folder: Path, name: str) -> Path:
    """Return the file with what was played with a model."""
    return folder / f"{name}.played.json"


def read(path: Path) -> Played:
    """Read what was played with a model; raises `RatchetError` if the file does not hold that."""
    found = read_record(path, Played.from_dict, "Run the same command again.")
    if found is None:
        raise RatchetError(f"{path} was cut off.", "Run the same command again.")
    return found


def contexts(frame: pd.DataFrame, fields: list[str]) -> list[dict[str, str]]:
    """Return each context value of a corpus by itself, those with the most messages first."""
    found = []
    for field in fields:
        values = frame[field].fillna("").astype(str)
        found += [{field: value} for value in values[values != ""].value_counts().index[:MOST_VALUES]]
    return found


def earlier_tests(workspace: Path, commit: str, folder: Path) -> Path | None:
    """Write the bot's tests of a commit into a folder and return it; None where Git does not have it.

    A commit without tests gives an empty folder.
    """
    commit = commit.removesuffix("-dirty")
    asked = ["git", "cat-file", "-e", f"{commit}^{{commit}}"]
    if not commit or not git.in_repository(workspace) or commands.run(asked, cwd=workspace, check=False).code:
        return None
    folder.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix="ratchet-tests-") as name:
        packed = Path(name) / "tests.tar"
        argv: list[str | Path] = ["git", "archive", "--output", packed, commit, f"bot/{TESTS}"]
        if commands.run(argv, cwd=workspace, check=False).code == 0:
            with tarfile.open(packed) as content:
                content.extractall(folder, filter="data")
    tests = folder / "bot" / TESTS
    tests.mkdir(parents=True, exist_ok=True)
    return tests
