"""How much is taken of one message, whatever way it comes."""

from __future__ import annotations

MOST_CHARACTERS = 4000
LONGEST_ID = 200
