"""Refuses requests whose length two parsers could read differently, before the server acts on it.

Sanic 21.12, which Rasa needs, takes any whole number for a length: one below zero keeps its only thread busy forever,
so that a single request without a token would stop a replica.
"""

from __future__ import annotations

import re

LENGTH = re.compile(rb"[0-9]{1,12}")


class BadFraming(Exception):
    """The headers do not say in one way how long the body is."""


async def check(head: bytes) -> None:
    """Raise BadFraming unless there is at most one length, which is a plain number, or else only `chunked`."""
    lengths, encodings = [], []
    for line in head.split(b"\r\n")[1:]:
        name, _, value = line.partition(b":")
        if name.strip().lower() == b"content-length":
            lengths.append(value.strip())
        elif name.strip().lower() == b"transfer-encoding":
            encodings.append(value.strip().lower())
    plain = len(lengths) <= 1 and all(LENGTH.fullmatch(length) for length in lengths)
    if not plain or encodings not in ([], [b"chunked"]) or (lengths and encodings):
        raise BadFraming
