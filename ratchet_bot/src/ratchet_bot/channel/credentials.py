"""Rasa's `credentials.yml`: which channels a bot serves. Secrets come from variables; each fault has its line."""

from __future__ import annotations

import json
import os
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import ruamel.yaml
from ruamel.yaml.error import MarkedYAMLError

from ratchet_bot.channel.settings import SECRETS, secret_file
from ratchet_bot.tools import _yaml
from ratchet_bot.tools._errors import ToolError

FILE = "credentials.yml"
REFERENCE = re.compile(r"\$\{([^}]*)\}")
"""A variable, as Rasa writes it in YAML."""
SECRET_KEY = re.compile(
    r"(^|[_-])(token|secret|password|passwd|pwd|sid|key|api_?key|private_?key|jwt|credentials?)($|[_-])",
    re.IGNORECASE,
)
"""Names of options that hold a secret."""
PUBLIC = {"jwt_method", "metadata_key", "session_key", "user_message_evt", "bot_message_evt"}
"""Names that look like a secret's but are not."""
VERIFIES = {"facebook"}
"""Channels whose `verify` is a secret that the platform sends; Telegram's is the bot's public name."""
PASSWORD_IN_URL = re.compile(r"^[a-z][a-z0-9+.-]*://[^/@\s:]*:[^/@\s]+@", re.IGNORECASE)
LEFT_OUT = {
    "rasa": "it speaks with Rasa X, which Ratchet takes the place of",
    "cmdline": "`ratchet chat` takes its place",
}
"""Channels that are not served, and why."""


@dataclass(frozen=True)
class Entry:
    """A channel of the file: its `name` as written, its options with their values, and where it is, for errors."""

    name: str
    options: Mapping[str, Any] | None
    where: str

    @property
    def kind(self) -> str:
        """Rasa's name of the channel, or the path of a class of the project: `slack` of `slack/sales`."""
        return self.name.partition("/")[0]

    @property
    def label(self) -> str:
        """What distinguishes it from others of its kind, "" if nothing does."""
        return self.name.partition("/")[2]


def variables(environment: Mapping[str, str] = os.environ, folder: Path = SECRETS) -> dict[str, str]:
    """Return the project's own variables: those of the secret file `variables` (JSON), else of the environment.

    Raises ToolError where that file is not what Ratchet writes.
    """
    path = secret_file("variables", environment, folder)
    try:
        told = json.loads(path.read_text(encoding="utf-8")) if path else {}
    except ValueError as error:
        raise ToolError(f"{path} is not JSON.", "Release again: Ratchet writes it from `.env`.") from error
    return {**environment, **told}


def read(path: Path, values: Mapping[str, str]) -> list[Entry]:
    """Return the channels of a file, with `values` in place of the variables that it names.

    Raises ToolError, with file and line, where it is no such file, holds a secret, or a variable is not set.
    """
    found = []
    document = parsed(path)
    for name, options in document.items():
        where = f"{path} line {line(document, name)}"
        if not isinstance(name, str) or not re.fullmatch(r"\w[\w.-]*(/[\w-]+)?", name):
            raise ToolError(
                f"{where}: {name!r} is no channel.", "Name one as Rasa does: `slack`, `slack/sales`."
            )
        if options is not None and not isinstance(options, Mapping):
            raise ToolError(
                f"{where}: {name} has a value in place of options.",  # which may be a token
                f"Write `{name}:` alone, and its options below.",
            )
        if name.partition("/")[0] in LEFT_OUT:
            continue
        for key, text, at in texts(options or {}, path):
            refuse_secret(name.partition("/")[0], key, text, at)
        found.append(Entry(name, filled(name, options, values, path) if options else options, where))
    return found


def left_out(path: Path) -> list[str]:
    """Return a line for each channel of a file that is not served, with the reason."""
    kinds = [str(name).partition("/")[0] for name in parsed(path)]
    return [f"the channel {kind} is not served: {LEFT_OUT[kind]}" for kind in kinds if kind in LEFT_OUT]


def parsed(path: Path) -> Any:
    """Return the file's content, whose parts know their lines; raises ToolError with the line of what is wrong."""
    try:
        text = path.read_text(encoding="utf-8-sig")
        if _yaml.depth(text) > _yaml.DEEPEST:
            raise ValueError(f"it is nested more than {_yaml.DEEPEST} levels deep")
        content = ruamel.yaml.YAML(typ="rt", pure=True).load(text)
    except MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        at = f" line {mark.line + 1}" if mark else ""
        problem = " ".join(str(error.problem or "it is not YAML").split())
        raise ToolError(f"{path}{at}: {problem}.", "Correct it.") from error
    except (OSError, ValueError, LookupError, TypeError, AttributeError, RecursionError) as error:
        raise ToolError(f"{path} line 1: it cannot be read: {error}.", "Save it as YAML in UTF-8.") from error
    if content is None:
        return ruamel.yaml.comments.CommentedMap()
    if not isinstance(content, Mapping):
        raise ToolError(f"{path} line 1: it names no channels.", "Write `rest:`, for instance.")
    return content


def line(node: Any, key: Any) -> int:
    """Return the line of a key of a mapping, or of an entry of a list, counted from 1; 1 where no one knows."""
    try:
        return int((node.lc.key(key) if isinstance(node, Mapping) else node.lc.item(key))[0]) + 1
    except (AttributeError, KeyError, IndexError, TypeError):
        return 1


def texts(node: Any, path: Path) -> Iterator[tuple[str, str, str]]:
    """Yield each text below a node with the key that it belongs to and where it is."""
    pairs = node.items() if isinstance(node, Mapping) else enumerate(node)
    for key, found in pairs:
        value = bare(found)
        if isinstance(value, (Mapping, list)):
            for under, text, at in texts(value, path):
                yield (under if isinstance(value, Mapping) else str(key)), text, at
        elif isinstance(value, (str, int)) and not isinstance(value, bool):
            yield str(key), str(value), f"{path} line {line(node, key)}"


def bare(value: Any) -> Any:
    """Return a value without its tag: Rasa has the parser tag what names a variable."""
    return value.value if isinstance(value, ruamel.yaml.comments.TaggedScalar) else value


def is_secret(channel: str, key: str) -> bool:
    """Say whether a channel's option holds a secret."""
    return bool(SECRET_KEY.search(key) and key not in PUBLIC) or (channel in VERIFIES and key == "verify")


def refuse_secret(channel: str, key: str, text: str, at: str) -> None:
    """Raise ToolError where a text is a secret that is written out."""
    if not text.strip() or REFERENCE.search(text):
        return
    secret = is_secret(channel, key) and not key.endswith("url")
    if secret or PASSWORD_IN_URL.match(text):
        name = re.sub(
            r"\W+", "_", f"{channel.rpartition('.')[2]}_{key}" if channel not in key else key
        ).upper()
        raise ToolError(
            f"{at}: the value of {key} is written out, and would be in Git.",
            f"Write ${{{name}}} there, and {name}=… into the workspace's .env. Change the secret if it was committed.",
        )


def filled(channel: str, node: Any, values: Mapping[str, str], path: Path) -> Any:
    """Return plain data with the variables' values; raises ToolError where one is not set."""
    if isinstance(node, Mapping):
        return {str(key): known(channel, node, key, values, path) for key in node}
    return [known(channel, node, number, values, path) for number in range(len(node))]


def known(channel: str, node: Any, key: Any, values: Mapping[str, str], path: Path) -> Any:
    """Return the value of a key in a mapping, or of an entry in a list."""
    value = bare(node[key])
    if isinstance(value, (Mapping, list)):
        return filled(channel, value, values, path)
    if not isinstance(value, str):
        return value
    for name in REFERENCE.findall(value):
        if not values.get(name):
            raise ToolError(
                f"{path} line {line(node, key)}: {channel} needs the variable {name}, which is not set.",
                f"Put {name}=… into the workspace's .env.",
            )
    return REFERENCE.sub(lambda match: values[match[1]], str(value))
