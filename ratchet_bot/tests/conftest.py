"""One trained model for the whole session."""

from __future__ import annotations

import gc
import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from hypothesis import settings

import ratchet_bot.tools  # noqa: F401  before anything of Rasa
from ratchet_bot.tools import train
from tests import corpus

gc.set_threshold(100_000)  # a tenth of the time went into looking for garbage
settings.register_profile("bot", deadline=None)  # machines differ; pytest-timeout stops what hangs
settings.load_profile("bot")

BOT = Path(__file__).parents[2] / "bot"
"""The project whose configuration is the one shipped."""
DOMAIN = """
version: "3.1"
intents: [reset_password]
slots:
  role: {type: text, influence_conversation: false, mappings: [{type: custom}]}
responses:
  utter_reset_password:
    - text: Ask your agency to reset it.
      condition: [{type: slot, name: role, value: contractor}]
    - text: Reset it at the self-service desk.
  utter_handoff:
    - text: A colleague takes over.
"""


@dataclass(frozen=True)
class Trained:
    """A workspace's files and what training left."""

    folder: Path
    archive: Path
    data: Path
    domain: Path
    report: dict[str, Any]


@pytest.fixture(scope="session")
def trained(tmp_path_factory: pytest.TempPathFactory) -> Trained:
    """The small corpus, trained with the shipped configuration."""
    return train_in(tmp_path_factory.mktemp("trained"))


def train_in(folder: Path, *extra: str, data: Path | None = None) -> Trained:
    """Train in a folder as the orchestrator does, in this process."""
    data = data or corpus.write(folder / "train.jsonl")
    domain, archive, report = folder / "domain.yml", folder / "model.tar.gz", folder / "train.json"
    domain.write_text(DOMAIN, encoding="utf-8")
    files = {
        "--config": BOT / "config.yml",
        "--data": data,
        "--out": archive,
        "--domain": domain,
        "--rules": folder / "none.yml",
        "--report": report,
    }
    train.main([*(str(word) for pair in files.items() for word in pair), *extra])
    return Trained(folder, archive, data, domain, json.loads(report.read_text(encoding="utf-8")))
