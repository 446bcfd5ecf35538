"""Every remedy that the code base prints is in `tests/remedies.csv`, with the test that follows it."""

from __future__ import annotations

import ast
import csv
import re
from collections import Counter

import pytest

from tests.remedies import ROOT, collect

STATES = {
    "followed": "a test does what it says, to the letter, in the state that prints it",
    "named": "a test comes to that state and reads the error, but does not follow the remedy",
    "advice": "it names no command, so there is nothing to type",
    "open": "it names a command, and no test comes to it yet",
}
MOST = {"open": 0, "named": 86}
"""These only become fewer."""
DELETES = re.compile(
    r"\brm\b|--force\b|dvc checkout|git checkout (?!--)|git clean|reset --hard|\bdelete\b", re.IGNORECASE
)


def rows() -> list[dict[str, str]]:
    """The list."""
    with (ROOT / "tests" / "remedies.csv").open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def test_the_list_is_whole() -> None:
    """A new or changed remedy needs a row, one that went has none; the message names both."""
    listed = {(one["file"], one["remedy"]) for one in rows()}
    found = {(one.file, one.text) for one in collect()}
    assert sorted(found - listed) == [], (
        "`python -m tests.remedies` adds these; name the tests that follow them"
    )
    assert sorted(listed - found) == [], "`python -m tests.remedies` takes these out"
    assert len(found) > 200


def test_the_tests_that_are_named_exist() -> None:
    """By file and function; what is followed or named has one, the rest has none."""
    for one in rows():
        assert one["state"] in STATES, one
        assert bool(one["test"]) == (one["state"] in ("followed", "named")), one
    for named in {one["test"] for one in rows()} - {""}:
        file, _, function = named.partition("::")
        tree = ast.parse((ROOT / file).read_text(encoding="utf-8"))
        assert any(isinstance(node, ast.FunctionDef) and node.name == function for node in tree.body), named


def test_only_advice_has_no_command() -> None:
    """What names a command can be followed."""
    for one in rows():
        if one["state"] in ("open", "advice"):
            assert (one["state"] == "open") == bool(re.search(r"`[^`]+`", one["remedy"])), one


@pytest.mark.parametrize("state", sorted(MOST))
def test_fewer_and_fewer_are_not_followed(state: str) -> None:
    """Whoever adds a remedy adds the test that follows it."""
    assert Counter(one["state"] for one in rows())[state] <= MOST[state]


def test_no_remedy_about_the_data_deletes_anything() -> None:
    """Nothing that is printed about messages and ledgers costs anybody a message."""
    data = [one for one in rows() if "/corpus/" in one["file"]]
    assert len(data) > 30
    assert [one["remedy"] for one in data if DELETES.search(one["remedy"])] == []
