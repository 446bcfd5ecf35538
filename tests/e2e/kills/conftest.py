"""The table of what was killed and what failed, printed at the end."""

from __future__ import annotations

from tests.e2e.kills.record import HEADER, ROWS, SEED
from tests.tables import print_at_end


@print_at_end
def killed() -> list[str]:
    """The table, as docs/reliability.md has it."""
    return [f"RATCHET_KILL_SEED={SEED}", HEADER, *(row.text() for row in ROWS.values())] if ROWS else []
