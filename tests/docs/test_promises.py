"""The promises of the pages name their proofs, and the proofs are where the pages say."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import pytest

from tests.docs.reading import ROOT

DOCS = ROOT / "docs"
PROMISE = re.compile(
    r"^\| .+ \| `(tests/\S+\.py)::(test_\w+)` \| (both|make test|make test-long) \|$", re.MULTILINE
)
PROMISES = PROMISE.findall((DOCS / "reliability.md").read_text(encoding="utf-8"))


def test_every_promise_of_reliability_has_a_row() -> None:
    """No row of the table is written in a way that the checks below would pass over."""
    text = (DOCS / "reliability.md").read_text(encoding="utf-8")
    table = text[text.index("## Which test proves what") :].split("\n\n| ", 1)[1].split("\n\n", 1)[0]
    assert len(PROMISES) == len(table.splitlines()) - 2 > 15


@pytest.mark.parametrize(("file", "name", "tier"), PROMISES, ids=[name for _, name, _ in PROMISES])
def test_a_promise_is_proved_where_the_page_says(file: str, name: str, tier: str) -> None:
    """The test exists; what is in `make test` carries no mark that leaves it out, a sweep has both kinds of cases."""
    tree = ast.parse((ROOT / file).read_text(encoding="utf-8"))
    functions = [node for node in tree.body if isinstance(node, ast.FunctionDef) and node.name == name]
    assert functions, f"{file} has no {name}"
    module = [
        node
        for node in tree.body
        if isinstance(node, ast.Assign) and "pytestmark" in ast.unparse(node.targets[0])
    ]
    marks = " ".join(ast.unparse(node) for node in (*module, *functions[0].decorator_list))
    assert "mark.e2e" in marks
    long, sample = "mark.long" in marks, bool(re.search(r"\b(tiers|exhaustive|chosen)\(", marks))
    assert {"both": sample and not long, "make test": not (sample or long), "make test-long": long}[tier]


@pytest.mark.parametrize("page", ["reliability.md", "incidents.md", "security.md"])
def test_every_test_that_a_page_names_exists(page: str) -> None:
    """By its path, or by its file's name alone."""
    text = (DOCS / page).read_text(encoding="utf-8")
    known = {path.name for folder in ("tests", "ratchet_bot/tests") for path in (ROOT / folder).rglob("*.py")}
    named = set(re.findall(r"`((?:ratchet_bot/)?(?:tests/)?[\w/]*test_\w+\.py)", text))
    assert named
    for name in named:
        assert (ROOT / name).is_file() if "/" in name else name in known, f"{page} names {name}"
    assert all((ROOT / Path(folder)).is_dir() for folder in re.findall(r"`(tests/[\w/]+)`", text))
