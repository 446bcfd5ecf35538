"""`bot/tests/`: the conversation tests that there are, and those that conversations of production became."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

from ratchet.adapters.settings import Settings
from ratchet.adapters.system import yaml_text
from ratchet.domain.errors import RatchetError
from ratchet.domain.operations.conversations import Script, another_name, texts_of, written

TESTS = "tests"
FILE = "bot/tests/conversations/review.yml"
HEAD = """# Conversations of production that became tests on the page, without personal data: each message with the
# intent that is right for it. The gate plays them with every candidate. Names and steps can be edited here.
"""


@dataclass(frozen=True)
class Known:
    """A test that there is: the file, from the workspace on, its name, and its messages as they are compared."""

    file: str
    name: str
    texts: tuple[str, ...]


def known(settings: Settings) -> list[Known]:
    """Return the conversation tests of the bot; a file that is no YAML has none: the bot's own tools name it."""
    found = []
    folder = settings.bot / TESTS
    for path in sorted([*folder.rglob("*.yml"), *folder.rglob("*.yaml")]):
        stat = path.stat()
        name = path.relative_to(settings.workspace).as_posix()
        found += [Known(name, *one) for one in read(path, stat.st_mtime_ns, stat.st_size)]
    return found


@lru_cache(maxsize=500)
def read(path: Path, changed: int, size: int) -> tuple[tuple[str, tuple[str, ...]], ...]:
    """Return name and messages of each test in a file, read once as long as it is the same."""
    try:
        content = yaml_text.load(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, yaml_text.NotYaml):
        return ()
    entries = content.get("conversations") if isinstance(content, dict) else content
    return tuple(tests_of(entries))


def tests_of(entries: Any) -> Iterator[tuple[str, tuple[str, ...]]]:
    """Give name and messages of what is a test."""
    for one in entries if isinstance(entries, list) else ():
        steps = one.get("steps") if isinstance(one, dict) else None
        if isinstance(steps, list) and all(isinstance(step, dict) and "user" in step for step in steps):
            yield str(one.get("name", "")), texts_of([str(step["user"]) for step in steps])


def same(tests: list[Known], texts: tuple[str, ...]) -> Known | None:
    """Return the test that has these messages, None where there is none."""
    return next((one for one in tests if one.texts == texts), None) if texts else None


def with_one(settings: Settings, test: Script) -> tuple[str | None, str]:
    """Return the text of the file, None where there is none, and the text with one test more.

    Raises `RatchetError` where there is a test with these messages, or the file is not as this would be added to it.
    """
    tests = known(settings)
    if there := same(tests, test.texts):
        raise RatchetError(
            f"The conversation is a test already: “{there.name}” in {there.file}.", "Edit it there."
        )
    path = settings.workspace / FILE
    before = path.read_bytes().decode() if path.exists() else None
    name = another_name(test.name, [one.name for one in tests if one.file == FILE])
    after = f"{(HEAD if before is None else before).rstrip()}\n\n{written(Script(name, test.context, test.steps))}"
    try:
        whole = yaml_text.load(after)
    except yaml_text.NotYaml as error:
        raise not_a_list(str(error)) from error
    if not isinstance(whole, list):
        raise not_a_list("it has something else")
    return before, after


def not_a_list(why: str) -> RatchetError:
    """Return the error about a file to which nothing can be added."""
    return RatchetError(f"{FILE} is no list of tests: {why}.", "Correct it, or move it away.")
