"""The rules of the house that no linter checks."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
FLOWS = sorted(path for path in (ROOT / "flows").glob("*.py") if path.name != "__init__.py")
VERBS = sorted(path for path in (ROOT / "tasks").rglob("*.py") if path.stem not in {"__init__", "step"})
LAYERS = ("ratchet", "ratchet_bot/src", "flows", "tasks")
LONG = {
    "ratchet/adapters/corpus/data_folder.py": "one folder: how it is read, written and swapped in one step",
    "ratchet/adapters/corpus/dvc.py": "one tool: cache, remote and pointer belong together",
    "ratchet/adapters/registry/mlflow.py": "one tool: models, overrides and releases share its connection",
    "ratchet/adapters/service/running.py": "one process: the parts, their order and their ends are read together",
    "ratchet/adapters/settings.py": "one list: the settings, and how they are read",
    "ratchet/domain/corpus/neighbours.py": "one algorithm, exact and by blocks",
    "ratchet/domain/corpus/validation.py": "one list of rules",
}

LONG_FUNCTIONS = {
    "ratchet/adapters/system/commands.py:run": "one command from start to end, with its clean-up",
    "ratchet/cli/corpus.py:ingest": "most of it declares the options",
    "ratchet/cli/retire.py:retire": "half of it declares the options",
    "ratchet/cli/service.py:up": "its options, and what each way to end says",
    "ratchet/domain/corpus/wear.py:measure": "two warnings, each with its sentence",
    "ratchet/domain/gate/verdict.py:judge": "the rules, in the order in which they count",
    "ratchet_bot/src/ratchet_bot/tools/serve.py:make_app": "the server's parts, in their order",
}


@pytest.mark.parametrize("path", FLOWS, ids=lambda path: path.stem)
def test_a_flow_reads_as_its_dag(path: Path) -> None:
    """At most about 60 lines of code, imports and docstrings aside, and no file is opened in it."""
    tree = ast.parse(path.read_text())
    lines = [
        line
        for node in tree.body
        if isinstance(node, ast.FunctionDef)
        for line in range(node.lineno, (node.end_lineno or node.lineno) + 1)
    ]
    calls = {
        node.func.id
        for node in ast.walk(tree)
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name)
    }
    assert len(lines) <= 90
    assert "open" not in calls


def test_no_two_flows_have_one_name() -> None:
    """Prefect names a flow after its function: that is the name of its file, and of no other."""
    for path in FLOWS:
        tree = ast.parse(path.read_text())
        made = [
            node.name
            for node in tree.body
            if isinstance(node, ast.FunctionDef)
            and any(ast.unparse(one).startswith("process(") for one in node.decorator_list)
        ]
        assert made == ([] if path.stem == "process" else [path.stem]), path


@pytest.mark.parametrize("path", VERBS, ids=lambda path: path.stem)
def test_a_verb_is_the_name_of_its_file(path: Path) -> None:
    """Listing `tasks/` reads the DAG: each file has exactly one task, and it has the file's name."""
    tree = ast.parse(path.read_text())
    steps = [
        node.name
        for node in tree.body
        if isinstance(node, ast.FunctionDef)
        and any(
            isinstance(mark, ast.Call) and getattr(mark.func, "id", "") == "step"
            for mark in node.decorator_list
        )
    ]
    assert steps == [path.stem]


def test_functions_are_short() -> None:
    """A function over 40 lines needs a reason, which stands here."""
    long = {
        f"{path.relative_to(ROOT)}:{node.name}": node.end_lineno - node.lineno + 1
        for layer in LAYERS
        for path in (ROOT / layer).rglob("*.py")
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and node.end_lineno is not None
        if node.end_lineno - node.lineno + 1 > 40
    }
    assert set(long) == set(LONG_FUNCTIONS), long


def test_files_are_short() -> None:
    """A file over 250 lines needs a reason, which stands here."""
    long = {
        str(path.relative_to(ROOT)): len(path.read_text().splitlines())
        for layer in LAYERS
        for path in (ROOT / layer).rglob("*.py")
        if len(path.read_text().splitlines()) > 250
    }
    assert set(long) <= set(LONG), long
