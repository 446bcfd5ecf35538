"""Installs bot environments with uv, which Ratchet brings: the workspace's `bot/.venv`, and those of older code.

What is being installed is noted beside it, so that an environment that an interrupt left incomplete is never used.
"""

from __future__ import annotations

import os
import re
import shlex
import shutil
from pathlib import Path

from ratchet.adapters.bot import flavour, framework
from ratchet.adapters.settings import Settings
from ratchet.adapters.system import commands, console
from ratchet.adapters.system.files import read_json, write_json, write_text
from ratchet.adapters.system.processes import read_replica
from ratchet.adapters.workspace import version
from ratchet.domain.errors import RatchetError

INSTALL_SECONDS = 1800.0
SYNC = ("sync", "--no-dev", "--inexact", "--compile-bytecode")
"""`--inexact`: what the team installed besides stays."""
OWN = ("--locked",)
OLDER = ("--frozen", "--no-install-package", framework.DISTRIBUTION)
"""Code that is kept with a model has the framework beside it, and not the wheel that its lock file names."""
MOST_SAID = 400
"""How many characters of uv's error are shown."""
UNFINISHED = "unfinished"


def python_of(folder: Path) -> Path:
    """Return where an environment has its Python."""
    return folder / "bin" / "python"


def usable(settings: Settings, folder: Path, lock: str, python: str) -> bool:
    """Say whether an environment is there and whole, has this Python, and was made from the lock file of this digest.

    One that the team made with `uv sync` is taken as it is.
    """
    if not python_of(folder).exists() or version_of(folder) not in ("", python):
        return False
    return made_from(settings, folder) in (None, lock)


def version_of(folder: Path) -> str:
    """Return which Python an environment has, as 3.13; "" where it does not say so."""
    config = folder / "pyvenv.cfg"
    found = re.search(
        r"^version(?:_info)? = (\d+\.\d+)",
        config.read_text(encoding="utf-8") if config.exists() else "",
        re.M,
    )
    return found[1] if found else ""


def named(settings: Settings, bot: Path) -> Path | None:
    """Return the Python that RATCHET_BOT_PYTHON names; None for older code that runs on another one.

    Raises `RatchetError` when it is not there, or is one that the workspace's bot does not run on.
    """
    assert settings.bot_python is not None
    python = existing(settings.bot_python)
    has, allowed = version_of(python.parents[1]), flavour.pythons(bot)
    if not has or has in allowed:
        return python
    if bot != settings.bot:
        return None
    raise RatchetError(
        f"RATCHET_BOT_PYTHON names {python}, which is Python {has}; the bot's lock file allows {', '.join(allowed)}.",
        "Name an environment with one of these, or remove the setting: Ratchet then installs the environment itself.",
    )


def existing(path: Path) -> Path:
    """Return an interpreter's absolute path; raises `RatchetError` when it is not there."""
    if not path.exists():
        raise RatchetError(
            f"RATCHET_BOT_PYTHON names {path}, which does not exist.",
            "Correct it, or remove it: Ratchet then installs the bot's environment itself.",
        )
    return path.absolute()


def set_aside(settings: Settings, lock: str, python: str) -> None:
    """Keep the workspace's environment, made from the lock file of this digest, for the models of that code.

    If a bot that runs from it dies, it restarts from the new place. An environment that has another Python, is
    incomplete, or cannot be moved stays where it is.
    """
    own, kept = settings.bot / ".venv", settings.state / "environments" / lock[:16]
    half = made_from(settings, own) == UNFINISHED
    if not python_of(own).exists() or own.is_symlink() or half or version_of(own) not in ("", python):
        return
    kept.parent.mkdir(parents=True, exist_ok=True)
    try:
        if not python_of(kept).exists():
            own.rename(kept)
    except OSError as error:
        console.note(
            f"{own} stays where it is: {error.strerror}. The champion's environment will be made again."
        )
        return
    record_of(settings, own).unlink(missing_ok=True)
    write_text(record_of(settings, kept), lock)
    for name in ("live.json", "warm.json"):
        note = settings.state / "process" / name
        replica = read_replica(note)
        if replica and replica.argv and Path(replica.argv[0]).is_relative_to(own):
            there = str(kept / Path(replica.argv[0]).relative_to(own))
            write_json(note, {**(read_json(note) or {}), "argv": [there, *replica.argv[1:]]})


def install(settings: Settings, bot: Path, folder: Path, lock: str) -> Path:
    """Install what the lock file of `bot` asks for into `folder`, and return the Python there.

    Shows uv's progress. Raises `RatchetError` if uv fails, most often because there is no network.
    """
    shown = folder.relative_to(settings.workspace) if folder.is_relative_to(settings.workspace) else folder
    wanted = flavour.of(bot)
    console.note(f"Installing the bot's environment into {shown}: Rasa on {wanted}. This happens once.")
    record = record_of(settings, folder)
    write_text(record, UNFINISHED)
    try:
        commands.run(
            [
                uv(),
                *SYNC,
                "--python",
                wanted.python,
                "--project",
                bot,
                *(OWN if bot == settings.bot else OLDER),
            ],
            cwd=settings.bot,
            env={"UV_PROJECT_ENVIRONMENT": str(folder), "PYENV_VERSION": wanted.python, **homeless(settings)},
            timeout=INSTALL_SECONDS,
            on_line=console.progress,
        )
    except commands.CommandFailed as error:
        older = bot != settings.bot and wanted.python != flavour.of(settings.bot).python
        raise not_installed(error.completed.output, bot, wanted.python if older else "") from error
    write_text(record, lock)
    return python_of(folder)


def homeless(settings: Settings) -> dict[str, str]:
    """Return where uv keeps its cache and its Pythons in place of a home folder that cannot be written."""
    home = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
    nearest = next(folder for folder in (home, *home.parents) if folder.exists())
    if nearest.is_dir() and os.access(nearest, os.W_OK):
        return {}
    own = {"UV_CACHE_DIR": "cache", "UV_PYTHON_INSTALL_DIR": "python"}
    return {
        name: str(settings.state / "uv-home" / part) for name, part in own.items() if name not in os.environ
    }


def not_installed(said: str, bot: Path, older: str) -> RatchetError:
    """Say why uv could not install; `older` is the Python of older code that runs on another one, else ""."""
    why = " ".join(said[max(said.find("error:"), 0) :].removeprefix("error:").split())[:MOST_SAID]
    if older:
        return RatchetError(
            f"This is code of before, for Python {older}, and its environment could not be installed: {why}",
            with_uv(
                f"Check the network and the disk, or install that Python: `uv python install {older}`. Then run the "
                "same command again."
            ),
        )
    return RatchetError(
        f"The bot's environment could not be installed: {why}",
        with_uv(
            f"Check the network and the disk, then run the same command again. By hand: `uv sync` in {bot}."
        ),
    )


def record_of(settings: Settings, folder: Path) -> Path:
    """Return the file that says which lock file an environment was made from."""
    name = "own" if folder.parent == settings.bot else folder.name
    return settings.state / "environments" / f"{name}.made-from"


def made_from(settings: Settings, folder: Path) -> str | None:
    """Return the digest of the lock file that Ratchet made an environment from; None for one that it did not make."""
    record = record_of(settings, folder)
    return record.read_text(encoding="utf-8") if record.exists() else None


def uv() -> str:
    """Return the path of uv; raises `RatchetError` where the installation of Ratchet lacks it."""
    from uv import find_uv_bin

    try:
        return find_uv_bin()
    except FileNotFoundError as error:
        raise RatchetError(
            "uv, which installs the bot's environment, is missing from Ratchet's own.",
            f"Install Ratchet again: `{version.INSTALL} --reinstall {version.wheel(version.of_program())}`, or "
            f"{version.IN_A_CHECKOUT}.",
        ) from error


def with_uv(remedy: str) -> str:
    """Return a remedy whose commands call uv as its reader can: by its path where no shell finds it."""
    return remedy if shutil.which("uv") else remedy.replace("`uv ", f"`{shlex.quote(uv())} ")
