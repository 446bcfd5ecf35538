"""A domain file with another text for one answer, or with one more answer.

Everything else in the file, comments included, stays byte for byte as it was.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from typing import Any

import yaml

from ratchet.adapters.system import yaml_text
from ratchet.domain.errors import RatchetError

BOM = "\ufeff"
ENDLESS = 10**9
BARE = re.compile(r"[A-Za-z_][A-Za-z0-9_-]*")


def edited(text: str, name: str, place: str, new: str) -> str:
    """Return a domain file's text with another text for one answer, or (a place as `role=manager`) with one more.

    Raises `RatchetError` where there is no such answer, or it cannot be changed alone, as with an alias.
    """
    head, body = (BOM, text[1:]) if text.startswith(BOM) else ("", text)
    if place.isdecimal():
        return head + changed(body, name, int(place), new)
    slot, _, value = place.partition("=")
    return head + added(body, name, slot, value, new)


def changed(text: str, name: str, number: int, new: str) -> str:
    """Return a domain file's text with another text for one answer of a response; raises `RatchetError`."""
    try:
        wanted = with_text(yaml_text.load(text), name, number, new)
        node = text_node(yaml_text.tree(text), name, number)
    except (yaml_text.NotYaml, LookupError, TypeError, ValueError) as error:
        raise RatchetError(f"There is no text of {name} to change.", "Load the page again.") from error
    start, end = node.start_mark.index, node.end_mark.index
    before = text[start:end]
    rest = before[len(before.rstrip()) :]
    for written in ways(before, node.style or "", new):
        made = f"{text[:start]}{written}{rest}{text[end:]}"
        if says(made, wanted):
            return made
    raise RatchetError(
        f"The text of {name} is shared with another place in the file.",
        "Change it in the file, and commit that.",
    )


def added(text: str, name: str, slot: str, value: str, new: str) -> str:
    """Return a domain file's text with one more answer of a response, for a context value; raises `RatchetError`."""
    condition = [{"type": "slot", "name": slot, "value": value}]
    try:
        wanted = with_more(yaml_text.load(text), name, {"condition": condition, "text": new})
        listed = valued(valued(yaml_text.tree(text), "responses"), name)
        if not isinstance(listed, yaml.SequenceNode) or listed.flow_style:
            raise LookupError(name)
        end = text.find("\n", end_of(text, listed)) + 1 or len(text)
    except (yaml_text.NotYaml, LookupError, TypeError, ValueError) as error:
        raise RatchetError(
            f"{name} cannot get another answer here.", "Add it in the file, and commit that."
        ) from error
    line_end, indent = "\r\n" if "\r\n" in text else "\n", " " * listed.start_mark.column
    lines = ["- condition:", "  - type: slot", f"    name: {bare(slot)}", f"    value: {bare(value)}"]
    before = text[:end] if text[:end].endswith("\n") else f"{text[:end]}{line_end}"
    for written in ways("", "", new):
        block = "".join(f"{indent}{line}{line_end}" for line in [*lines, f"  text: {written}"])
        made = f"{before}{block}{text[end:]}"
        if says(made, wanted):
            return made
    raise RatchetError(f"{name} cannot get another answer here.", "Add it in the file, and commit that.")


def with_more(domain: Any, name: str, variation: dict[str, Any]) -> dict[Any, Any]:
    """Return a domain with one more variation of a response."""
    [key] = [one for one in domain["responses"] if str(one) == name][-1:]
    more = [*domain["responses"][key], variation]
    return {**domain, "responses": {**domain["responses"], key: more}}


def end_of(text: str, node: yaml.Node) -> int:
    """Return where the last word of a node ends: a block itself ends only where the next item begins."""
    if isinstance(node, yaml.ScalarNode):
        start = int(node.start_mark.index)
        return start + len(text[start : node.end_mark.index].rstrip())
    if node.flow_style or not node.value:
        return int(node.end_mark.index)
    last = node.value[-1]
    return end_of(text, last[1] if isinstance(last, tuple) else last)


def bare(word: str) -> str:
    """Write a word of a condition, with quotes where it needs them."""
    plain = BARE.fullmatch(word) and yaml_text.load(word) == word
    return word if plain else json.dumps(word, ensure_ascii=False)


def with_text(domain: Any, name: str, number: int, new: str) -> dict[Any, Any]:
    """Return a domain with another text for one answer; what is shared by an alias changes only there."""
    [key] = [one for one in domain["responses"] if str(one) == name][-1:]
    variations = domain["responses"][key]
    if not isinstance(variations[number]["text"], str):
        raise TypeError(name)
    changed = [{**one, "text": new} if place == number else one for place, one in enumerate(variations)]
    return {**domain, "responses": {**domain["responses"], key: changed}}


def text_node(root: yaml.Node | None, name: str, number: int) -> yaml.ScalarNode:
    """Return the node of an answer's text; raises `LookupError` where there is none."""
    found = valued(valued(valued(root, "responses"), name).value[number], "text")
    if not isinstance(found, yaml.ScalarNode):
        raise LookupError(name)
    return found


def valued(node: yaml.Node | None, name: str) -> yaml.Node:
    """Return the last value of a key in a mapping."""
    pairs = node.value if isinstance(node, yaml.MappingNode) else []
    return [value for key, value in pairs if isinstance(key, yaml.ScalarNode) and key.value == name][-1]


def ways(before: str, style: str, new: str) -> Iterator[str]:
    """Yield ways to write a text, the most readable first; not every way can write every text."""
    content = [line for line in before.splitlines()[1:] if line.strip()]
    if style in ("|", ">") and content:
        line_end = "\r\n" if "\r\n" in before else "\n"
        indent = content[0][: len(content[0]) - len(content[0].lstrip(" "))]
        lines = [f"{indent}{line}" if line else "" for line in new.split("\n")]
        yield line_end.join(["|-", *lines])
    yield json.dumps(new, ensure_ascii=False)
    yield yaml.safe_dump(new, default_style='"', allow_unicode=True, width=ENDLESS).rstrip("\n")


def says(text: str, wanted: Mapping[Any, Any]) -> bool:
    """Whether a file's text says exactly this."""
    try:
        return bool(yaml_text.load(text) == wanted)
    except yaml_text.NotYaml:
        return False
