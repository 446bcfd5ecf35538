"""Checks: what Ratchet itself asks a replica, with the staging token. They harm no one, and little of them is kept.

A check's conversation is no traffic: it is in no event and no figure, its hand-off and its custom actions are logged
and not carried out, and what Redis keeps of it ends soon, or at once when Ratchet says so (`DELETE /checks`).
"""

from __future__ import annotations

CLIENT = "staging"
"""The client application whose requests are checks; no other can have this name."""
PREFIX = f"{CLIENT}/"
SECONDS = 600
"""How long the store keeps what belongs to a check, at most."""


def is_check(conversation: str) -> bool:
    """Whether a conversation is one of Ratchet's own."""
    return conversation.startswith(PREFIX)


def lifetime(conversation: str, seconds: int | None) -> int | None:
    """How many seconds something of a conversation is kept: `seconds` (None: without end), but not for a check."""
    if not is_check(conversation):
        return seconds
    return min(seconds, SECONDS) if seconds else SECONDS
