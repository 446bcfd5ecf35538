"""Tables and counts that tests fill while they run, printed at the end whichever process ran them."""

from __future__ import annotations

from collections.abc import Callable

_sources: list[Callable[[], list[str]]] = []
_elsewhere: list[str] = []


def print_at_end(lines: Callable[[], list[str]]) -> Callable[[], list[str]]:
    """Have what this function returns then printed at the end of the run; nothing when it is empty."""
    _sources.append(lines)
    return lines


def here() -> list[str]:
    """The lines of this process."""
    return [line for source in _sources for line in source()]


def receive(lines: list[str]) -> None:
    """Take in the lines of a worker process."""
    _elsewhere.extend(lines)


def everything() -> list[str]:
    """The lines of this process and of those that it started."""
    return here() + _elsewhere
