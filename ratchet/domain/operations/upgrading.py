"""What becomes of each file of a workspace's bot when the workspace is brought to the installed version.

Older workspaces carried a copy of the framework: `components/`, `channel/`, `tools/`, their tests. What was copied
is known by its digest; anything else in these folders is the team's own.
"""

from __future__ import annotations

import ast
import json
import re
import tomllib
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum

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
RASA_EXTRAS = re.compile(r"rasa\s*\[([^\]]*)\]")
EXTRAS = {"spacy": "spacy>=3.8", "jieba": "jieba", "transformers": "transformers"}
"""What extras of Rasa's bring; the framework requires Rasa itself."""
PACKAGES = {"google": "google-auth"}
"""Packages whose modules have another name."""


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
    """Decide about the files of an older bot that carry the framework, by path in `bot/`.

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
    package = path.split("/")[:-1]
    lines = []
    for node in imports(text):
        if isinstance(node, ast.Import):
            names = [one.name for one in node.names]
        else:
            above = package[: len(package) - node.level + 1] if node.level else []
            base = ".".join([*above, *([node.module] if node.module else [])])
            names = [base, *(f"{base}.{one.name}" for one in node.names)]
        if modules.intersection(names):
            lines.append(node.lineno)
    return lines


def imported(text: str) -> set[str]:
    """Return the top-level modules that a module imports; none of one that cannot be parsed."""
    found: set[str] = set()
    for node in imports(text):
        if isinstance(node, ast.Import):
            found |= {one.name.partition(".")[0] for one in node.names}
        elif not node.level and node.module:
            found.add(node.module.partition(".")[0])
    return found


def imports(text: str) -> Iterator[ast.Import | ast.ImportFrom]:
    """Yield the imports of a module; none of one that cannot be parsed."""
    try:
        tree = ast.parse(text)
    except (SyntaxError, ValueError):
        return
    for node in ast.walk(tree):
        if isinstance(node, (ast.Import, ast.ImportFrom)):
            yield node


def project(text: str, base: Collection[str], wheel: str) -> tuple[str, list[str]]:
    """Return a team's `pyproject.toml` with the framework as a dependency, and the dependencies that are its own.

    `base` are the requirements that the framework now has itself, `wheel` its path in `bot/`. Groups, comments and
    settings of uv stay. Raises `RatchetError` where the file is not one that can be followed.
    """
    remedy = f'Give it another name than {DISTRIBUTION}, the dependency "{DISTRIBUTION}", and commit it.'
    try:
        wanted = tomllib.loads(text)["project"]["dependencies"]
        left = [one for one in wanted if one not in base and not one.startswith(DISTRIBUTION)]
        own = [made for one in left for made in without_extras(one)]
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


def without_extras(requirement: str) -> list[str]:
    """Return the requirements in place of one: for extras of Rasa's, the packages that they bring."""
    found = RASA_EXTRAS.match(requirement)
    if found is None:
        return [requirement]
    return [EXTRAS[name.strip()] for name in found[1].split(",") if name.strip() in EXTRAS]


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


def stated(lines: list[str]) -> list[str] | None:
    """Return the requirements of these lines of a list; None where they are none."""
    try:
        return [str(one) for one in tomllib.loads("\n".join(["listed = [", *lines, "]"]))["listed"]]
    except tomllib.TOMLDecodeError:
        return None


STAGES = {"a": -3, "b": -2, "rc": -1}
"""What comes before a release, which itself counts as 0."""


def digits(version: str) -> tuple[int, ...]:
    """Return a version as numbers that compare: 0.10 is newer than 0.9, and 1.0.0 is newer than 1.0.0rc1."""
    found = re.match(r"([\d.]*)(?:(a|b|rc)(\d+))?", version)
    assert found is not None
    release = tuple(int(part) for part in found[1].split(".") if part)
    return (*release, STAGES[found[2]], int(found[3])) if found[2] else (*release, 0)
