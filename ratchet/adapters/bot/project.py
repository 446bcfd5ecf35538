"""What a team's project has beside its dialogue: channels, custom actions, and variables of its own with their secrets.

`bot/credentials.yml` names variables as `${NAME}`; their values are in the workspace's `.env` or in the environment.
"""

from __future__ import annotations

import json
import os
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

from dotenv import dotenv_values

from ratchet.adapters.bot import framework, rasa, requirements
from ratchet.adapters.bot.requirements import ACTIONS, CREDENTIALS
from ratchet.adapters.settings import Settings
from ratchet.adapters.system import commands
from ratchet.adapters.system.files import read_json, write_text
from ratchet.domain.errors import RatchetError

REFERENCE = re.compile(r"\$\{(\w+)\}")
OURS = "RATCHET_"
INSPECT_SECONDS = 120.0
VARIABLES = Path("secrets", "variables.json")
"""In the workspace's state."""
OF_SHELLS = Path("variables-of-shells.json")
"""The names of those that only an environment had."""


def variables(settings: Settings) -> dict[str, str]:
    """Return the project's own variables: those of `.env` that are not Ratchet's, and those that its channels name.

    The environment takes precedence over the file, as with Ratchet's own variables. What only an environment had is as
    it was told last: a command of another shell, or of the service, takes no secret away. A variable that is deleted
    from the file is gone; to remove another one, write it into the file with an empty value.
    """
    return with_origin(settings)[0]


def with_origin(settings: Settings) -> tuple[dict[str, str], list[str]]:
    """Return the variables, and the names of those that the file does not have."""
    file, credentials = settings.workspace / ".env", settings.bot / CREDENTIALS
    try:
        written = dotenv_values(file, interpolate=False) if file.is_file() else {}
        named = REFERENCE.findall(credentials.read_text(encoding="utf-8")) if credentials.is_file() else []
    except (OSError, UnicodeDecodeError) as error:
        raise RatchetError(
            f"{file} or {credentials} cannot be read: {error}.", "Save it in UTF-8."
        ) from error
    names = {name for name in (*written, *named) if not name.upper().startswith(OURS)}
    told = {**told_last(settings), **written}
    values = {name: os.environ.get(name) or told.get(name) for name in sorted(names)}
    given = {name: value for name, value in values.items() if value}
    return given, [name for name in given if name not in written]


def told_last(settings: Settings) -> dict[str, str]:
    """Return what replicas were told last of the variables that only an environment had; none of a damaged file."""
    told, shells = read_json(settings.state / VARIABLES), read_json(settings.state / OF_SHELLS)
    if not isinstance(told, dict) or not isinstance(shells, list):
        return {}
    return {name: str(told[name]) for name in shells if isinstance(name, str) and name in told}


def variables_file(settings: Settings) -> Path:
    """Write these variables to a file that only this user reads, and return it: it goes to replicas as a secret."""
    path = settings.state / VARIABLES
    given, of_shells = with_origin(settings)
    for place, content in ((path, given), (settings.state / OF_SHELLS, of_shells)):
        text = json.dumps(content, indent=1, sort_keys=True)
        if not place.is_file() or place.read_text(encoding="utf-8") != text:
            place.parent.mkdir(parents=True, exist_ok=True)
            place.touch(mode=0o600)
            write_text(place, text)
            place.chmod(0o600)
    return path.absolute()


def has_actions(bot: Path) -> bool:
    """Say whether a bot's folder has custom actions: a package `actions`, or a module."""
    return (bot / f"{ACTIONS}.py").is_file() or any((bot / ACTIONS).rglob("*.py"))


def inspect(settings: Settings, say: Callable[[str], None]) -> None:
    """See whether channels and custom actions can be served, and say which; a bot without them is not looked at.

    Raises `RatchetError`, with file and line, for the first that cannot.
    """
    bot = settings.bot
    if not ((bot / CREDENTIALS).is_file() or has_actions(bot)):
        return
    source = framework.folder(bot)
    if source is None or not (source / framework.PACKAGE / "tools" / "inspect.py").is_file():
        say(
            "channels and actions were not looked at: this bot's framework is of before; `ratchet upgrade` brings it"
        )
        return
    lines: list[str] = []
    for lacking in requirements.missing(bot) if not settings.actions_url else ():
        say(f"{lacking.where} asks for {lacking.text}, which bot/{framework.LOCK} does not bring")
    argv = rasa.tool(settings, bot, "inspect", "--variables", variables_file(settings))
    argv += ["--actions-elsewhere"] if settings.actions_url else []
    try:
        rasa.run_tool(settings, bot, argv, INSPECT_SECONDS, lines.append)
    except commands.CommandFailed:
        raise
    except RatchetError as error:  # the tool runs in that folder, and names files as they are there
        raise RatchetError(f"{bot.name}/{error.fact}", error.remedy) from error
    found: dict[str, Any] = json.loads(next(line for line in reversed(lines) if line.startswith("{")))
    if found["paths"]:
        say(f"channels: {', '.join(found['paths'])}")
    for line in found["left_out"]:
        say(line)
