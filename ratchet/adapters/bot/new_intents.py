"""The bot's files with one more intent and its first answer; all else in them stays byte for byte as it was."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import yaml

from ratchet.adapters.bot import answer_texts, bot_code
from ratchet.adapters.bot.answers import PREFIX, text_of
from ratchet.adapters.system import yaml_text
from ratchet.domain.errors import RatchetError

IN_THE_FILES = "Add the intent, an answer and a rule in the bot's files, and commit them."
RULES = "rules.yml"


def texts(bot: Path, intents: Mapping[str, str]) -> dict[str, tuple[str, str]]:
    """Return the files that change, by name, as they are and as they are with these intents and their answers.

    Each intent joins the domain's list, gets a response `utter_INTENT`, and a rule that leads from one to the other.
    Raises `RatchetError` where a file has no place for that.
    """
    domains = bot_code.domain_files(bot)
    listing = place_of(bot, domains, "intents", list)
    responses = place_of(bot, domains, "responses", dict)
    rules = place_of(bot, [bot / RULES, *sorted((bot / bot_code.DIALOGUE).rglob("*.y*ml"))], "rules", list)
    found = {name: text_of(bot / name) for name in dict.fromkeys((listing, responses, rules))}
    now = dict(found)
    for intent, answer in intents.items():
        response = f"{PREFIX}{intent}"
        now[listing] = more(now[listing], "intents", [f"- {intent}"], intent)
        words = json.dumps(answer, ensure_ascii=False)
        now[responses] = more(
            now[responses], "responses", [f"{response}:", f"- text: {words}"], (response, [{"text": answer}])
        )
        steps = [{"intent": intent}, {"action": response}]
        lines = [f"- rule: answer {intent}", "  steps:", f"  - intent: {intent}", f"  - action: {response}"]
        now[rules] = more(now[rules], "rules", lines, {"rule": f"answer {intent}", "steps": steps})
    return {name: (found[name], now[name]) for name in found}


def place_of(bot: Path, files: Sequence[Path], key: str, kind: type) -> str:
    """Return the first file that has a filled list or mapping under a key; raises `RatchetError` where none has."""
    for path in files:
        if path.is_file():
            try:
                content = yaml_text.load(text_of(path))
            except (UnicodeDecodeError, yaml_text.NotYaml):
                continue  # Rasa's own complaint about it is better
            if isinstance(content, dict) and isinstance(content.get(key), kind) and content[key]:
                return path.relative_to(bot).as_posix()
    raise RatchetError(f"No file of the bot has {key}.", IN_THE_FILES)


def more(text: str, key: str, lines: Sequence[str], value: Any) -> str:
    """Return a file's text with one more entry, which says `value`, at the end of a list or mapping under a key."""
    try:
        content = yaml_text.load(text)
        node = answer_texts.valued(yaml_text.tree(text), key)
        if node.flow_style and len(lines) > 1:
            raise LookupError(key)
    except (yaml_text.NotYaml, LookupError, TypeError) as error:
        raise RatchetError(f"The list of {key} cannot get another entry.", IN_THE_FILES) from error
    old = content[key]
    wanted = {**content, key: {**old, value[0]: value[1]} if isinstance(old, dict) else [*old, value]}
    made = in_flow(text, node, value) if node.flow_style else in_block(text, node, lines)
    if not answer_texts.says(made, wanted):
        raise RatchetError(f"The list of {key} cannot get another entry.", IN_THE_FILES)
    return made


def in_flow(text: str, node: yaml.Node, value: Any) -> str:
    """Return a text with one more word in a list in brackets."""
    end = node.end_mark.index - 1
    return f"{text[:end].rstrip().removesuffix(',')}, {value}{text[end:]}"


def in_block(text: str, node: yaml.Node, lines: Sequence[str]) -> str:
    """Return a text with lines at the end of a list or mapping, indented as its entries are."""
    end = text.find("\n", answer_texts.end_of(text, node)) + 1 or len(text)
    line_end, indent = "\r\n" if "\r\n" in text else "\n", " " * node.start_mark.column
    before = text[:end] if text[:end].endswith("\n") else f"{text[:end]}{line_end}"
    return f"{before}{''.join(f'{indent}{line}{line_end}' for line in lines)}{text[end:]}"
