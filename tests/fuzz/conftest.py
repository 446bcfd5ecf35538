"""The seed and the counts, at the end of a run."""

from __future__ import annotations

import pytest

from tests.fuzz.fuzzing import COUNTS, SEED


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Say how many inputs there were, what came of them, and how to have the same ones again."""
    for target in sorted({target for target, _ in COUNTS}):
        taken, refused = COUNTS[target, "taken"], COUNTS[target, "refused"]
        terminalreporter.write_line(f"fuzzed {target}: {taken + refused:,} inputs, {refused:,} refused")
    if COUNTS:
        terminalreporter.write_line(f"RATCHET_FUZZ_SEED={SEED}")
