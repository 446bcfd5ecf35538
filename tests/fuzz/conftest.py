"""The seed and the counts, at the end of a run."""

from __future__ import annotations

from tests.fuzz.fuzzing import COUNTS, SEED
from tests.tables import print_at_end


@print_at_end
def fuzzed() -> list[str]:
    """Say how many inputs there were, what came of them, and how to have the same ones again."""
    lines = []
    for target in sorted({target for target, _ in COUNTS}):
        taken, refused = COUNTS[target, "taken"], COUNTS[target, "refused"]
        lines.append(f"fuzzed {target}: {taken + refused:,} inputs, {refused:,} refused")
    return [*lines, f"RATCHET_FUZZ_SEED={SEED}"] if lines else []
