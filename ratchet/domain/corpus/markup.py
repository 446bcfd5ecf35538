"""Rasa's entity markup: what only looks like markup, and how spans become markup."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator, Mapping

RASAS = re.compile(
    r"\[(?P<words>[^\]]+?)\](?:\((?P<entity>[^:)]+?)(?::(?P<value>[^)]+))?\)"
    r"|\{(?P<attributes>[^}]+?)\}|\[(?P<many>.*?)\])"
)
"""How Rasa 3 finds an entity (`rasa.shared.nlu.training_data.entities_parser`)."""
INNER = re.compile(r"\{([^}]+?)\}")
"""The attributes of each entity where the same words are several: `[words][{…}, {…}]`."""
OPENED = re.compile(r"\](?=[({]|\[\s*\{)")
"""Where markup begins after its words; unless what follows closes it, it is not markup."""
NAME = re.compile(r"\w[\w.-]*")
ATTRIBUTES = {"entity", "value", "role", "group"}

Span = tuple[int, int, Mapping[str, str]]
"""Where an entity begins and ends, in characters, and its attributes `entity`, `value`, `role`, `group`."""


CLOSING = {"(": ")", "{": "}", "[": "]"}
AFTER_WORDS = re.compile(r"\](?=[({\[])")


def pieces(pattern: re.Pattern[str], text: str) -> Iterator[re.Match[str]]:
    """Yield what `pattern.finditer` does, for an expression of markup, in time that grows with the text's length alone.

    Rasa's expressions try each bracket up to the next closing one: 20,000 brackets in one message take them 13 s.
    """
    last = {opening: text.rfind(closing) for opening, closing in CLOSING.items()}
    end = 0
    for found in AFTER_WORDS.finditer(text):
        close = found.start()
        if close < end or last[text[close + 1]] <= close + 1:
            continue
        start = text.find("[", max(end, text.rfind("]", end, close) + 1), close)
        if start >= 0 and (match := pattern.match(text, start)):
            yield match
            end = match.end()


def untrainable(text: str) -> str:
    """Return why Rasa fails in training on a text's markup, "" where it does not."""
    for match in pieces(RASAS, text) if "]{" in text or "][" in text else ():
        for written in _attributes(match):
            if reason := _faulty_attributes(written):
                return f"{{{written}}} {reason}"
    return ""


def _attributes(match: re.Match[str]) -> list[str]:
    """Return what markup has between braces, of each of its entities; nothing for the short form."""
    return [match["attributes"]] if match["attributes"] is not None else INNER.findall(match["many"] or "")


def fault(text: str) -> str:
    """Return why markup in a text is not an entity, "" if all of it is; brackets without markup are plain text."""
    if "]" not in text or not OPENED.search(text):
        return ""
    if reason := untrainable(text):
        return reason
    whole: set[int] = set()
    for match in pieces(RASAS, text):
        whole.add(match.end("words"))
        if reason := _strange(match):
            return f"{match[0]} {reason}"
    for opened in OPENED.finditer(text):
        if opened.start() not in whole:
            return f"{text[max(0, opened.start() - 20) : opened.end() + 20]} is not closed, or names nothing"
    return ""


def _strange(match: re.Match[str]) -> str:
    """Say why what Rasa takes for an entity was not meant as one."""
    if "[" in match["words"]:
        return "has a bracket in its words"
    if match["many"] is not None and INNER.sub("", match["many"]).strip(" ,"):
        return "is not a list of entities"
    if written := _attributes(match):
        unknown = sorted({name for one in written for name in json.loads(f"{{{one}}}")} - ATTRIBUTES)
        return f"has the unknown attribute {unknown[0]}" if unknown else ""
    if match["entity"] is None:
        return "names no entity"
    if not NAME.fullmatch(match["entity"].strip()) or (match["value"] or "").startswith("//"):
        return "names no entity"
    return "has a bracket in its value" if "(" in (match["value"] or "") else ""


def _faulty_attributes(written: str) -> str:
    """Say what Rasa's schema has against the attributes between braces, "" where nothing."""
    try:
        said = json.loads(f"{{{written}}}")
    except (ValueError, RecursionError):
        return "is not JSON"
    if not isinstance(said.get("entity"), str) or not said["entity"]:
        return "names no entity"
    for name in ("role", "group", "value"):
        number = name == "value" and isinstance(said.get(name), int | float)
        if name in said and not (isinstance(said[name], str) or number):
            return f"has something else than a text as {name}"
    return ""


def marked(text: str, spans: Iterable[Span]) -> tuple[str, int]:
    """Return a text with its spans as markup, and how many spans could not be written.

    A span cannot be written if it is outside the text, overlaps an earlier one, or holds a bracket.
    """
    parts: list[str] = []
    end, left_out = 0, 0
    for start, stop, attributes in sorted(spans, key=lambda span: (span[0], span[1])):
        words, name = text[max(start, 0) : stop], attributes.get("entity", "")
        if start < end or stop > len(text) or not words or set(words) & set("[]") or not NAME.fullmatch(name):
            left_out += 1
            continue
        parts += [text[end:start], f"[{words}]", _written(words, attributes)]
        end = stop
    return "".join([*parts, text[end:]]), left_out


def _written(words: str, attributes: Mapping[str, str]) -> str:
    """Return the part of the markup after the words: the entity alone where nothing else is said."""
    more = {key: attributes[key] for key in ("role", "group") if attributes.get(key)}
    if attributes.get("value", words) != words:
        more["value"] = attributes["value"]
    if not more:
        return f"({attributes['entity']})"
    return json.dumps({"entity": attributes["entity"], **more}, ensure_ascii=False)
