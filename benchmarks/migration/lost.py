"""Stories that the original passes and Ratchet does not, with the component that had decided them."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from benchmarks.migration.trained import Outcome

EXCUSED = ("TEDPolicy", "UnexpecTEDIntentPolicy")


def lost(theirs: Outcome, ours: Outcome) -> Iterator[tuple[str, dict[str, Any], dict[str, Any]]]:
    """Yield how (given or full), the original's result and ours, for each story that was lost."""
    by_digest = {one["digest"]: one for one in ours.stories}
    for one in theirs.stories:
        for how in ("given", "full"):
            mine = by_digest.get(one["digest"])
            if one[how] and mine and not mine[how]:
                yield how, one, mine
                break


def deciders(theirs: dict[str, Any], ours: dict[str, Any]) -> list[str]:
    """Return which components of the original had decided the turns that went otherwise with us."""
    turns = {turn["number"]: turn["by"] for turn in theirs.get("turns", [])}
    found = {turns.get(turn.get("number"), "") for turn in ours["lost"]}
    return sorted(str(one) for one in found if one)


def lost_lines(name: str, theirs: Outcome, ours: Outcome) -> list[str]:
    """Return a line for each lost story."""
    lines = []
    for how, one, mine in lost(theirs, ours):
        first = mine["lost"][0]
        lines.append(
            f"{name}, {one['name']} ({how}): expected {first['expected']}, {first['by']} gave {first['came']};"
            f" decided by {', '.join(deciders(one, mine)) or 'understanding'} in the original"
        )
    return lines


def excused(theirs: Outcome, ours: Outcome) -> bool:
    """Say whether each lost story had been decided by a policy that needs TensorFlow."""
    return all(set(deciders(one, mine)) & set(EXCUSED) for _, one, mine in lost(theirs, ours))
