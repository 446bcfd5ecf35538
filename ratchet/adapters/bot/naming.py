"""The bot's files that name intents: domain, rules, stories and tests."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from ratchet.adapters.settings import Settings
from ratchet.domain.corpus import naming
from ratchet.domain.corpus.naming import Use
from ratchet.domain.corpus.renames import Succession

PLACES = ("domain.yml", "domain", "rules.yml", "data", "tests")


def files(settings: Settings) -> dict[Path, str]:
    """Return the texts of the bot's YAML files that may name an intent, by path; one that is no text is left out."""
    found: dict[Path, str] = {}
    for place in (settings.bot / name for name in PLACES):
        for path in sorted(place.rglob("*")) if place.is_dir() else [place]:
            if path.suffix in (".yml", ".yaml") and path.is_file():
                try:
                    found[path] = path.read_bytes().decode()
                except UnicodeDecodeError:
                    continue
    return found


def uses(settings: Settings, intents: Iterable[str]) -> list[Use]:
    """Return the lines that name any of the intents, by file and line from the workspace."""
    texts = {path.relative_to(settings.workspace).as_posix(): text for path, text in files(settings).items()}
    found = {use for intent in intents for use in naming.uses(texts, intent)}
    return sorted(found, key=lambda use: (use.file, use.line))


def leftovers(settings: Settings, found: Iterable[Succession], kept: Iterable[str]) -> list[Use]:
    """Return the lines that still use a name which no message of the corpus has any more; `kept` are its intents."""
    there = set(kept)
    return uses(settings, sorted({name for one in found for name in one.before if name not in there}))
