"""The table of what was killed and what failed, printed at the end."""

from __future__ import annotations

import pytest

from tests.e2e.kills.record import HEADER, ROWS, SEED


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Print the table, as docs/reliability.md has it."""
    if ROWS:
        terminalreporter.write_line(f"RATCHET_KILL_SEED={SEED}")
        terminalreporter.write_line("\n".join([HEADER, *(row.text() for row in ROWS.values())]))
