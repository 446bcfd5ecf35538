"""A project read by Rasa's own loaders, in the bot's environment."""

from __future__ import annotations

import ast
import json
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ratchet.adapters.bot import rasa
from ratchet.adapters.migration.project import Found
from ratchet.adapters.settings import Settings
from ratchet.domain.errors import RatchetError
from ratchet.domain.migration.project import Component, Project
from ratchet.domain.migration.table import Kind, Row

SECONDS = 900.0


@dataclass(frozen=True)
class Read:
    """What the loaders found.

    `project` decides the pipeline; `messages` are rows with text, intent, metadata and place; `extras` are synonyms,
    regexes and lookups; `bot` holds the files of the dialogue; `own` are the project's files with components of the
    configuration; `modules` says of each module of the actions why it cannot be imported, "" where it can.
    """

    project: Project
    messages: list[dict[str, Any]]
    extras: dict[str, dict[str, list[str]]]
    rows: list[Row]
    bot: Path
    tests: int
    own: tuple[str, ...]
    modules: dict[str, str]
    rules: int


def read(settings: Settings, found: Found, out: Path, on_line: Callable[[str], None]) -> Read:
    """Read a project's copy. Raises `RatchetError`, with file and line, for what Rasa refuses and has to be mended."""
    argv = rasa.tool(settings, settings.bot, "migrate", "--project", found.folder, "--out", out)
    argv += ["--config", str(found.config), "--domain", str(found.domain)]
    options: dict[str, Iterable[object]] = {
        "--data": found.data,
        "--tests": found.tests,
        "--module": modules(found),
        "--form": forms(found),
    }
    for option, values in options.items():
        for value in values:
            argv += [option, str(value)]
    try:
        rasa.run_tool(settings, settings.bot, argv, SECONDS, on_line)
    except RatchetError as error:
        raise RatchetError(error.fact.replace(f"{found.folder}/", ""), error.remedy) from error
    report = json.loads((out / "report.json").read_text(encoding="utf-8"))
    lines = (out / "messages.jsonl").read_text(encoding="utf-8").splitlines()
    return Read(
        project=project_of(report),
        messages=[json.loads(line) for line in lines],
        extras=report["extras"],
        rows=[Row.from_dict(row) for row in report["rows"]],
        bot=out / "bot",
        tests=report["tests"],
        own=tuple(sorted({one["own"] for one in report["components"].values() if one["own"]})),
        modules=report["modules"],
        rules=report["rules"],
    )


def project_of(report: dict[str, Any]) -> Project:
    """Return what the pipeline is chosen by."""
    components = {
        name: Component(one["own"], one["missing"], one["heavy"], tuple(one["kinds"]))
        for name, one in report["components"].items()
    }
    extras, facts = report["extras"], report["facts"]
    return Project(
        config=report["config"],
        components=components,
        entities=frozenset(facts["entities"]),
        patterns=frozenset({*extras.get("regex", {}), *extras.get("lookup", {})}),
        groups=tuple(facts["groups"]),
        stories=report["stories"],
    )


def modules(found: Found) -> list[str]:
    """Return the modules of the project's actions, as they are imported."""
    actions = found.actions()
    if actions is None:
        return []
    if actions.is_file():
        return ["actions"]
    files = sorted(path for path in actions.rglob("*.py") if path.name != "__init__.py")
    return ["actions", *(".".join(path.relative_to(found.folder).with_suffix("").parts) for path in files)]


def forms(found: Found) -> list[str]:
    """Return the forms of Rasa 1 in the actions' code, each with its slots, as NAME=SLOT,SLOT."""
    actions = found.actions()
    files = [] if actions is None else sorted(actions.rglob("*.py")) if actions.is_dir() else [actions]
    asked = [required_slots(path.read_text(encoding="utf-8", errors="replace")) for path in files]
    return [f"{name}={','.join(slots)}" for one in asked for name, slots in one.items()]


def required_slots(source: str) -> dict[str, list[str]]:
    """Return the slots that forms of Rasa 1 ask for, by the form's name, where their code lists them as plain texts.

    In Rasa 1 a form's slots are in `FormAction.required_slots` of the actions; since Rasa 2 they are in the domain.
    """
    found: dict[str, list[str]] = {}
    try:
        tree = ast.parse(source)
    except (SyntaxError, ValueError, RecursionError):
        return found
    for kind in (node for node in ast.walk(tree) if isinstance(node, ast.ClassDef)):
        returned = {
            one.name: [node.value for node in ast.walk(one) if isinstance(node, ast.Return)]
            for one in kind.body
            if isinstance(one, ast.FunctionDef)
        }
        name, slots = returned.get("name", []), returned.get("required_slots", [])
        if (
            len(name) == len(slots) == 1
            and isinstance(name[0], ast.Constant)
            and isinstance(slots[0], ast.List)
        ):
            texts = [one.value for one in slots[0].elts if isinstance(one, ast.Constant)]
            if len(texts) == len(slots[0].elts):
                found[str(name[0].value)] = [str(text) for text in texts]
    return found


def unimportable(read: Read) -> list[Row]:
    """Return a row for each module of the actions that cannot be imported, with the reason."""
    return [
        Row(
            Kind.LEFT,
            f"module {name}",
            why=why,
            todo="Add the package it needs in bot/ (`uv add …`)."
            if "not installed" in why and "rasa_core_sdk" not in why
            else "Bring it to rasa_sdk 3.6; until then its actions fail.",
        )
        for name, why in read.modules.items()
        if why
    ]
