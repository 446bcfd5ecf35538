"""Read a Rasa project: `python -m ratchet_bot.tools.migrate --project DIR --out DIR --config F --domain F …`."""

from __future__ import annotations

import argparse
import json
from pathlib import Path
from typing import Any

from ratchet_bot.migration import completing, components, dialogue, messages, tests
from ratchet_bot.migration.domain import DomainFiles
from ratchet_bot.migration.notes import CHANGED, Notes
from ratchet_bot.migration.yaml_files import read
from ratchet_bot.tools._errors import ToolError, run


def parse(argv: list[str] | None = None) -> argparse.Namespace:
    """Arguments of the command."""
    parser = argparse.ArgumentParser(
        prog="python -m ratchet_bot.tools.migrate", description="Read a Rasa project of format 2 or 3."
    )
    parser.add_argument("--project", type=Path, required=True, help="the project's folder")
    parser.add_argument(
        "--out", type=Path, required=True, help="folder for bot/, messages.jsonl and report.json"
    )
    parser.add_argument("--config", type=Path, required=True)
    parser.add_argument("--domain", type=Path, required=True, help="a file or a folder")
    parser.add_argument(
        "--data", type=Path, action="append", default=[], help="a file or a folder; may be repeated"
    )
    parser.add_argument("--tests", type=Path, action="append", default=[], help="folders of test stories")
    parser.add_argument(
        "--module", action="append", default=[], help="a module to try to import; may be repeated"
    )
    parser.add_argument(
        "--form",
        action="append",
        default=[],
        metavar="NAME=SLOT,…",
        help="slots of a form that the domain only names",
    )
    return parser.parse_args(argv)


def main(argv: list[str] | None = None) -> int:
    """Write the bot's files, its messages and the report."""
    arguments = parse(argv)
    arguments.out.mkdir(parents=True, exist_ok=True)
    report = migrate(arguments)
    text = json.dumps(report, indent=2, ensure_ascii=False, default=str)
    (arguments.out / "report.json").write_text(text + "\n", encoding="utf-8")
    print(
        f"read {report['facts']['messages']} messages, {report['rules']} rules, {report['stories']} stories",
        flush=True,
    )
    return 0


def migrate(arguments: argparse.Namespace) -> dict[str, Any]:
    """Read everything, write what a workspace's bot/ gets, and return the report.

    Raises ToolError, with file and line, for what has to be mended first.
    """
    project, bot = arguments.project, arguments.out / "bot"
    notes = Notes(project)
    config = read_config(arguments.config, notes)
    domain = DomainFiles(arguments.domain, notes)
    domain.tidy({name: slots.split(",") for name, _, slots in (one.partition("=") for one in arguments.form)})
    domain.migrate()
    found, files = dialogue.gather(arguments.data, domain, bot, notes)
    written = bot / domain.write(bot)[0] if arguments.domain.is_file() else bot / "domain"
    if arguments.domain.is_dir():
        domain.write(bot)
    dialogue.load(found, written, bot, notes)
    used = completing.complete(found, domain, bot, notes)
    domain.write(bot)
    dialogue.look(found, bot, notes)
    importers = [dict(one) for one in config.get("importers") or () if isinstance(one, dict)]
    training = messages.load(importers, files, arguments.config, written, arguments.data, notes)
    rows = messages.rows(training, files, notes)
    messages.write(arguments.out / "messages.jsonl", rows)
    facts = messages.facts(rows, training)
    completing.without_examples(used, facts, found, bot, notes)
    return {
        "config": config,
        "components": components.look_at(names(config), project),
        "modules": components.importable(arguments.module, project),
        "facts": facts,
        "extras": messages.extras(training, files, project, notes),
        "rules": found.rules,
        "stories": found.stories,
        "tests": tests.gather(arguments.tests, written, bot, notes),
        "rows": notes.as_dicts(),
    }


def read_config(path: Path, notes: Notes) -> dict[str, Any]:
    """The configuration as plain data. Raises ToolError for one that is not valid."""
    documents = read(path, notes.place(path))
    content = documents[0].content if documents else {}
    if not isinstance(content, dict):
        raise ToolError(
            f"{notes.place(path)} is not a Rasa configuration: it is not a mapping.", "Correct it."
        )
    for section in ("pipeline", "policies", "importers"):
        entries = content.get(section)
        if isinstance(entries, str):
            content[section] = None
            notes.add(
                CHANGED,
                f"{section}: {entries}",
                notes.place(path, documents[0].line(section)),
                before=entries,
                after="Rasa's default",
                why="Rasa 3.6 has no such template",
            )
        if content.get(section) is None:
            continue
        if not isinstance(entries, list) or not all(_named(one) for one in entries):
            line = documents[0].line(section) or 1
            raise ToolError(
                f"{notes.place(path, line)} has something else than a list of components with a name under"
                f" `{section}:`.",
                "Write `- name: …` for each.",
            )
        content[section] = [{"name": one} if isinstance(one, str) else one for one in entries]
    return dict(json.loads(json.dumps(content, default=str)))


def _named(entry: Any) -> bool:
    return isinstance(entry, str) or (isinstance(entry, dict) and isinstance(entry.get("name"), str))


def names(config: dict[str, Any]) -> list[str]:
    """The components and policies of a configuration."""
    return [one["name"] for section in ("pipeline", "policies") for one in config.get(section) or ()]


if __name__ == "__main__":
    run(main)
