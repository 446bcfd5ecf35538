"""Every remedy that the code base prints, found in its source.

`python -m tests.remedies` brings the list up to date.
"""

from __future__ import annotations

import ast
import csv
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parents[1]
LAYERS = ("ratchet", "flows", "tasks")
BASES = {"RatchetError", "UsageError"}
COMMAND = re.compile(r"`[^`]+`")


@dataclass(frozen=True)
class Remedy:
    """A remedy as its source has it, with `{}` for what is filled in; `file` is the module that raises it."""

    file: str
    text: str

    @property
    def names_a_command(self) -> bool:
        """Whether it tells the reader to run something."""
        return bool(COMMAND.search(self.text))


def sources() -> dict[Path, ast.Module]:
    """All product files, parsed."""
    return {
        path: ast.parse(path.read_text(encoding="utf-8"))
        for layer in LAYERS
        for path in sorted((ROOT / layer).rglob("*.py"))
    }


def error_names(trees: dict[Path, ast.Module]) -> set[str]:
    """The names of all errors that carry a remedy."""
    names, grown = set[str](), set(BASES)
    while names != grown:
        names = set(grown)
        for tree in trees.values():
            for node in ast.walk(tree):
                if isinstance(node, ast.ClassDef) and {name_of(base) for base in node.bases} & names:
                    grown.add(node.name)
    return names


def name_of(node: ast.expr) -> str:
    """The last part of a name."""
    return node.attr if isinstance(node, ast.Attribute) else node.id if isinstance(node, ast.Name) else ""


def text_of(node: ast.expr, constants: dict[str, str]) -> Iterator[str]:
    """The texts that an expression may be: of a choice both, of what is only passed on none."""
    match node:
        case ast.Constant(value=str(text)):
            yield text
        case ast.JoinedStr(values=values):
            parts = []
            for value in values:
                if isinstance(value, ast.Constant):
                    parts.append(str(value.value))
                elif isinstance(value, ast.FormattedValue):
                    parts.append(constants.get(name_of(value.value), "{}"))
            yield "".join(parts)
        case ast.IfExp(body=body, orelse=other):
            yield from text_of(body, constants)
            yield from text_of(other, constants)
        case ast.Name() | ast.Attribute():
            if name_of(node) in constants:
                yield constants[name_of(node)]
        case ast.Call(func=func, args=[text]) if name_of(func) == "with_uv":
            yield from text_of(text, constants)
        case ast.BinOp(left=left, op=ast.Add(), right=right):
            for one in text_of(left, constants):
                yield from (one + other for other in text_of(right, constants))


def constants_of(trees: dict[Path, ast.Module]) -> dict[str, str]:
    """Texts that modules give a name in capitals; `RESET` and its like are part of remedies."""
    found: dict[str, str] = {}
    for _ in range(2):
        for tree in trees.values():
            for node in tree.body:
                if isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Name):
                    name = node.targets[0].id
                    if name.isupper() and (texts := list(text_of(node.value, found))):
                        found[name] = texts[0]
    return found


def raised(trees: dict[Path, ast.Module], names: set[str]) -> Iterator[tuple[str, ast.Call]]:
    """The calls of these names that give a fact and a remedy, each with its module."""
    for path, tree in trees.items():
        for node in ast.walk(tree):
            if isinstance(node, ast.Call) and name_of(node.func) in names and len(node.args) > 1:
                yield path.relative_to(ROOT).as_posix(), node


def collect() -> set[Remedy]:
    """All remedies; those that an error passes on from elsewhere are collected there."""
    trees = sources()
    constants = constants_of(trees)
    found = {
        Remedy(file, text)
        for file, call in raised(trees, error_names(trees) | {"__init__"})
        for text in text_of(call.args[1], constants)
    }
    return {one for one in found if one.text.strip()}


def rewrite() -> None:
    """Bring `tests/remedies.csv` up to date: rows that went are taken out, new ones are open until a test is named."""
    path = ROOT / "tests" / "remedies.csv"
    with path.open(encoding="utf-8", newline="") as file:
        known = {(row["file"], row["remedy"]): row for row in csv.DictReader(file)}
    with path.open("w", encoding="utf-8", newline="") as file:
        table = csv.writer(file, lineterminator="\n")
        table.writerow(("file", "remedy", "state", "test"))
        for one in sorted(collect(), key=lambda one: (one.file, one.text)):
            row = known.get((one.file, one.text), {})
            state = row.get("state") or ("open" if one.names_a_command else "advice")
            table.writerow((one.file, one.text, state, row.get("test", "")))


if __name__ == "__main__":
    rewrite()
