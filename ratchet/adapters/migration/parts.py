"""What a project has beside messages and dialogue: actions, channels, endpoints, modules of the project's own."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any

import yaml

from ratchet.adapters.bot import requirements as bot_requirements
from ratchet.adapters.migration.project import Found
from ratchet.adapters.system import yaml_text
from ratchet.domain.errors import RatchetError
from ratchet.domain.migration import requirements, seam
from ratchet.domain.migration.table import Kind, Row
from ratchet.domain.operations import upgrading
from ratchet.domain.wording import listed

ENDPOINTS = {
    "tracker_store": "Conversations of several replicas are in Redis: set RATCHET_REDIS_URL; in the fleet it is set.",
    "lock_store": "Redis holds the locks too: set RATCHET_REDIS_URL; in the fleet it is set.",
    "event_broker": "Name your database in RATCHET_EVENTS_URL.",
    "models": "Nothing: a release carries its model.",
    "nlg": "Write the responses in bot/domain.yml, or keep them in a custom action.",
}
LOCAL = ("localhost", "127.0.0.1", "0.0.0.0", "[::1]")  # noqa: S104 - looked for, not listened on


def copy_actions(found: Found, bot: Path) -> list[Row]:
    """Copy the actions as a package, with the project's requirements in it."""
    actions, target = found.actions(), bot / seam.ACTIONS
    if actions is None:
        return []
    if actions.is_dir():
        shutil.copytree(actions, target)
    else:
        target.mkdir(parents=True)
        shutil.copy2(actions, target / "actions.py")
    (target / "__init__.py").touch()
    copy_read(found, bot)
    name = actions.relative_to(found.folder).as_posix()
    rows = [Row(Kind.TAKEN, "custom actions", name, after=f"bot/{seam.ACTIONS}/", why="as they are")]
    for path in found.requirements():
        if not (target / path.name).exists():
            rows += copy_requirements(path, target)
    return rows


def copy_requirements(path: Path, target: Path) -> list[Row]:
    """Copy those requirements of a whole project that its actions import: often they are a copy of all of Rasa's."""
    modules = [one.read_text(encoding="utf-8", errors="replace") for one in sorted(target.rglob("*.py"))]
    imported = {name for module in modules for name in upgrading.imported(module)}
    lines = path.read_text(encoding="utf-8-sig", errors="replace").splitlines()
    kept, left = requirements.split(lines, imported)
    rows = []
    if kept:
        (target / path.name).write_text("".join(f"{line}\n" for line in kept), encoding="utf-8")
        after = f"bot/{seam.ACTIONS}/{path.name}"
        rows.append(Row(Kind.TAKEN, f"requirements: {listed(kept)}", path.name, after=after))
    if left:
        why, todo = (
            "no action imports them",
            f"Add those that are needed all the same to bot/{seam.ACTIONS}/{path.name}.",
        )
        rows.append(Row(Kind.LEFT, f"requirements: {listed(left)}", path.name, why=why, todo=todo))
    return rows


def join_requirements(bot: Path, say: Callable[[str], None]) -> list[Row]:
    """Let what actions and channels need join the bot's project and lock file, and say what could not."""
    joined = bot_requirements.join(bot, say)
    rows = [
        Row(Kind.TAKEN, f"requirement {one.text}", one.where, after="bot/pyproject.toml")
        for one in joined.added
    ]
    return rows + [
        Row(
            Kind.LEFT,
            f"requirement {one.text}",
            one.where,
            why=one.why,
            todo="See whether the actions need it.",
        )
        for one in joined.left
    ]


def copy_read(found: Found, bot: Path) -> None:
    """Copy files of the project that the actions' code names by their path, such as `data/names.txt`."""
    modules = sorted((bot / seam.ACTIONS).rglob("*.py"))
    code = "".join(path.read_text(encoding="utf-8", errors="replace") for path in modules)
    for path in sorted(found.folder.rglob("*")):
        name = path.relative_to(found.folder).as_posix()
        if path.is_file() and not (bot / name).exists() and (f'"{name}"' in code or f"'{name}'" in code):
            (bot / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(path, bot / name)


def copy_modules(found: Found, names: Iterable[str], bot: Path) -> Iterator[Row]:
    """Copy files of the project that its configuration names, with the modules beside them in their folder."""
    for name in dict.fromkeys(names):
        path = found.folder / name
        files = sorted(path.parent.rglob("*.py")) if path.parent != found.folder else [path]
        for file in files:
            target = bot / file.relative_to(found.folder)
            if not target.exists():
                target.parent.mkdir(parents=True, exist_ok=True)
                shutil.copy2(file, target)
        yield Row(Kind.TAKEN, "a module of your own", name, after=f"bot/{name}")


def content(path: Path, name: str) -> dict[str, Any]:
    """Read a YAML file that is a mapping; raises `RatchetError`, naming file and line, for another one."""
    try:
        found = yaml_text.load(path.read_text(encoding="utf-8")) or {}
    except (UnicodeDecodeError, yaml_text.NotYaml) as error:
        raise RatchetError(
            f"{name} cannot be read: {error}.", "Correct it, and run the same command again."
        ) from error
    if not isinstance(found, dict):
        raise RatchetError(
            f"{name}:1 is not a mapping of names.", "Correct it, and run the same command again."
        )
    return found


def bring_channels(found: Found, workspace: Path) -> list[Row]:
    """Write `bot/credentials.yml` with variables in place of secrets, and their values into `.env`."""
    path = found.folder / seam.CREDENTIALS
    channels = content(path, seam.CREDENTIALS) if path.is_file() else {}
    rows = []
    if channels.pop("rasa", None):
        rows.append(Row(Kind.LEFT, "channel rasa", seam.CREDENTIALS, why="it is Rasa X's"))
    if not channels:
        return rows
    cleaned, secrets = seam.without_secrets(channels)
    text = yaml.safe_dump(cleaned, sort_keys=False, allow_unicode=True)
    (workspace / "bot" / seam.CREDENTIALS).write_text(text, encoding="utf-8")
    for channel in cleaned:
        rows.append(Row(Kind.TAKEN, f"channel {channel}", seam.CREDENTIALS, after=f"bot/{seam.CREDENTIALS}"))
        if "." in channel and (module := module_of(found.folder, channel)):
            rows += copy_modules(found, [module], workspace / "bot")
    if secrets:
        with (workspace / ".env").open("a", encoding="utf-8") as file:
            file.writelines(f"{name}={seam.quoted(value)}\n" for name, value in secrets.items())
        rows += [
            Row(
                Kind.CHANGED,
                f"a secret in {seam.CREDENTIALS}",
                line_of(path, value),
                "in the file",
                f"${{{name}}} and .env",
                "secrets never go into Git",
                "It was in your project's files: renew it if others could read them.",
            )
            for name, value in secrets.items()
        ]
    return rows


def line_of(path: Path, value: str) -> str:
    """Return where a value is in a file, without saying it."""
    for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), start=1):
        if value in line:
            return f"{path.name}:{number}"
    return path.name


def module_of(folder: Path, dotted: str) -> str:
    """Return the file of the project that holds a class, "" if it is not one of the project's."""
    path = Path(*dotted.split(".")[:-1]).with_suffix(".py")
    return path.as_posix() if (folder / path).is_file() else ""


def endpoints(found: Found, workspace: Path) -> list[Row]:
    """Return what becomes of `endpoints.yml`; an action server on another machine stays where it is."""
    rows = []
    for name in ("endpoints.yml", "endpoints.yaml"):
        path = found.folder / name
        for key, value in (content(path, name) if path.is_file() else {}).items():
            url = str(value.get("url", "")) if isinstance(value, dict) else ""
            if key == "action_endpoint":
                rows.append(action_endpoint(found, workspace, name, url))
            else:
                todo = ENDPOINTS.get(key, "See whether the bot needs it.")
                rows.append(
                    Row(
                        Kind.LEFT,
                        f"endpoint {key}",
                        name,
                        why="it belongs to the machine, not to the bot",
                        todo=todo,
                    )
                )
    return rows


def action_endpoint(found: Found, workspace: Path, name: str, url: str) -> Row:
    """Return what becomes of the server of custom actions."""
    if found.actions() is not None or not url or any(f"//{host}" in url for host in LOCAL):
        return Row(
            Kind.CHANGED,
            "endpoint action_endpoint",
            name,
            seam.PASSWORD.sub("://…@", url),
            "each release's own",
            "actions belong to the release",
        )
    with (workspace / ".env").open("a", encoding="utf-8") as file:
        file.write(f"RATCHET_ACTIONS_URL={seam.quoted(url)}\n")
    return Row(
        Kind.TAKEN,
        "endpoint action_endpoint",
        name,
        after="RATCHET_ACTIONS_URL in .env",
        why="the actions run elsewhere",
    )
