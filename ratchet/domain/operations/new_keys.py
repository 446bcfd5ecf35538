"""New keys for a team's `params.yaml`, with their comments: the team's values, comments and layout stay as they are."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

KEY = re.compile(r"^( *)([A-Za-z_][A-Za-z0-9_]*):(?= |$)")
BLOCK = re.compile(r"^ *[A-Za-z_][A-Za-z0-9_]*:\s*(#.*)?$")
"""How a section's own line looks where its keys follow on lines of their own."""
STEP = 2
"""Spaces by which a key is indented in its section."""


@dataclass(frozen=True)
class Entry:
    """A key's lines in a text: its comments begin at `first`, the key is at `line`, all of it ends before `end`."""

    path: tuple[str, ...]
    first: int
    line: int
    end: int


def entries(lines: list[str]) -> list[Entry]:
    """Return each key of a text in block style, sections and their keys, in their order."""
    found: list[tuple[tuple[str, ...], int]] = []
    path: tuple[str, ...] = ()
    for number, line in enumerate(lines):
        if match := KEY.match(line):
            path = (*path[: len(match[1]) // STEP], match[2])
            found.append((path, number))
    return [Entry(own, commented(lines, at), at, end_of(lines, at)) for own, at in found]


def commented(lines: list[str], at: int) -> int:
    """Return where the comment above a key begins."""
    indent = re.match(" *", lines[at])
    assert indent is not None
    while at > 0 and lines[at - 1].startswith(f"{indent[0]}#"):
        at -= 1
    return at


def end_of(lines: list[str], at: int) -> int:
    """Return the line after a key's last one: what is further in belongs to it, trailing blanks and comments do not."""
    indent = len(lines[at]) - len(lines[at].lstrip(" "))
    end = at + 1
    for number in range(at + 1, len(lines)):
        line = lines[number]
        if not line.strip() or line.lstrip(" ").startswith("#"):
            continue
        further = len(line) - len(line.lstrip(" ")) > indent
        if not further and not line.lstrip(" ").startswith("- "):
            break
        end = number + 1
    return end


def missing(
    content: Mapping[str, Any], defaults: Mapping[str, Any], at: tuple[str, ...] = ()
) -> Iterator[tuple[str, ...]]:
    """Give the paths of keys that the program knows and a policy lacks; of a missing section only its own."""
    for name, value in defaults.items():
        if name not in content:
            yield (*at, name)
        elif isinstance(value, Mapping) and isinstance(content[name], Mapping):
            yield from missing(content[name], value, (*at, name))


def value_at(content: Any, path: tuple[str, ...]) -> Any:
    """Return the value at a path; None where there is none."""
    for name in path:
        content = content.get(name) if isinstance(content, Mapping) else None
    return content


def with_keys(text: str, template: str, wanted: list[tuple[str, ...]]) -> str:
    """Return a text with the keys `wanted` of a template, each after the one that comes before it there.

    A key whose section has another style, such as braces, is not added.
    """
    source = template.splitlines(keepends=True)
    known = entries(source)
    lines = text.splitlines(keepends=True)
    if lines and not lines[-1].endswith("\n"):
        lines[-1] += "\n"
    for entry in known:
        if entry.path in wanted:
            own = {one.path: one for one in entries(lines)}
            place = after(entry, known, own, len(lines))
            if place is not None and (len(entry.path) == 1 or BLOCK.match(lines[own[entry.path[:-1]].line])):
                block = source[entry.first : entry.end]
                lines[place:place] = ["\n", *block] if len(entry.path) == 1 and place else block
    return "".join(lines)


def after(entry: Entry, known: list[Entry], own: Mapping[tuple[str, ...], Entry], end: int) -> int | None:
    """Return the line where a key goes: after the nearest one before it in the text, else first in its section."""
    parent = entry.path[:-1]
    siblings = [one.path for one in known if one.path[:-1] == parent and one.line < entry.line]
    for path in reversed(siblings):
        if path in own:
            return own[path].end
    if not parent:
        return end
    return own[parent].line + 1 if parent in own else None


def without(content: Any, paths: list[tuple[str, ...]]) -> Any:
    """Return content without the keys at these paths."""
    if not isinstance(content, Mapping):
        return content
    gone = {path[0] for path in paths if len(path) == 1}
    deeper = {name: [path[1:] for path in paths if path[0] == name and len(path) > 1] for name in content}
    return {name: without(value, deeper[name]) for name, value in content.items() if name not in gone}
