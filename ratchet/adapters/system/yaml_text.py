"""YAML that someone else wrote: whatever is wrong with it is one kind of error, and nothing in it is run."""

from __future__ import annotations

from typing import Any

import yaml

DEEPEST = 100
"""Levels of nesting that are read; libyaml's tree builder ends the process at some thousands."""
MOST_UNFOLDED = 1_000_000
"""Characters and values that a text may stand for beyond ten times its length: aliases of aliases double them."""
LOADER = yaml.CSafeLoader if yaml.__with_libyaml__ else yaml.SafeLoader


class NotYaml(Exception):
    """What is wrong with a text, as the end of a sentence."""


def check_depth(text: str) -> None:
    """Raise `NotYaml` for a text that is nested too deeply, whose aliases stand for too much, or that is no YAML."""
    anchors: dict[str, int] = {}
    opened: list[tuple[str | None, int]] = []
    size = 0
    try:
        for event in yaml.parse(text, Loader=LOADER):
            line = event.start_mark.line + 1
            if isinstance(event, yaml.CollectionStartEvent):
                opened.append((event.anchor, size))
                size += 1
                if len(opened) > DEEPEST:
                    raise NotYaml(f"line {line} is nested more than {DEEPEST} levels deep")
            elif isinstance(event, yaml.CollectionEndEvent):
                anchor, before = opened.pop()
                if anchor:
                    anchors[anchor] = size - before
            elif isinstance(event, yaml.ScalarEvent):
                size += 1 + len(event.value)
                if event.anchor:
                    anchors[event.anchor] = 1 + len(event.value)
            elif isinstance(event, yaml.AliasEvent):
                if any(anchor == event.anchor for anchor, _ in opened):
                    raise NotYaml(f"line {line} holds itself by the alias {event.anchor}")
                size += anchors.get(event.anchor, 0)
                if size > MOST_UNFOLDED + 10 * len(text):
                    raise NotYaml(f"line {line}: its aliases stand for more than {size:,} characters")
    except (yaml.YAMLError, ValueError) as error:
        raise NotYaml(shortened(error)) from error


def load(text: str) -> Any:
    """Return what a text says as plain data; raises `NotYaml`."""
    check_depth(text)
    try:
        return yaml.load(text, Loader=LOADER)  # noqa: S506 - it is a safe one, ten times as fast in C
    except (yaml.YAMLError, ValueError, OverflowError, AttributeError, TypeError) as error:
        # Besides its own, PyYAML passes on what Python says of an impossible date or number.
        raise NotYaml(shortened(error)) from error


def tree(text: str) -> yaml.Node | None:
    """Return a text as YAML nodes, which know their lines; raises `NotYaml`, also for several documents."""
    check_depth(text)
    try:
        root: yaml.Node | None = yaml.compose(text, Loader=LOADER)
        return root
    except (yaml.YAMLError, ValueError) as error:
        raise NotYaml(shortened(error)) from error


def trees(text: str) -> list[yaml.Node]:
    """Return each document of a text as YAML nodes; raises `NotYaml`."""
    check_depth(text)
    try:
        return [root for root in yaml.compose_all(text, Loader=LOADER) if root is not None]
    except (yaml.YAMLError, ValueError) as error:
        raise NotYaml(shortened(error)) from error


def repeated(text: str) -> tuple[str, int, int] | None:
    """Return the first key that appears twice in one mapping, as a path, with both lines; None without one."""
    return repeated_in(tree(text))


def repeated_in(root: yaml.Node | None) -> tuple[str, int, int] | None:
    """Return the same of a text that is nodes already; each node is looked at once, however often it is named."""
    waiting: list[tuple[str, yaml.Node | None]] = [("", root)]
    seen: set[int] = set()
    while waiting:
        at, node = waiting.pop()
        if id(node) in seen:
            continue
        seen.add(id(node))
        if isinstance(node, yaml.SequenceNode):
            waiting.extend((at, one) for one in node.value)
        if not isinstance(node, yaml.MappingNode):
            continue
        lines: dict[str, int] = {}
        for key, value in node.value:
            if not isinstance(key, yaml.ScalarNode):
                continue
            name, line = f"{at}{key.value}", key.start_mark.line + 1
            if name in lines and key.value != "<<":
                return name, lines[name], line
            lines[name] = line
            waiting.append((f"{name}.", value))
    return None


def shortened(error: Exception) -> str:
    """Return an error in one line that a person can read, without its full stop."""
    return " ".join(str(error).split())[:400].rstrip(".")
