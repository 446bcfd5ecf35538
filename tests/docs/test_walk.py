"""What the pages tell a newcomer to type, typed: each block of `sh`, in its order, in one shell."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from ratchet.adapters.system.processes import free_port
from tests.docs.reading import ROOT, blocks
from tests.e2e.cli import RATCHET

pytestmark = [pytest.mark.e2e, pytest.mark.long]

INITIAL = "lib/python3.13/site-packages/rasa/cli/initial_project"


@pytest.fixture
def moodbot(tmp_path: Path) -> Iterator[Path]:
    """The project that `rasa init` makes, in a folder of its own."""
    source = ROOT / "bot" / ".venv" / INITIAL
    if not source.is_dir():
        pytest.skip("the bot environment is missing: make setup")
    shutil.copytree(source, tmp_path / "moodbot", ignore=shutil.ignore_patterns("__pycache__"))
    yield tmp_path / "moodbot"
    workspace = tmp_path / "my-bot"
    if workspace.is_dir():
        subprocess.run([RATCHET, "--workspace", workspace, "stop"], check=True, capture_output=True)


def test_a_rasa_project_is_migrated_as_the_page_says(moodbot: Path) -> None:
    """docs/migrating.md from its first command to its last, on `rasa init`'s project."""
    page = ROOT / "docs" / "migrating.md"
    first, switch = [block.text for block in blocks(page) if block.language == "sh"]
    port = f"cd my-bot\necho RATCHET_PORT={free_port()} >> .env\n"
    said = shell(moodbot.parent, [first.replace("cd my-bot\n", port), switch])
    for expected in (
        "Nothing was written. It would have 68 messages of 7 intents",
        "validation.minimum_examples: 10 → 4",
        "Made the workspace",
        "7 of 7 test stories passed",
        "Released.",
        "Hey! How are you?",
        "Here is something to cheer you up:",
        "Did that help you?",
        "The pipeline is own now: bot/config.yml.",
    ):
        assert expected in said, said


def shell(folder: Path, scripts: list[str]) -> str:
    """Run scripts one after the other in one shell that stops at the first failure; returns all that was printed."""
    path = os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]])
    who = {
        f"GIT_{role}_{what}": "ana@localhost"
        for role in ("AUTHOR", "COMMITTER")
        for what in ("NAME", "EMAIL")
    }
    argv = ["bash", "-eo", "pipefail", "-c", "\n".join(scripts)]
    done = subprocess.run(
        argv,
        cwd=folder,
        env={**os.environ, **who, "PATH": path},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=600,
    )
    assert done.returncode == 0, done.stdout
    return done.stdout
