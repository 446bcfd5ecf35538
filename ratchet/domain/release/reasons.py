"""What a tool's raw output says went wrong, in its own words: one line, without noise and without passwords."""

from __future__ import annotations

import re
from collections.abc import Iterable

LONGEST = 300
"""A line is shortened to about this many characters."""
COLOURS = re.compile(r"\x1b\[[0-9;]*[A-Za-z]")
SECRET = re.compile(r"(\b[a-z][a-z0-9+.-]*://)[^/@\s'\"]+@", re.IGNORECASE)
ENGINE = re.compile(r"(?:Error response from daemon: |rpc error: code = \w+ desc = )+", re.IGNORECASE)
PREFIX = re.compile(
    r"^(?:\S+\.\d+\.\w+@\S+\s+\|\s?)?"
    r"(?:\[?\d{4}-\d\d-\d\d[T ]\d\d:\d\d:\d\d[\d.,]*(?:Z|\s?[+-]\d\d:?\d\d)?\]?\s+)?"
    r"(?:\[\d+\]\s+)?"
)
"""What comes before a line's own words: the replica (`bot.1.x7k@node | `), the time, Sanic's number of the process."""
NOISE = re.compile(
    r"error grabbing logs|incomplete log stream|some logs could not be retrieved"
    r"|^(?:node|task) \w+ (?:is not available|has not been scheduled)"
    r"|^<|^Traceback \(most recent call last\)|^\[?WARNING\b|^\S*\w+Warning: ",
    re.IGNORECASE,
)
FRAME = re.compile(r"^\s")
CHAINED = re.compile(r"^(?:During handling of|The above exception was)")
TOOL = re.compile(r"^error: (?P<words>.+)", re.IGNORECASE)
"""How Ratchet's own tools, and Docker's and Git's, say that they end."""
RAISED = re.compile(r"^(?P<words>(?:\w+\.)*\w*(?:Error|Exception)(?:: .+)?)$")
LEVEL = re.compile(r"^[\[(]?(?:CRITICAL|FATAL|ERROR|ALERT|EMERG)\b[\])]?[\s:-]+(?P<words>.+)")
REDIS = re.compile(
    r"^\d+:[A-Z] \d+ \w+ \d{4} [\d:.]+ # (?P<words>(?:Fatal|Bad|Can't|Unable|Failed|Error|Write).+)"
)
"""How the Redis server writes that it cannot continue: 1:M 27 Nov 2026 08:12:00.123 # Can't open …"""


def plain(text: str, most: int = LONGEST) -> str:
    """Return a text as one line without colours, passwords in addresses and the engine's wrapping.

    Of one that is longer than `most` characters the middle is left out: the end often says what to do.
    """
    said = SECRET.sub(r"\1***@", COLOURS.sub("", text))
    said = " ".join(ENGINE.sub("", said).split())
    return said if len(said) <= most else f"{said[: most * 2 // 3]} … {said[-(most // 3) :]}"


def own_error(log: str) -> str:
    """Return the first line of a log in which a tool itself says what is wrong; "" where none does.

    A line `error: …` counts most. Then an exception: of several that Python raised one from the other, the last. Then
    a line of the level error or above. Frames of a traceback, pages in HTML and what the engine says about fetching
    the log are none of these.
    """
    lines = [PREFIX.sub("", COLOURS.sub("", line.rstrip())) for line in log.splitlines()]
    told = [line for line in lines if line and not FRAME.match(line) and not NOISE.search(line)]
    return plain(_first(TOOL, told) or _raised(told) or _first(LEVEL, told) or _first(REDIS, told))


def _first(pattern: re.Pattern[str], lines: Iterable[str]) -> str:
    return next((found["words"] for line in lines if (found := pattern.match(line))), "")


def _raised(lines: Iterable[str]) -> str:
    """Return the last exception of the first chain."""
    found, chained = "", False
    for line in lines:
        if CHAINED.match(line):
            chained = True
        elif (raised := RAISED.match(line)) and (chained or not found):
            found, chained = raised["words"], False
    return found
