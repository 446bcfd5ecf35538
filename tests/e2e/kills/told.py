"""What a command has to say when something gave way under it."""

from __future__ import annotations

import re


def assert_told(code: int, said: str, expected: str) -> None:
    """Exit code 1, one fact with what was expected in it, one remedy, no traceback; or all went well."""
    assert "Traceback" not in said, said
    if not expected:
        assert code == 0, said
        return
    assert code == 1, said
    told = re.search(r"^error: (.+?\.)(\n  | )\S.+", said, re.MULTILINE)
    assert told, said
    assert re.search(expected, told[1]), said
