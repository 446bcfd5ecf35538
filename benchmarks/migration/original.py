"""The original: `rasa train` on the project's configuration and dialogue, with the messages that the corpus took."""

from __future__ import annotations

import shutil
import time
from pathlib import Path

import yaml

from benchmarks.migration.trained import Outcome, messages, played, run
from ratchet.adapters.migration import project
from ratchet.adapters.system.yaml_text import load


def original(source: Path, workspace: Path, python: Path) -> Outcome:
    """Train the original in an environment with TensorFlow, and play its stories.

    Domain and dialogue are those that the workspace has: what Rasa 1 and 2 wrote is brought to Rasa 3 first, because
    Rasa 3.6 trains nothing else.
    """
    folder = workspace / ".ratchet" / "benchmark-original"
    shutil.rmtree(folder, ignore_errors=True)
    found = project.copy(source, folder / "copy")
    bot = folder / "bot"
    shutil.copytree(workspace / "bot" / "data", bot / "data", dirs_exist_ok=True)
    for name in ("domain.yml", "domain", "tests", "actions"):
        place = workspace / "bot" / name
        if place.is_dir():
            shutil.copytree(place, bot / name)
        elif place.is_file():
            shutil.copy2(place, bot / name)
    (bot / "config.yml").write_text(configuration(found.config), encoding="utf-8")
    (bot / "data" / "nlu.yml").write_text(nlu(workspace), encoding="utf-8")
    extras = workspace / "data" / "extras"
    if extras.is_dir():
        shutil.copytree(extras, bot / "data" / "extras")
    domain = "domain.yml" if (bot / "domain.yml").exists() else "domain"
    started = time.perf_counter()
    words = ["train", "--domain", domain, "--data", "data", "--config", "config.yml", "--out", folder]
    if why := run(python, bot, "rasa", [*words, "--fixed-model-name", "model"]):
        return Outcome(why)
    return played(python, bot, folder / "model.tar.gz", time.perf_counter() - started)


def configuration(path: Path) -> str:
    """Return the project's configuration with the name that Rasa 3 asks for."""
    content = load(path.read_text(encoding="utf-8")) or {}
    return yaml.safe_dump({"recipe": "default.v1", "assistant_id": "original", **content}, sort_keys=False)


def nlu(workspace: Path) -> str:
    """Return the corpus's messages as Rasa's YAML."""
    entries = [
        {"intent": intent, "examples": "".join(f"- {text}\n" for text in rows["text"])}
        for intent, rows in messages(workspace).groupby("intent", sort=True)
    ]
    return yaml.safe_dump({"version": "3.1", "nlu": entries}, sort_keys=False, allow_unicode=True, width=4096)
