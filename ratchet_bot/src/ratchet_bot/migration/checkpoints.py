"""Where stories meet: circles of checkpoints, and checkpoints with one side only."""

from __future__ import annotations

from typing import Any


def arrows(steps: list[Any]) -> dict[str, set[str]]:
    """From each checkpoint to those that a story leads to from it."""
    from rasa.shared.core.training_data.structures import STORY_START

    found: dict[str, set[str]] = {}
    for step in steps:
        for start in step.start_checkpoints:
            if start.name != STORY_START:
                found.setdefault(start.name, set()).update(end.name for end in step.end_checkpoints)
    return found


def cycles(steps: list[Any]) -> list[list[str]]:
    """Circles of checkpoints, one for each checkpoint that leads back to itself and was in none before."""
    graph, found, seen = arrows(steps), [], set()
    for first in sorted(graph):
        if first in seen:
            continue
        paths = [[first]]
        visited: set[str] = set()
        while paths:
            path = paths.pop(0)
            for following in sorted(graph.get(path[-1], ())):
                if following == first:
                    found.append([*path, first])
                    seen.update(path)
                    paths = []
                    break
                if following not in visited:
                    visited.add(following)
                    paths.append([*path, following])
    return found


def loose_checkpoints(steps: list[Any]) -> list[tuple[str, str]]:
    """Checkpoints that no story leads to, or that none begins with, and which of the two is missing."""
    from rasa.shared.core.training_data.structures import GENERATED_CHECKPOINT_PREFIX, STORY_START

    starts = {one.name for step in steps for one in step.start_checkpoints} - {STORY_START}
    ends = {one.name for step in steps for one in step.end_checkpoints}
    own = lambda names: sorted(name for name in names if not name.startswith(GENERATED_CHECKPOINT_PREFIX))  # noqa: E731
    return [
        *((name, "leads to") for name in own(starts - ends)),
        *((name, "begins with") for name in own(ends - starts)),
    ]
