"""A project's custom actions as they are loaded: each fault is one error, with file and line of the project's."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

import ratchet_bot.tools  # noqa: F401  before anything of Rasa
from ratchet_bot.channel.actions import as_the_platform_says, has_own, place
from ratchet_bot.tools import actions
from ratchet_bot.tools._errors import ToolError


@pytest.fixture
def folder(tmp_path: Path) -> Iterator[Path]:
    """A bot's folder; what is imported from it is forgotten."""
    paths = list(sys.path)
    yield tmp_path
    sys.path[:] = paths
    for name in [name for name in sys.modules if name.partition(".")[0] == "actions"]:
        del sys.modules[name]


def write(folder: Path, **modules: str) -> Path:
    """Write modules of the package `actions`."""
    package = folder / "actions"
    package.mkdir()
    (package / "__init__.py").touch()
    for name, text in modules.items():
        (package / f"{name}.py").write_text(text, encoding="utf-8")
    return folder


@pytest.mark.parametrize(
    ("text", "line", "words"),
    [
        ("import os\nimport no_such_package_at_all\n", 2, "import no_such_package_at_all, which"),
        ("from actions import nothing_of_it\n", 1, "cannot import name"),
        ("def broken(:\n", 1, "SyntaxError"),
        ("x = 1\n\nraise ValueError('no key')\n", 3, "ValueError: no key"),
        ("import sys\nsys.exit(3)\n", 2, "SystemExit: 3"),
        ("import json\njson.loads('')\n", 2, "JSONDecodeError"),
    ],
)
def test_a_module_that_cannot_be_loaded_is_named(folder: Path, text: str, line: int, words: str) -> None:
    """With the line of the project's own code, also where a library raised."""
    with pytest.raises(ToolError) as caught:
        actions.load(write(folder, one="x = 1\n", two=text))
    said = str(caught.value)
    assert said.startswith(f"actions/two.py line {line}: "), said
    assert words in said


def test_all_modules_are_loaded(folder: Path) -> None:
    """Those of packages in it as well."""
    write(folder, one="")
    (folder / "actions" / "deep").mkdir()
    (folder / "actions" / "deep" / "__init__.py").touch()
    (folder / "actions" / "deep" / "two.py").touch()
    actions.load(folder)
    assert {"actions.one", "actions.deep.two"} <= set(sys.modules)


def test_a_single_module_will_do(folder: Path) -> None:
    """`actions.py`, as old projects have it."""
    assert not has_own(folder)
    (folder / "actions.py").write_text("x = 1\n", encoding="utf-8")
    assert has_own(folder)
    actions.load(folder)


def test_a_server_of_the_teams_own_goes_first(folder: Path) -> None:
    """Then the release's service, and only then one beside the replica; readiness asks what is the release's."""
    write(folder, one="")
    theirs = place("http://them/hook", "http://actions-blue:5055", folder)
    assert (theirs.url, list(theirs.conditions), theirs.server) == ("http://them/hook", [], None)
    released = place(None, "http://actions-blue:5055", folder)
    assert released.url == "http://actions-blue:5055/webhook"
    assert [one.name for one in released.conditions] == ["actions"]
    assert released.server is None
    assert place(None, None, folder / "elsewhere").url is None


def test_an_action_knows_a_person_as_the_platform_does() -> None:
    """Those of client applications keep the conversation's name."""
    asked = {
        "sender_id": "webhooks/slack:sales/U1/x",
        "tracker": {"sender_id": "webhooks/slack:sales/U1/x", "a": 1},
    }
    assert as_the_platform_says(asked) == {"sender_id": "U1/x", "tracker": {"sender_id": "U1/x", "a": 1}}
    assert as_the_platform_says({"sender_id": "web/anna"}) == {"sender_id": "web/anna"}
