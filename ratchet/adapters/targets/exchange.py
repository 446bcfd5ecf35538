"""What is in flight on one HTTP/1.1 connection, seen from the bytes that pass.

Nothing is changed or held back: only the ends of requests and answers are found, by the rules of RFC 9112. Where the
bytes do not say in one way how long a message is, nothing is known of the connection any more, and it is never called
idle. A client that deceives this count can only misdirect its own requests: one connection serves one client.
"""

from __future__ import annotations

import re
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass

MOST_HEAD = 65_536
LENGTH = re.compile(rb"[0-9]{1,15}")
SIZE = re.compile(rb"\s*([0-9A-Fa-f]{1,12})\s*(;.*)?")
VERSION = re.compile(rb"HTTP/1\.[01]")
CHUNKED, UNKNOWN = -1, -2
"""In place of a length: in chunks that each say theirs; until the connection ends, or not to be told."""
NO_BODY = {b"204", b"304"}
SOCKETS = b"/socket.io"


@dataclass(frozen=True)
class Head:
    """The first line's words and the fields of a message, names and values in lower case."""

    words: list[bytes]
    fields: dict[bytes, list[bytes]]

    @property
    def connection(self) -> set[bytes]:
        """What is to become of the connection."""
        return {word.strip() for line in self.fields.get(b"connection", []) for word in line.split(b",")}

    def length(self, unsaid: int) -> int:
        """Return how long the body is; `unsaid` where no field says it."""
        encodings, lengths = (self.fields.get(b"transfer-encoding"), self.fields.get(b"content-length"))
        if encodings:
            return CHUNKED if encodings == [b"chunked"] and not lengths else UNKNOWN
        if not lengths:
            return unsaid
        return int(lengths[0]) if len(lengths) == 1 and LENGTH.fullmatch(lengths[0]) else UNKNOWN


def read_head(text: bytes) -> Head:
    """Read the lines before a message's body."""
    first, *lines = text.split(b"\r\n")
    fields: dict[bytes, list[bytes]] = {}
    for line in lines:
        name, _, value = line.partition(b":")
        fields.setdefault(name.strip().lower(), []).append(value.strip().lower())
    return Head(first.split(), fields)


class Messages:
    """Follows the messages of one direction; it asks `begin` for the length of each one's body, and tells `end`."""

    def __init__(self, begin: Callable[[Head], int], end: Callable[[], None]) -> None:
        self._begin, self._end = begin, end
        self._text = bytearray()  # of a line, or of the lines before a body, that is not whole yet
        self._read: Callable[[bytes], bytes] = self._head
        self._left = 0
        self._chunked = False
        self.unknown = False

    @property
    def between(self) -> bool:
        """Whether no message has begun that has not ended."""
        return self._read == self._head and not self._text

    def feed(self, data: bytes) -> None:
        """Take the next bytes, however they are cut."""
        while data and not self.unknown:
            data = self._read(data)

    def _until(self, mark: bytes, data: bytes) -> tuple[bytes, bytes] | None:
        """Return the text up to a mark, and what comes after it; None while it is not whole."""
        start = max(0, len(self._text) - len(mark) + 1)
        self._text += data
        at = self._text.find(mark, start)
        if at < 0:
            self.unknown = len(self._text) > MOST_HEAD
            return None
        text, rest = bytes(self._text[:at]), bytes(self._text[at + len(mark) :])
        self._text.clear()
        return text, rest

    def _head(self, data: bytes) -> bytes:
        if len(self._text) < 2 and (self._text + data).startswith(b"\r\n"):
            self._text.clear()  # some clients end a body with an empty line
            return data[data.index(b"\n") + 1 :]
        found = self._until(b"\r\n\r\n", data)
        if found is None:
            return b""
        length = self._begin(read_head(found[0]))
        if length == UNKNOWN:
            self.unknown = True
            return b""
        self._chunked, self._left = length == CHUNKED, max(length, 0)
        if self._chunked:
            self._read = self._size
        elif self._left:
            self._read = self._body
        else:
            self._end()
        return found[1]

    def _body(self, data: bytes) -> bytes:
        taken = min(len(data), self._left)
        self._left -= taken
        if not self._left:
            self._read = self._size if self._chunked else self._head
            if not self._chunked:
                self._end()
        return data[taken:]

    def _size(self, data: bytes) -> bytes:
        found = self._until(b"\r\n", data)
        if found is None:
            return b""
        said = SIZE.fullmatch(found[0])
        if said is None:
            self.unknown = True
            return b""
        size = int(said[1], 16)
        self._left = size + 2  # and the line's end after it
        self._read = self._body if size else self._trailer
        return found[1]

    def _trailer(self, data: bytes) -> bytes:
        found = self._until(b"\r\n", data)
        if found is None:
            return b""
        if not found[0]:
            self._read = self._head
            self._end()
        return found[1]


class Exchange:
    """The requests and answers of one connection."""

    def __init__(self) -> None:
        self.requests = Messages(self._request, lambda: None)
        self.answers = Messages(self._answer, self._answered)
        self.upgraded = False
        """Whether both sides have switched to another protocol, WebSocket for instance."""
        self.polls = False
        """Whether the newest request is one of Socket.IO's, which are answered when there is something to say."""
        self._methods: deque[bytes] = deque()
        self._interim = False
        self._last = False

    @property
    def idle(self) -> bool:
        """Whether every request has been answered, and the next one may go elsewhere."""
        known = not (self.upgraded or self._last or self.requests.unknown or self.answers.unknown)
        return known and not self._methods and self.requests.between and self.answers.between

    def _request(self, head: Head) -> int:
        if len(head.words) != 3 or not VERSION.fullmatch(head.words[2]):
            return UNKNOWN
        self._methods.append(head.words[0])
        self.polls = head.words[1].startswith(SOCKETS)
        return head.length(0)

    def _answer(self, head: Head) -> int:
        if len(head.words) < 2 or not self._methods:
            return UNKNOWN
        status = head.words[1]
        if status == b"101" or (self._methods[0] == b"CONNECT" and status.startswith(b"2")):
            self.upgraded = True
            return UNKNOWN
        self._interim = status.startswith(b"1")
        if head.words[0] == b"HTTP/1.0" or b"close" in head.connection:
            self._last = True  # the replica ends the connection after this answer
        if self._interim or status in NO_BODY or self._methods[0] == b"HEAD":
            return 0
        return head.length(UNKNOWN)

    def _answered(self) -> None:
        if not self._interim:
            self._methods.popleft()
