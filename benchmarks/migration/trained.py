"""A workspace's bot trained on all its messages, and the test stories that it passes."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pandas as pd

from ratchet.adapters.bot import encoders, jsonl, pipelines, rasa, weights
from ratchet.adapters.settings import SOURCE, read_settings
from ratchet.domain.migration.project import Pipeline

FRAMEWORK = SOURCE / "ratchet_bot" / "src"
STORIES = Path(__file__).with_name("stories.py")


@dataclass(frozen=True)
class Outcome:
    """What became of one way: why not, or the stories as `benchmarks/migration/stories.py` writes them."""

    why: str = ""
    stories: list[dict[str, Any]] = field(default_factory=list)
    seconds: float = 0.0

    def __str__(self) -> str:
        total, given = len(self.stories), sum(one["given"] for one in self.stories)
        full = sum(one["full"] for one in self.stories)
        if self.why:
            return self.why
        return (
            f"{given} and {full} of {total} ({self.seconds:.0f} s)"
            if total
            else f"no tests ({self.seconds:.0f} s)"
        )


def ratchet(workspace: Path) -> Outcome:
    """Train the configuration in use, in the environment that Ratchet takes for it."""
    settings = read_settings(workspace)
    if (name := encoders.wanted(settings.bot)) and settings.encoder_weights != weights.NONE:
        weights.ensure(settings, name, print)
    environment = encoders.variables(settings, vectors=True)
    python = rasa.python(settings, settings.bot)
    return trained(workspace, python, workspace / "bot" / pipelines.CONFIG, environment)


def own(workspace: Path, python: Path) -> Outcome:
    """Train the project's own configuration through Ratchet's importer."""
    config = pipelines.file_of(workspace / "bot", Pipeline.OWN)
    return (
        trained(workspace, python, config) if config.is_file() else Outcome("its components are not all here")
    )


def trained(
    workspace: Path, python: Path, config: Path, environment: Mapping[str, str] | None = None
) -> Outcome:
    """Train a configuration of a workspace on all messages of the corpus, and play the stories."""
    out = workspace / ".ratchet" / f"benchmark-{config.stem}"
    shutil.rmtree(out, ignore_errors=True)
    out.mkdir(parents=True)
    frame = messages(workspace).assign(key=lambda found: found.index.astype(str))
    jsonl.write(frame, out / "train.jsonl")
    extras = workspace / "data" / "extras"
    words = [
        "--data",
        out / "train.jsonl",
        "--out",
        out / "model.tar.gz",
        "--report",
        out / "report.json",
        "--seed",
        "1",
    ]
    words += ["--config", config, *(["--extras", extras] if extras.is_dir() else [])]
    started = time.perf_counter()
    if why := run(python, workspace / "bot", "train", words, environment):
        return Outcome(why)
    seconds = time.perf_counter() - started
    return played(python, workspace / "bot", out / "model.tar.gz", seconds, environment)


def played(
    python: Path, bot: Path, model: Path, seconds: float, environment: Mapping[str, str] | None = None
) -> Outcome:
    """Play a bot's test stories against a model."""
    if not any((bot / "tests").glob("*.y*ml")):
        return Outcome(seconds=seconds)
    out = model.with_name("stories.json")
    words = ["--model", model, "--stories", bot / "tests", "--json", out]
    if why := run(python, bot, STORIES, words, environment):
        return Outcome(why)
    return Outcome(stories=json.loads(out.read_text(encoding="utf-8"))["stories"], seconds=seconds)


def run(
    python: Path, folder: Path, tool: str | Path, words: list[object], more: Mapping[str, str] | None = None
) -> str:
    """Run one of the bot's tools, or a file, and return why it failed, "" where it did not."""
    called = [str(tool)] if isinstance(tool, Path) else ["-m", f"ratchet_bot.tools.{tool}"]
    own = {"PYTHONPATH": str(FRAMEWORK), "PYTHONDONTWRITEBYTECODE": "1"}
    environment = {**os.environ, **rasa.QUIET, **own, **(more or {})}
    done = subprocess.run(
        [str(python), *called, *map(str, words)],
        cwd=folder,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    said = (done.stdout + done.stderr).strip().splitlines()
    return "" if done.returncode == 0 else f"failed: {said[-1][:160] if said else done.returncode}"


def messages(workspace: Path) -> pd.DataFrame:
    """Return all messages of a workspace."""
    return pd.read_csv(workspace / "data" / "utterances.csv", dtype="str", keep_default_na=False)
