"""The limits of one message, however it arrives."""

from __future__ import annotations

MOST_CHARACTERS = 4000
LONGEST_ID = 200
