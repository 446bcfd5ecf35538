"""What the pages name exists: commands and their options, targets of links, settings, files."""

from __future__ import annotations

import importlib
import importlib.util
import re
import shlex
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

import pytest
import typer
import yaml

from ratchet.adapters.settings import Params
from ratchet.domain.operations.scope import Scope
from tests.docs.reading import PAGES, ROOT, SHELL, anchors, blocks, inline_code, links, prose

each_page = pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))

OWN = r"(?:ratchet|adapters|benchmarks|bot|cli|deployments|docs|domain|examples|flows|tasks|tests|\.github)"
PATHS = re.compile(rf"^{OWN}/[\w./-]+$")
MADE = {
    "bot/tests/conversations/review.yml",
    "bot/.venv",
    "bot/vendor/",
    "bot/ratchet_bot/",
    "tests/test_stories.yml",
    "bot/actions",
    "bot/actions/",
    "bot/actions.py",
    "bot/actions/requirements*.txt",
    "bot/channels/my_channel.py",
    "bot/data/",
    "bot/domain/",
    "bot/tests/",
    "bot/config.fast.yml",
    "bot/config.own.yml",
    "bot/credentials.yml",
    "benchmarks/*/results",
}
"""Paths that a user makes."""
EVENTS = {"handoff.opened", "handoff.message", "handoff.taken", "handoff.closed"}
"""Names of events that look like settings."""
VARIABLE = re.compile(r"\bRATCHET_[A-Z0-9_]*[A-Z0-9]\b")


@each_page
def test_links_lead_somewhere(page: Path) -> None:
    """Relative links and pictures exist, and so do the headings that they name."""
    for link in links(page):
        if re.match(r"[a-z]+:", link):
            continue
        path, _, anchor = link.partition("#")
        target = (page.parent / path).resolve() if path else page
        assert target.exists(), f"{page.name} links to {link}"
        if anchor:
            assert anchor in anchors(target), f"{page.name} links to {link}"


def commands(page: Path) -> Iterator[list[str]]:
    """Yield the commands of a page as words: the lines of its shell blocks, and what stands in backticks."""
    for block in blocks(page):
        if block.language in SHELL:
            for line in re.sub(r"\\\n", " ", block.text).splitlines():
                yield from split(line)
    for text in inline_code(page):
        yield from split(text)


def split(line: str) -> Iterator[list[str]]:
    """Split a line into its commands, without comments, prompts and variables before them."""
    try:
        words = shlex.split(line, comments=True)
    except ValueError:
        return
    command: list[str] = []
    for word in [*words, ";"]:
        if word in (";", "|", "||", "&&", ">", ">>", "<", "2>&1"):
            if command:
                yield command
            command = []
        elif command or not re.match(r"^[A-Z_]+=|^export$", word):
            command.append(word)


@each_page
def test_every_command_of_ratchet_is_one_that_it_takes(page: Path) -> None:
    """Command, subcommand and options, as the real command line reads them."""
    root = command_line()
    for words in commands(page):
        if Path(words[0]).name != "ratchet" or words[1:2] == ["…"] or len(words) == 1:
            continue
        try:
            parse(root, words[1:])
        except ValueError as error:
            pytest.fail(f"{page.name}: {' '.join(words)}: {error}")


@cache
def command_line() -> Any:
    """The declared commands, made once: that takes a tenth of a second."""
    return typer.main.get_command(importlib.import_module("ratchet.cli.app").app)


def parse(command: Any, words: list[str]) -> None:
    """Hold words against the declared options and arguments of a command; raises `ValueError` where one is wrong."""
    options = {name: one for one in command.params for name in (*one.opts, *one.secondary_opts)}
    room = sum(
        one.nargs if one.nargs > 0 else len(words)
        for one in command.params
        if one.param_type_name == "argument"
    )
    rest = iter(words)
    for word in rest:
        name, sign, _ = word.partition("=")
        if word.startswith("-") and name not in ("-h", "--help"):
            if name not in options:
                raise ValueError(f"there is no option {name}")
            if not sign and not options[name].is_flag:
                next(rest, None)
        elif hasattr(command, "commands"):
            if word not in command.commands:
                raise ValueError(f"there is no command {word}")
            return parse(command.commands[word], list(rest))
        elif not word.startswith("-"):
            room -= 1
            if room < 0:
                raise ValueError(f"{word} is one word too many")
    return None


@each_page
def test_every_target_of_make_and_every_module_is_there(page: Path) -> None:
    """`make X` stands in the Makefile, `python -m benchmarks.X` can be imported."""
    targets = set(re.findall(r"^([a-z0-9-]+):", (ROOT / "Makefile").read_text(), re.MULTILINE))
    for words in commands(page):
        if words[0] == "make":
            assert {word for word in words[1:] if re.match(r"^[a-z]", word)} <= targets, words
        if (
            Path(words[0]).name.startswith("python")
            and words[1:2] == ["-m"]
            and words[2].startswith("benchmarks")
        ):
            assert importlib.util.find_spec(words[2]), words


@each_page
def test_every_deployment_that_prefect_is_told_to_run_is_declared(page: Path) -> None:
    """`prefect deployment run FLOW/NAME` names one of deployments/prefect.yaml."""
    declared = yaml.safe_load((ROOT / "deployments" / "prefect.yaml").read_text())["deployments"]
    own = Scope("helpdesk")  # the workspace of the pages
    known = {f"{one['entrypoint'].rpartition('.')[2]}/{own.deployment(one['name'])}" for one in declared}
    for words in commands(page):
        if words[:3] == ["prefect", "deployment", "run"]:
            assert words[3] in known, words


@each_page
def test_every_setting_is_one_that_ratchet_reads(page: Path) -> None:
    """Keys of params.yaml by their dots; variables by being in the code or the recipes."""
    text = page.read_text(encoding="utf-8")
    for name in set(VARIABLE.findall(text)):
        assert any(name in source for source in read_variables()), f"{page.name}: {name}"
    for code in inline_code(page):
        if re.match(r"^[a-z]+(\.[a-z0-9_]+)+$", code) and code.split(".")[0] in Params.model_fields:
            if code in EVENTS or code.split(".")[-1] in ("py", "yml", "yaml", "csv", "md", "json", "dvc"):
                continue
            assert has_key(Params().model_dump(), code.split(".")), f"{page.name}: {code}"


@cache
def read_variables() -> frozenset[str]:
    """Return the RATCHET_* variables that code, recipes and workflows name."""
    from ratchet.adapters.settings import Settings

    folders = ("ratchet", "ratchet_bot", "bot", "tasks", "deployments", "tests", "benchmarks", ".github")
    files = [
        path
        for folder in folders
        for path in (ROOT / folder).rglob("*")
        if path.suffix in (".py", ".yml", ".yaml", ".cfg", ".Dockerfile", "") and path.is_file()
        if not {".venv", "__pycache__", "docs"} & set(path.parts)
    ]
    named = {
        name for path in files for name in VARIABLE.findall(path.read_text(encoding="utf-8", errors="ignore"))
    }
    secrets = re.findall(
        r'secret(?:_file)?\("(\w+)"\)', (ROOT / "ratchet_bot/src/ratchet_bot/tools/serve.py").read_text()
    )
    named |= {f"RATCHET_{name.upper()}{ending}" for name in secrets for ending in ("", "_FILE")}
    return frozenset(named | {f"RATCHET_{name.upper()}" for name in Settings.model_fields})


def has_key(content: object, path: list[str]) -> bool:
    """Say whether nested settings have this key."""
    if not path:
        return True
    return isinstance(content, dict) and path[0] in content and has_key(content[path[0]], path[1:])


@each_page
def test_every_file_of_the_repository_that_is_named_exists(page: Path) -> None:
    """Paths in backticks that begin with a folder of the repository."""
    for code in inline_code(page):
        if PATHS.match(code) and code not in MADE:
            assert (ROOT / code).exists(), f"{page.name}: {code}"


def test_the_pages_are_found() -> None:
    """A guard: the checks above look at something."""
    found = [words for page in PAGES for words in commands(page)]
    assert sum(Path(words[0]).name == "ratchet" for words in found) > 50
    assert sum(len(links(page)) for page in PAGES) > 30
    assert "# " in prose(ROOT / "README.md")
