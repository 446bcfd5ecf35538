"""The project's own test stories, played by Rasa against a model in the bot's environment."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

from ratchet.adapters.bot import framework, rasa
from ratchet.adapters.settings import Settings
from ratchet.adapters.system import console
from ratchet.adapters.system.files import read_record
from ratchet.domain.release.stories import Played

SECONDS = 900.0
CONVERSATIONS = "conversations"


def written(bot: Path) -> bool:
    """Say whether a bot has files that may hold test stories: YAML in `tests/`, besides Ratchet's conversations."""
    tests = bot / "tests"
    return any(CONVERSATIONS not in path.relative_to(tests).parts for path in tests.rglob("*.y*ml"))


def play(settings: Settings, archive: Path, folder: Path, on_line: Callable[[str], None]) -> list[Played]:
    """Play the bot's test stories against a model archive; none where none is written. Raises `RatchetError` where one
    cannot be read."""
    if not written(settings.bot):
        return []
    source = framework.folder(settings.bot)
    if source is None or not (source / framework.PACKAGE / "tools" / "stories.py").is_file():
        console.note(
            "The test stories in bot/tests/ are not played: run `ratchet upgrade --commit` for the newer bot."
        )
        return []
    folder.mkdir(parents=True, exist_ok=True)
    out = folder / "stories.json"
    out.unlink(missing_ok=True)
    files = ("--model", archive, "--stories", settings.bot / "tests", "--json", out)
    rasa.run_tool(
        settings, settings.bot, rasa.tool(settings, settings.bot, "stories", *files), SECONDS, on_line
    )
    return (
        read_record(
            out, lambda document: [played(one) for one in document["stories"]], "Run the same command again."
        )
        or []
    )


def played(one: dict[str, Any]) -> Played:
    """Read one result; of the turns that went otherwise the first is told."""
    first = next(iter(one["lost"]), None)
    said = f"expected {first['expected']}, {first['by']} gave {first['came']}" if first else ""
    return Played(one["file"], one["name"], one["digest"], one["given"], one["full"], said)
