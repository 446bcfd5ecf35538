"""What becomes of each file of a workspace's bot when the workspace is brought to the installed version.

Workspaces of before carried a copy of the framework: `components/`, `channel/`, `tools/`, their tests. What was copied
is known by its digest; anything else in these folders is the team's own.
"""

from __future__ import annotations

import ast
import json
import re
import tomllib
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

import tomlkit
from tomlkit.items import AoT

from ratchet.domain.errors import RatchetError
from ratchet.domain.record import Record

PACKAGE, DISTRIBUTION = "ratchet_bot", "ratchet-bot"
PARTS = ("components", "channel", "tools")
"""The parts of the framework, which were folders of the bot and are packages of `ratchet_bot` now."""
BESIDE = ("pytest.ini", "ruff.toml")
COPY = "an unchanged copy of the framework"
ASIDE = "set-aside"
"""The folder of a workspace where changed copies go; nothing runs from there."""
DEPENDENCIES = re.compile(r"^dependencies = \[[^\n]*\]$|^dependencies = \[.*?^\]", re.MULTILINE | re.DOTALL)
BASE_COMMENT = "# Imported directly; the bounds are Rasa's own."
SOURCES = "[tool.uv.sources]"


class Fate(StrEnum):
    """What becomes of a file."""

    REMOVED = "remove"
    ASIDE = "move aside"
    CHANGED = "change"
    ADDED = "add"
    LEFT = "leave"


@dataclass(frozen=True)
class Step(Record):
    """What becomes of one file, and why; `path` is relative to the workspace."""

    path: str
    fate: Fate
    why: str = ""


def copied(path: str) -> bool:
    """Say whether a file of `bot/`, by its path there, is one of those that the framework was copied to."""
    folder, _, rest = path.partition("/")
    return folder in PARTS or (folder == "tests" and rest.endswith(".py")) or path in BESIDE


def fates(files: Mapping[str, str], known: Mapping[str, Collection[str]]) -> dict[str, Fate]:
    """Decide about the files of a bot of before that carry the framework, by path in `bot/`.

    `files` are all files of the bot with their SHA-256, `known` the digests that each copied file had. Files that are
    the team's own are left: they do not appear. A package's `__init__.py` stays with the team's modules beside it.
    """
    decided = {
        path: Fate.REMOVED if digest in known[path] else Fate.ASIDE
        for path, digest in files.items()
        if copied(path) and path in known
    }
    own = {path.rpartition("/")[0] for path in files if copied(path) and path not in decided}
    return {
        path: fate
        for path, fate in decided.items()
        if not (path.endswith("/__init__.py") and path.rpartition("/")[0] in own and fate is Fate.REMOVED)
    }


def renamed(text: str, known: Collection[str]) -> str:
    """Return a text in which the framework's modules, as of the paths `known`, have their new names."""
    modules = {
        path.removesuffix(".py").replace("/", ".") for path in known if path.partition("/")[0] in PARTS
    }
    names = {
        part: sorted(one.split(".")[1] for one in modules if one.startswith(f"{part}.")) for part in PARTS
    }
    for part, found in names.items():
        if found:
            one = "|".join(map(re.escape, found))
            text = re.sub(rf"(?<![\w.]){part}\.({one})\b", rf"{PACKAGE}.{part}.\1", text)
            each = rf"(?:{one})(?: as \w+)?"
            text = re.sub(
                rf"(?m)^(\s*from ){part}( import {each}(?:, *{each})*[ \t]*(?:#.*)?$)",
                rf"\1{PACKAGE}.{part}\2",
                text,
            )
    return text


def unfollowed(path: str, text: str, gone: Collection[str]) -> list[int]:
    """Return the lines of a module in `bot/` that still import one of the modules that go, by their paths there.

    Such as a relative import beside the framework's copies, or one import of a module that goes and one that stays.
    """
    modules = {one.removesuffix(".py").removesuffix("/__init__").replace("/", ".") for one in gone}
    try:
        tree = ast.parse(text)
    except (SyntaxError, ValueError):
        return []
    package = path.split("/")[:-1]
    lines = []
    for node in ast.walk(tree):
        names: list[str] = []
        if isinstance(node, ast.Import):
            names = [one.name for one in node.names]
        elif isinstance(node, ast.ImportFrom):
            above = package[: len(package) - node.level + 1] if node.level else []
            base = ".".join([*above, *([node.module] if node.module else [])])
            names = [base, *(f"{base}.{one.name}" for one in node.names)]
        if modules.intersection(names) and isinstance(node, ast.stmt):
            lines.append(node.lineno)
    return lines


def project(text: str, base: Collection[str], wheel: str) -> tuple[str, list[str]]:
    """Return a team's `pyproject.toml` with the framework as a dependency, and the dependencies that are its own.

    `base` are the requirements that the framework now has itself, `wheel` its path in `bot/`. Groups, comments and
    settings of uv stay. Raises `RatchetError` where the file is not one that can be followed.
    """
    remedy = f'Give it another name than {DISTRIBUTION}, the dependency "{DISTRIBUTION}", and commit it.'
    try:
        wanted = tomllib.loads(text)["project"]["dependencies"]
        own = [one for one in wanted if one not in base and not one.startswith(DISTRIBUTION)]
        changed = DEPENDENCIES.sub(lambda found: requirements(found[0], base, own), text, count=1)
        changed = re.sub(rf'(?m)^name = "{DISTRIBUTION}"$', 'name = "bot"', changed, count=1)
        line = f'{DISTRIBUTION} = {{ path = "{wheel}" }}\n'
        if SOURCES in changed:
            changed = changed.replace(f"{SOURCES}\n", f"{SOURCES}\n{line}", 1)
        else:
            changed = f"{changed.rstrip()}\n\n{SOURCES}\n{line}"
        made = tomllib.loads(changed)
        right = made["project"]["name"] != DISTRIBUTION and made["project"]["dependencies"] == [
            DISTRIBUTION,
            *own,
        ]
    except (tomllib.TOMLDecodeError, LookupError, TypeError, AttributeError) as error:
        raise RatchetError(f"bot/pyproject.toml cannot be followed: {error}.", remedy) from error
    if not right:
        raise RatchetError("bot/pyproject.toml cannot be followed.", remedy)
    return changed, own


def requirements(listed: str, base: Collection[str], own: list[str]) -> str:
    """Return a list of dependencies, as it is written, with the framework in place of what it requires itself."""
    lines = [
        line
        for line in listed.splitlines()[1:-1]
        if line.strip().rstrip(",").strip("\"'") not in {*base, BASE_COMMENT}
    ]
    if stated(lines) != own:  # several in a line
        lines = [f"    {json.dumps(one)}," for one in own]
    return "\n".join(["dependencies = [", f'    "{DISTRIBUTION}",', *lines, "]"])


def moved(text: str, ours: str, groups: Collection[str]) -> str:
    """Return a team's `pyproject.toml` with what the framework asks of uv: Pythons, platforms, and Rasa's real needs.

    `ours` is the file as `ratchet init` writes it, `groups` are installed by default. What the team wrote besides, also
    of other packages, stays, and its comments.
    """
    made, wanted = tomlkit.parse(text), tomlkit.parse(ours).unwrap()
    uv: Any = made.setdefault("tool", tomlkit.table(is_super_table=True)).setdefault("uv", tomlkit.table())
    own = [one for one in uv.get("dependency-metadata", []) if one["name"] not in metadata(wanted)]
    put(made["project"], "requires-python", wanted["project"]["requires-python"])
    put(uv, "environments", wanted["tool"]["uv"]["environments"], tall=True)
    put(uv, "default-groups", sorted(groups))
    kept = [one for one in uv.get("exclude-dependencies", []) if one.get("package", {}).get("name") != "rasa"]
    if not kept:
        uv.pop("exclude-dependencies", None)
    else:
        put(uv, "exclude-dependencies", kept, tall=True)
    if plain(uv.get("dependency-metadata", [])) != [*metadata(wanted).values(), *plain(own)]:
        uv.pop("dependency-metadata", None)
        uv["dependency-metadata"] = AoT([table(one) for one in [*metadata(wanted).values(), *plain(own)]])
    for group in wanted["dependency-groups"].keys() & made.get("dependency-groups", {}).keys() - {"dev"}:
        put(made["dependency-groups"], group, wanted["dependency-groups"][group], tall=True)
    return tomlkit.dumps(made)


def metadata(project: Mapping[str, Any]) -> dict[str, dict[str, Any]]:
    """Return what a project says that packages need, by their names."""
    return {one["name"]: dict(one) for one in project["tool"]["uv"]["dependency-metadata"]}


def plain(items: Any) -> list[dict[str, Any]]:
    """Return tables as dictionaries."""
    return [dict(one.unwrap() if hasattr(one, "unwrap") else one) for one in items]


def put(where: Any, key: str, value: Any, tall: bool = False) -> None:
    """Set a key of a table where it has another value: what is right already stays as it is written."""
    if key not in where or where[key] != value:
        where[key] = lines(value) if tall else value


def lines(values: Any) -> Any:
    """Return a list with an item in each line."""
    made = tomlkit.array()
    made.extend(values)
    return made.multiline(True)


def table(values: Mapping[str, Any]) -> Any:
    """Return a table whose lists have an item in each line."""
    made = tomlkit.table()
    for key, value in values.items():
        made[key] = lines(value) if isinstance(value, list) else value
    return made


def stated(lines: list[str]) -> list[str] | None:
    """Return the requirements of these lines of a list; None where they are none."""
    try:
        return [str(one) for one in tomllib.loads("\n".join(["listed = [", *lines, "]"]))["listed"]]
    except tomllib.TOMLDecodeError:
        return None


def digits(version: str) -> tuple[int, ...]:
    """Return a version as numbers that compare: 0.10 is newer than 0.9."""
    return tuple(int(part) for part in re.findall(r"\d+", version))
