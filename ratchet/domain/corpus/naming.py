"""Where the bot's files name an intent, and the same files with another name for it.

Understood are what Rasa's YAML writes: `intent:`, `not_intent:` and `intents:` with one name or a list of them,
payloads (`/name`), and the response `utter_<name>`. A word of a message is never touched.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

from ratchet.domain.record import Record

KEY = re.compile(r"^(?P<indent>[ \t]*(?:-[ \t]+)*)[\"']?(?:intents?|not_intent)[\"']?:(?P<rest>[^\n]*)$")
INLINE = r"((?:^|[{,\s])[\"']?(?:intents?|not_intent)[\"']?:[ \t]*[\"']?)"
ENDS = r"(?=[\"'\s,}\]{#:/]|$)"
COMMENT = re.compile(r"^[ \t]*(#.*)?$")


@dataclass(frozen=True)
class Use(Record):
    """A line of a file that names an intent."""

    file: str
    line: int
    text: str

    @property
    def place(self) -> str:
        """The place as an editor opens it."""
        return f"{self.file}:{self.line}"


def uses(files: Mapping[str, str], intent: str) -> tuple[Use, ...]:
    """Return the lines of the bot's files (texts by name) that name an intent or the answer that is named after it."""
    return tuple(
        Use(name, number, before.strip())
        for name, text in files.items()
        for number, (before, after) in enumerate(
            zip(text.split("\n"), renamed(text, intent, "\0").split("\n"), strict=True), start=1
        )
        if before != after
    )


def renamed(text: str, old: str, new: str) -> str:
    """Return a file's text with another name for an intent; all else is byte for byte as it was."""
    lines, inside = [], -1
    for whole in text.split("\n"):
        line = whole.removesuffix("\r")
        found, indent = KEY.match(line), len(line) - len(line.lstrip(" \t"))
        if found:
            inside = len(found["indent"]) if COMMENT.match(found["rest"]) else -1
        elif not COMMENT.match(line) and inside >= 0:
            dashed = line.lstrip(" \t").startswith("-")
            inside = inside if indent > inside or (dashed and indent >= inside) else -1
        lines.append(in_line(line, old, new, listed=inside >= 0 and not found) + whole[len(line) :])
    return "\n".join(lines)


def in_line(line: str, old: str, new: str, listed: bool) -> str:
    """Return one line with another name; `listed` says that it belongs to a list of intents."""
    name = re.escape(old)
    line = re.sub(rf"{INLINE}{name}{ENDS}", rf"\g<1>{new}", line)
    line = re.sub(rf"{INLINE}\[[^\]\n]*\]", lambda match: in_list(match[0], name, new), line)
    line = re.sub(rf"\butter_{name}(?![\w/])", f"utter_{new}", line)
    line = re.sub(rf"((?:^|[\"'\s:])/){name}{ENDS}", rf"\g<1>{new}", line)
    if listed:
        line = re.sub(
            rf"^([ \t]*-[ \t]*[{{]?[\"']?){name}(?=[\"']?[ \t]*(?:[:}}#{{/]|$))", rf"\g<1>{new}", line
        )
    return line


def in_list(text: str, name: str, new: str) -> str:
    """Return a list of intents in brackets with another name."""
    head, bracket, rest = text.partition("[")
    return head + bracket + re.sub(rf"((?:^|[,\s])[\"']?){name}(?=[\"',\s\]:]|$)", rf"\g<1>{new}", rest)
