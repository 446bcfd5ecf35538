"""Sections of a domain: lists of names, or mappings."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any


def named(section: Any) -> Iterable[tuple[str, Any]]:
    """Names and values of a section: of a mapping, or of a list of names and mappings with one name."""
    if isinstance(section, dict):
        yield from ((str(key), value) for key, value in section.items())
        return
    for item in section:
        if isinstance(item, dict):
            yield from ((str(key), value) for key, value in item.items())
        else:
            yield str(item), None


def drop_last(section: Any, key: str) -> None:
    """Take the last entry of a name out of a section."""
    if isinstance(section, dict):
        del section[key]
        return
    for number in range(len(section) - 1, -1, -1):
        item = section[number]
        if str(item) == key or (isinstance(item, dict) and key in item):
            del section[number]
            return


def has_mappings(form: Any) -> bool:
    """Whether a form is one of Rasa 2, with the mappings of its slots inside."""
    if not isinstance(form, dict):
        return False
    slots = form.get("required_slots", form)
    return isinstance(slots, dict) and any(isinstance(value, list) for value in slots.values())
