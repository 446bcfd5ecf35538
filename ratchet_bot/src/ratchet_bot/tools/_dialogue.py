"""Where a bot's folder has its rules and stories."""

from __future__ import annotations

from pathlib import Path

RULES = "rules.yml"
FOLDER = "data"


def dialogue_files(bot: Path) -> list[Path]:
    """The files of a bot's folder that may hold rules and stories: rules.yml and all below data/."""
    written = [bot / RULES] if (bot / RULES).is_file() else []
    below = (path for path in sorted((bot / FOLDER).rglob("*")) if path.suffix in (".yml", ".yaml"))
    return written + [path for path in below if path.is_file()]
