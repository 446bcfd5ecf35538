"""JSON in the two shapes in which tools write lists: an array, and one value a line; each value with its line."""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from ratchet.adapters.readers.texts import BREAK
from ratchet.domain.errors import RatchetError

GAP = re.compile(r"[\s,]*")
ONE_A_LINE = "Write one object a line."


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """Make an object; a repeated key would hide a value."""
    made = dict(pairs)
    if len(made) < len(pairs):
        twice = next(name for name, number in Counter(name for name, _ in pairs).items() if number > 1)
        raise ValueError(f"it has the key {twice!a} twice")
    return made


DECODER = json.JSONDecoder(object_pairs_hook=_once)


def lines(path: Path, text: str) -> Iterator[tuple[int, Any]]:
    """Yield the values of a text with one value a line."""
    for number, line in enumerate(BREAK.split(text), start=1):  # not at U+2028, which JSON may hold
        if line.strip():
            yield number, value(path, number, line)


def value(path: Path, number: int, text: str) -> Any:
    """Return what one piece of text says; raises `RatchetError` naming its line."""
    try:
        return json.loads(text, object_pairs_hook=_once)
    except (ValueError, RecursionError) as error:  # also a number of too many digits
        said = error.msg if isinstance(error, json.JSONDecodeError) else str(error)
        line = number + error.lineno - 1 if isinstance(error, json.JSONDecodeError) else number
        raise RatchetError(f"{path}:{line} is not JSON: {said}.", ONE_A_LINE) from error


def array(path: Path, text: str, start: int = 0) -> Iterator[tuple[int, Any]]:
    """Yield the values of the array that begins with the first `[` from `start` on, each with the line it begins in."""
    place, line, counted = text.index("[", start) + 1, 1, 0
    while True:
        place = GAP.match(text, place).end()  # type: ignore[union-attr]  # it matches nothing, too
        line, counted = line + len(BREAK.findall(text, counted, place)), place
        if text.startswith("]", place):
            return
        try:
            found, place = DECODER.raw_decode(text, place)
        except (ValueError, RecursionError) as error:
            said = error.msg if isinstance(error, json.JSONDecodeError) else str(error)
            raise RatchetError(
                f"{path}:{line} is not JSON: {said}.", "Export the file again: it may be cut off."
            ) from error
        yield line, found


def values(path: Path, text: str) -> Iterator[tuple[int, Any]]:
    """Yield the values of a text in either shape; one object over several lines is one value."""
    begin = text.lstrip()
    if begin.startswith("["):
        yield from array(path, text)
    elif not parses(BREAK.split(begin, maxsplit=1)[0]) and parses(begin):
        yield len(BREAK.findall(text[: len(text) - len(begin)])) + 1, value(path, 1, begin)
    else:
        yield from lines(path, text)


def parses(text: str) -> bool:
    """Tell whether a text is one JSON value."""
    try:
        json.loads(text)
    except (ValueError, RecursionError):
        return False
    return True
