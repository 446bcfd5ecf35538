"""Messages, stories and responses of Rasa 1's Markdown as the data that Rasa 2 and 3 write in YAML."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass, field
from typing import Any

from ratchet.domain.corpus import rasa_markdown
from ratchet.domain.corpus.rasa_markdown import Line
from ratchet.domain.errors import RatchetError

ITEM = re.compile(r"^\s*[-*+]\s+(.*)$")
NAMED = re.compile(r"^([^{\s]+?)\s*(\{.*\})?$")
SAID = re.compile(r"^([^\s:{]+(?:\{.*?\})?)\s*:\s+(.+)$")
VERSION = "3.1"
Step = dict[str, Any]


@dataclass
class Converted:
    """What a file holds: `nlu` entries, `stories`, and `responses` by name, each as Rasa's YAML has them.

    `skipped` are the lines of training data that are no examples, which Rasa 1 skipped silently.
    """

    nlu: list[dict[str, Any]] = field(default_factory=list)
    stories: list[dict[str, Any]] = field(default_factory=list)
    responses: dict[str, list[dict[str, str]]] = field(default_factory=dict)
    skipped: list[Line] = field(default_factory=list)

    def document(self) -> dict[str, Any]:
        """The file's content in YAML; empty sections are left out."""
        parts = {"nlu": self.nlu, "stories": self.stories, "responses": self.responses}
        return {"version": VERSION, **{name: part for name, part in parts.items() if part}}


def convert(text: str, name: str) -> Converted:
    """Convert a file; `name` is told in errors. Raises `RatchetError`, naming file and line, for what no form fits."""
    text = text.removeprefix("\ufeff")
    if rasa_markdown.is_nlu(text):
        return training_data(text)
    lines = rasa_markdown.without_comments(text).splitlines()
    if is_responses(lines):
        return Converted(responses=responses(lines))
    return Converted(stories=stories(lines, name))


def training_data(text: str) -> Converted:
    """Return the entries of messages, an entry a section; a lookup table may name a file in place of words."""
    found = Converted()
    items: dict[rasa_markdown.Section, list[str]] = {}
    for line in rasa_markdown.lines(text):
        section = line.section
        if line.begins and section.known and section.name:
            items[section] = []
        elif section in items and (line.item or section.kind == "lookup"):
            items[section].append(line.item or line.text)
        else:
            found.skipped.append(line)
    for section, examples in items.items():
        if examples:
            entry = {section.kind: section.name, "examples": "".join(f"- {item}\n" for item in examples)}
            found.nlu.append(entry)
    return found


def is_responses(lines: list[str]) -> bool:
    """Say whether a file holds responses of retrieval intents: each turn names a member, and texts follow."""
    turns = [line for line in lines if re.match(r"^\s*\*\s", line)]
    below = [line for line in lines if re.match(r"^\s*-\s", line)]
    texts = [item[1] for line in below if (item := ITEM.match(line))]
    return (
        bool(turns)
        and all("/" in line and "{" not in line for line in turns)
        and any(" " in one for one in texts)
    )


def responses(lines: list[str]) -> dict[str, list[dict[str, str]]]:
    """Return the texts of each member, under the name of its response."""
    found: dict[str, list[dict[str, str]]] = {}
    name = ""
    for line in lines:
        if item := re.match(r"^\s*\*\s+(\S+)", line):
            name = f"utter_{item[1]}"
        elif (item := re.match(r"^\s*-\s+(.*\S)", line)) and name:
            found.setdefault(name, []).append({"text": item[1].replace("\\n", "\n")})
    return found


def stories(lines: list[str], file: str) -> list[dict[str, Any]]:
    """Return the stories with their checkpoints, alternatives, slots and forms."""
    found: list[dict[str, Any]] = []
    for number, line in enumerate(lines, start=1):
        if heading := re.match(r"^##\s+(.*\S)", line):
            found.append({"story": heading[1], "steps": []})
        elif line.strip() and not re.match(r"^#(\s|$)", line):
            if not found:
                found.append({"story": file, "steps": []})
            found[-1]["steps"].append(step(line, f"{file}:{number}"))
    return [story for story in found if story["steps"]]


def step(line: str, place: str) -> Step:
    """Return one line of a story as a step; raises `RatchetError` for a line that is not a step."""
    if checkpoint := re.match(r"^\s*>\s*([^\s{]+)\s*(\{.*\})?", line):
        conditions = [{key: value} for key, value in arguments(checkpoint[2], place).items()]
        return {"checkpoint": checkpoint[1], **({"slot_was_set": conditions} if conditions else {})}
    if turn := re.match(r"^\s*\*\s*(.*\S)", line):
        alternatives = re.split(r"\s+OR\s+", turn[1])
        return (
            said(turn[1], place)
            if len(alternatives) == 1
            else {"or": [said(one, place) for one in alternatives]}
        )
    if action := re.match(r"^\s*-\s*(.*\S)", line):
        return done(action[1], place)
    raise RatchetError(
        f"{place} is not a valid line of a story: {line.strip()[:60]}",
        "Begin it with `##`, `*`, `-` or `>`, and run the same command again.",
    )


def said(text: str, place: str) -> Step:
    """Return a person's turn: an intent with its entities, or with the text as in a test story."""
    if message := SAID.match(text):
        return {"user": message[2], "intent": message[1].split("{")[0]}
    found = NAMED.match(text)
    if not found:
        raise RatchetError(f"{place} names no intent: {text[:60]}", "Write the intent after `*`.")
    entities = [{key: value} for key, value in arguments(found[2], place).items()]
    return {"intent": found[1], **({"entities": entities} if entities else {})}


def done(text: str, place: str) -> Step:
    """Return what the bot does, or an event: a slot that was set, a form that began or ended."""
    found = NAMED.match(text)
    if not found:
        raise RatchetError(f"{place} names no action: {text[:60]}", "Write the action's name after `-`.")
    given = arguments(found[2], place)
    if found[1] == "slot":
        return {"slot_was_set": [{key: value} for key, value in given.items()]}
    if found[1] in ("form", "active_loop"):
        return {"active_loop": given.get("name")}
    return {"action": re.sub("^respond_", "utter_", found[1])}  # so since Rasa 2


def arguments(text: str | None, place: str) -> dict[str, Any]:
    """Return the JSON after a name; nothing where there is none."""
    if not text:
        return {}
    try:
        value = json.loads(text)
    except ValueError as error:
        raise RatchetError(
            f"{place} has no JSON between its braces: {error}.", "Correct it, and run the same command again."
        ) from error
    return dict(value) if isinstance(value, dict) else {}
