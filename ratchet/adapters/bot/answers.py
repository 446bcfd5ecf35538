"""The answers in the bot's domain, each with whom it is for."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ratchet.adapters.bot import bot_code

PREFIX = "utter_"
NEW = "new"
"""The digest of an answer that is not in the file yet."""
Key = tuple[str, str, str]


@dataclass(frozen=True)
class Answer:
    """One variation of a response: the file it is in, the response's name and the variation's place in it.

    The place is a number, or `slot=value` of an answer that is to be added. `text` is None where it has no words that
    can be changed, only buttons, a picture or the like; `people` is whom it is for, ("role manager", …), () for
    everyone else. `digest` changes with anything in the variation.
    """

    file: str
    name: str
    place: str
    text: str | None
    people: tuple[str, ...]
    digest: str

    @property
    def key(self) -> Key:
        """What tells answers apart."""
        return self.file, self.name, self.place

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
    """The bot's answers in the order of its files, its intents, and its slots."""

    answers: tuple[Answer, ...]
    intents: tuple[str, ...]
    slots: frozenset[str] = frozenset()


def read(bot: Path) -> Domain:
    """Read them; raises `RatchetError` if a file is not a valid domain file."""
    found: list[Answer] = []
    intents: list[str] = []
    slots: set[str] = set()
    for path in bot_code.domain_files(bot):
        domain = bot_code.read_domain(path)
        name = path.relative_to(bot).as_posix()
        found += answers_of(name, domain.get("responses") or {})
        intents += names_of(domain.get("intents"))
        slots |= {str(slot) for slot in domain.get("slots") or {}}
    return Domain(tuple(found), tuple(dict.fromkeys(intents)), frozenset(slots))


def missing(domain: Domain, file: str, name: str, slot: str, value: str) -> Answer | None:
    """Return the answer that a response could have for a context value; None where it has one, or there is no response.

    It has no text yet.
    """
    there = [one for one in domain.answers if (one.file, one.name) == (file, name)]
    people = (f"{slot} {value}",)
    if not there or any(one.people == people for one in there):
        return None
    return Answer(file, name, f"{slot}={value}", "", people, NEW)


def answers_of(file: str, responses: Mapping[Any, Any]) -> Iterator[Answer]:
    """Give the answers of one file."""
    for name, variations in responses.items():
        for number, one in enumerate(variations if isinstance(variations, list) else []):
            if isinstance(one, dict):
                text = one.get("text")
                words = text if isinstance(text, str) else None
                yield Answer(file, str(name), str(number), words, people_of(one), digest_of(one))


def names_of(intents: Any) -> list[str]:
    """Return the names in a domain's list of intents; each entry is a name, or a mapping with the name as its key."""
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
