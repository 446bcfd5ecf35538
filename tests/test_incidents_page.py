"""The page of the museum and its exhibits name each other."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
PAGE = ROOT / "docs" / "incidents.md"
EXHIBITS = sorted((ROOT / "tests" / "e2e" / "incidents").glob("test_*.py"))


def test_the_table_has_every_exhibit_once_and_nothing_else() -> None:
    """One row a file, in both directions, numbered without a gap."""
    rows = re.findall(
        r"^\| (\d+)\. .*\| `(test_\w+\.py)` \|$", PAGE.read_text(encoding="utf-8"), re.MULTILINE
    )
    assert sorted(name for _, name in rows) == [path.name for path in EXHIBITS]
    assert [int(number) for number, _ in rows] == list(range(1, len(EXHIBITS) + 1))


@pytest.mark.parametrize("path", EXHIBITS, ids=lambda path: path.stem)
def test_an_exhibit_tells_its_story(path: Path) -> None:
    """It begins with its name and two to four sentences on what happened, and each of its tests states a claim."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    title, _, story = (ast.get_docstring(tree) or "").partition("\n\n")
    words = re.sub(r"\W+", "_", title.lower()).strip("_").removeprefix("the_").removeprefix("git_")
    assert path.stem.startswith("test_")
    assert set(path.stem.removeprefix("test_").split("_")) - set(words.split("_")) <= {"limit"}
    assert 1 <= len(re.findall(r"[.;:?](\s|$)", story)) <= 8
    tests = [
        node for node in tree.body if isinstance(node, ast.FunctionDef) and node.name.startswith("test_")
    ]
    assert tests
    assert all(ast.get_docstring(test) for test in tests)
