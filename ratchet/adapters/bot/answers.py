"""The answers in the bot's domain: each with whom it is for, and the same file with another text for one of them.

All else in the file stays byte for byte as it was, comments too.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from ratchet.adapters.bot import bot_code
from ratchet.adapters.system import yaml_text
from ratchet.domain.errors import RatchetError

PREFIX = "utter_"
BOM = "\ufeff"
ENDLESS = 10**9


@dataclass(frozen=True)
class Answer:
    """One variation of a response: the file it is in, the response's name and the variation's place in it.

    `text` is None where it has no words that can be changed, only buttons, a picture or the like; `people` is whom it
    is for, ("role manager", …), () for everybody else. `digest` changes with anything in the variation.
    """

    file: str
    name: str
    number: int
    text: str | None
    people: tuple[str, ...]
    digest: str

    @property
    def key(self) -> tuple[str, str, int]:
        """What tells answers apart."""
        return self.file, self.name, self.number

    @property
    def intent(self) -> str:
        """The intent that the answer is named after."""
        return self.name.removeprefix(PREFIX)

    @property
    def said_people(self) -> str:
        """Whom it is for, in words."""
        return ", ".join(self.people) or "everybody else"


@dataclass(frozen=True)
class Domain:
    """The bot's answers in the order of its files, and its intents."""

    answers: tuple[Answer, ...]
    intents: tuple[str, ...]


def read(bot: Path) -> Domain:
    """Read them; raises `RatchetError` where a file is no domain."""
    found: list[Answer] = []
    intents: list[str] = []
    for path in bot_code.domain_files(bot):
        domain = bot_code.read_domain(path)
        name = path.relative_to(bot).as_posix()
        found += answers_of(name, domain.get("responses") or {})
        intents += names_of(domain.get("intents"))
    return Domain(tuple(found), tuple(dict.fromkeys(intents)))


def answers_of(file: str, responses: Mapping[Any, Any]) -> Iterator[Answer]:
    """Give the answers of one file."""
    for name, variations in responses.items():
        for number, one in enumerate(variations if isinstance(variations, list) else []):
            if isinstance(one, dict):
                text = one.get("text")
                words = text if isinstance(text, str) else None
                yield Answer(file, str(name), number, words, people_of(one), digest_of(one))


def names_of(intents: Any) -> list[str]:
    """Return the names in a domain's list of intents, of which each is a name or a mapping with it as its key."""
    listed = intents if isinstance(intents, list) else []
    return [str(next(iter(one), "")) if isinstance(one, dict) else str(one) for one in listed]


def people_of(variation: Mapping[str, Any]) -> tuple[str, ...]:
    """Return whom a variation is for."""
    conditions = variation.get("condition")
    said = [
        f"{one.get('name', '')} {one.get('value', '')}".strip()
        for one in (conditions if isinstance(conditions, list) else [])
        if isinstance(one, dict)
    ]
    channel = variation.get("channel")
    return (*said, *([f"channel {channel}"] if channel else []))


def digest_of(value: Any) -> str:
    """Return what changes with a value."""
    written = json.dumps(value, sort_keys=True, default=str)
    return hashlib.sha256(written.encode("utf-8", "surrogatepass")).hexdigest()[:16]


def text_of(path: Path) -> str:
    """Return a file's text with its line ends as they are."""
    return path.read_bytes().decode()


def edited(text: str, name: str, number: int, new: str) -> str:
    """Return a domain file's text with another text for one answer.

    Raises `RatchetError` where there is no such answer, or it cannot be changed alone, as with an alias.
    """
    head, text = (BOM, text[1:]) if text.startswith(BOM) else ("", text)
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
            return head + made
    raise RatchetError(
        f"The text of {name} is shared with another place in the file.",
        "Change it in the file, and commit that.",
    )


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
    """Give ways to write a text, the most readable first; not each of them can write every text."""
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
