"""The project's YAML files: their sections and documents, edited with comments and order kept."""

from __future__ import annotations

import io
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import ruamel.yaml
from ruamel.yaml.constructor import DuplicateKeyError
from ruamel.yaml.error import MarkedYAMLError, YAMLError

from ratchet_bot.tools._errors import ToolError
from ratchet_bot.tools._yaml import DEEPEST, depth

ENDINGS = {".yml", ".yaml"}
CORRECT = "Correct the file, and run the same command again."


@dataclass
class Document:
    """One YAML document of a file: `number` counts from 0 where the file has several (`several`)."""

    path: Path
    content: Any
    number: int = 0
    several: bool = False

    def line(self, key: str) -> int | None:
        """The line of a top-level key."""
        return self.line_in(self.content, key)

    @staticmethod
    def line_in(node: Any, key: Any) -> int | None:
        """The line of a key of a mapping, or of an item of a list."""
        try:
            return int(node.lc.data[key][0]) + 1
        except (AttributeError, KeyError, TypeError, IndexError):
            return None


def editor() -> ruamel.yaml.YAML:
    """A reader and writer that keeps comments, order and quotes, as YAML 1.2, which Rasa reads too."""
    yaml = ruamel.yaml.YAML(typ="rt")
    yaml.version = (1, 2)
    yaml.preserve_quotes = True
    yaml.width = 4096
    yaml.explicit_start = False
    return yaml


def find(folder: Path) -> list[Path]:
    """The YAML files in a folder, or the file itself, in the order of their names."""
    if folder.is_file():
        return [folder]
    hidden = lambda path: any(part.startswith(".") for part in path.relative_to(folder).parts)  # noqa: E731
    return sorted(
        p for p in folder.rglob("*") if p.suffix.lower() in ENDINGS and p.is_file() and not hidden(p)
    )


def read(path: Path, name: str) -> list[Document]:
    """The documents of a file. Raises ToolError, naming file and line, for invalid YAML and for a repeated key."""
    try:
        text = path.read_text(encoding="utf-8-sig")
    except UnicodeDecodeError as error:
        raise ToolError(
            f"{name} is not UTF-8: {error.reason} at byte {error.start}.", "Save it as UTF-8."
        ) from error
    if depth(text) > DEEPEST:
        raise ToolError(f"{name} is nested more than {DEEPEST} levels deep.", CORRECT)
    try:
        found = [document for document in editor().load_all(text) if document is not None]
    except DuplicateKeyError as error:
        raise ToolError(
            f"{name}:{_line(error)} has a key twice: {_what(error)}.", "Keep one of the two."
        ) from error
    except MarkedYAMLError as error:
        raise ToolError(f"{name}:{_line(error)} is not valid YAML: {_what(error)}.", CORRECT) from error
    except (YAMLError, ValueError, TypeError, AttributeError, RecursionError) as error:
        raise ToolError(
            f"{name} is not valid YAML: {' '.join(str(error).split())[:200]}.", CORRECT
        ) from error
    return [Document(path, content, number, len(found) > 1) for number, content in enumerate(found)]


def _line(error: MarkedYAMLError) -> int:
    mark = error.problem_mark or error.context_mark
    return mark.line + 1 if mark else 1


def _what(error: MarkedYAMLError) -> str:
    return (
        " ".join(str(error.problem or error.context or error).split())
        .split(" with value")[0][:200]
        .rstrip(".")
    )


def dump(content: Any) -> str:
    """A document as text, without the line that names YAML's version."""
    out = io.StringIO()
    editor().dump(content, out)
    text = out.getvalue()
    return text.removeprefix("%YAML 1.2\n").removeprefix("---\n")


def entries(node: Any) -> Iterator[Any]:
    """The items of a list section; nothing if it is not a list."""
    if isinstance(node, list):
        yield from node
