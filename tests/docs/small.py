"""A small workspace that trains in seconds: the project that `rasa init` makes."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path

import pytest

from tests.e2e.cli import RATCHET, ROOT, Ratchet

INITIAL = ROOT / "bot/.venv/lib/python3.13/site-packages/rasa/cli/initial_project"
POLICY = {
    "salt": "moodbot",  # the split; `ratchet init` draws it by lot
    "minimum_examples": "4",
    "start_percent": "champion",
    "    seconds": "0",  # of load in staging
}


def small_workspace(folder: Path, port: int) -> Ratchet:
    """Make a workspace with the messages of Rasa's initial project; skips where the bot's environment is missing."""
    if not INITIAL.is_dir():
        pytest.skip("the bot environment is missing: make setup")
    subprocess.run([RATCHET, "init", folder], check=True, capture_output=True)
    (folder / ".env").write_text(f"RATCHET_PORT={port}\n")
    text = (folder / "params.yaml").read_text()
    for key, value in POLICY.items():
        indent = "" if key.startswith(" ") else "  "
        text, count = re.subn(
            rf"^{indent}{key}: .*$", f"{indent}{key}: {value}", text, count=1, flags=re.MULTILINE
        )
        assert count == 1, key
    (folder / "params.yaml").write_text(text)
    ratchet = Ratchet(folder)
    ratchet("ingest", INITIAL / "data" / "nlu.yml", "--commit")
    return ratchet
